// The file that a record is written to. Lines are gathered and written a few times a second, so that a call costs the
// making of one line and no write; nothing here may ever hold a page up, or end the Market.
//
// A record that is full stops: it does not turn over. What a table believes comes of everything before, so the end of a
// day without its beginning could not be replayed. Whoever needs a longer one gives it more room, or starts the Market anew.

import {
  closeSync,
  constants,
  createWriteStream,
  fstat,
  fstatSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  type WriteStream,
} from "node:fs";
import type { Cancel, Clock } from "../clock.ts";

export interface RecordFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly maxBytes: number;
  /** Writes the last line, as the record is full. */
  readonly onFull: () => void;
  /** Whatever a person should know: that it stopped, and why. */
  readonly tell: (sentence: string) => void;
}

export type OpenedRecordFile =
  | { readonly kind: "open"; readonly file: RecordFile; readonly kept: string | undefined }
  | { readonly kind: "refused"; readonly why: string };

/** Time until a line is in the file: what a Market that is killed takes along at most. */
const BATCH_MS = 250;
/** More than this is not kept waiting for the next batch. */
const BATCH_BYTES = 65_536;
/** A disk that takes nothing for so long that this much is waiting gets no more. */
const MAX_QUEUED_BYTES = 8_388_608;
const OWNER_ONLY = 0o600;
/** Without O_NONBLOCK a pipe without a reader, or a line without a modem, would hold the whole process up. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
const CREATE_FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;
/** The record of the run before: a Market that is started again after a fault must not write over the proof. */
const BACKUP_SUFFIX = ".before";

/** Opens `path` anew; a file that is there is kept beside it. */
export function openRecordFile(options: RecordFileOptions): OpenedRecordFile {
  const { path } = options;
  try {
    const wrong = wrongKind(statSync(path, { throwIfNoEntry: false }));
    if (wrong !== undefined) return refusal(path, wrong);
    const kept = rotate(path);
    const descriptor = openSync(path, CREATE_FLAGS, OWNER_ONLY);
    const opened = wrongKind(fstatSync(descriptor));
    if (opened === undefined) return { kind: "open", file: new RecordFile(descriptor, options), kept };
    closeSync(descriptor);
    return refusal(path, opened);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return refusal(path, WORDS[code] ?? code);
  }
}

/** Of a pipe that was put there between the two looks. */
const WORDS: Readonly<Record<string, string>> = { ENXIO: "nothing is at its other end" };

const refusal = (path: string, why: string): OpenedRecordFile => ({
  kind: "refused",
  why: `RECORD=${path} cannot be written (${why}): name a file in a folder of yours`,
});

/** A record is read again from its beginning, which a pipe does not keep; /dev/null and a terminal are for trying out. */
function wrongKind(there: Stats | undefined): string | undefined {
  if (there === undefined) return undefined;
  if (there.isFIFO()) return "it is a pipe";
  if (there.isSocket()) return "it is a socket";
  return there.isBlockDevice() ? "it is a disk" : undefined;
}

/** Anything but a file (a terminal, /dev/null) is written to as it is. */
function rotate(path: string): string | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined || !there.isFile() || there.size === 0) return undefined;
  renameSync(path, path + BACKUP_SUFFIX);
  return path + BACKUP_SUFFIX;
}

export class RecordFile {
  readonly #options: RecordFileOptions;
  readonly #descriptor: number;
  readonly #stream: WriteStream;
  readonly #stopBatches: Cancel;
  #lines: string[] = [];
  #queuedBytes = 0;
  #bytes = 0;
  #state: "open" | "ending" | "over" = "open";

  constructor(descriptor: number, options: RecordFileOptions) {
    this.#options = options;
    this.#descriptor = descriptor;
    this.#stream = createWriteStream("", { fd: descriptor });
    this.#stream.on("error", (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
    this.#stopBatches = options.clock.every(BATCH_MS, () => this.#flush());
  }

  write(line: string): void {
    if (this.#state === "over") return;
    this.#lines.push(line);
    // Names and numbers are ASCII, and nearly nothing else stands in a line: characters are near enough to bytes.
    this.#queuedBytes += line.length + 1;
    this.#bytes += line.length + 1;
    if (this.#queuedBytes >= BATCH_BYTES) this.#flush();
    if (this.#state === "open" && this.#bytes >= this.#options.maxBytes) this.#finishFull();
  }

  /** Resolves once all of it is in the file. */
  async close(): Promise<void> {
    this.#flush();
    this.#stop();
    if (this.#stream.closed) return;
    await new Promise<void>((resolve) => this.#stream.once("close", resolve));
  }

  #finishFull(): void {
    const { path, maxBytes, onFull, tell } = this.#options;
    this.#state = "ending";
    onFull();
    this.#flush();
    this.#stop();
    tell(
      `the record ${path} is full (${megabytes(maxBytes)}), and nothing more is written: RECORD_MB gives it more room`,
    );
  }

  #flush(): void {
    if (this.#lines.length === 0 || this.#state === "over") return;
    this.#stream.write(`${this.#lines.join("\n")}\n`);
    this.#checkDeleted();
    this.#lines = [];
    this.#queuedBytes = 0;
    if (this.#stream.writableLength > MAX_QUEUED_BYTES) this.#fail("the disk does not keep up");
  }

  /** What is written to a file without a name is lost as soon as the Market ends. */
  #checkDeleted(): void {
    fstat(this.#descriptor, (error, there) => {
      if (error === null && there.nlink === 0) this.#fail("the file was deleted");
    });
  }

  #fail(why: string): void {
    if (this.#state === "over") return;
    this.#stop();
    this.#options.tell(`the record ${this.#options.path} ends here: ${why}`);
  }

  #stop(): void {
    this.#state = "over";
    this.#stopBatches();
    this.#stream.end();
  }
}

const BYTES_PER_MEGABYTE = 1_048_576;
const megabytes = (bytes: number): string => `${Math.round(bytes / BYTES_PER_MEGABYTE)} MB`;
