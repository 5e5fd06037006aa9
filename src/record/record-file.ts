// The file of a record. Lines are written in batches, a few times a second, so that a call costs one line and no write.
// Nothing here may delay a page or end the Market.
//
// A full record stops and does not rotate: the state of the balancer depends on everything before, so the end of a day
// could not be replayed without its beginning. For a longer one, raise RECORD_MB or restart the Market.

import {
  closeSync,
  constants,
  createReadStream,
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
import { MAX_LINE_LENGTH } from "./core/parse-record.ts";

export interface RecordFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly maxBytes: number;
  /** Called when the record is full, to write the last line. */
  readonly onFull: () => void;
  /** Receives a sentence for a person: the record has ended, and why. */
  readonly report: (sentence: string) => void;
}

export type OpenedRecordFile =
  | { readonly kind: "open"; readonly file: RecordFile; readonly kept: string | undefined }
  | RefusedFile;

export interface RefusedFile {
  readonly kind: "refused";
  readonly why: string;
}

/** The longest time until a line is in the file: a Market that is killed loses at most the lines of this time. */
const BATCH_MS = 250;
/** A batch of this size is written at once. */
const BATCH_BYTES = 65_536;
/** The record ends if this much waits for a disk that does not keep up. */
const MAX_QUEUED_BYTES = 8_388_608;
const OWNER_ONLY = 0o600;
/** Without O_NONBLOCK a pipe without a reader, or a serial line without a modem, would block the whole process. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
const CREATE_FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;
/** The suffix of the previous record: a Market that is restarted after a fault must not overwrite the evidence. */
const BACKUP_SUFFIX = ".before";

/** Creates the file `path`. An existing file is renamed first. */
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

/** For a pipe that was created between the two checks. */
const WORDS: Readonly<Record<string, string>> = { ENXIO: "nothing is at its other end" };

const refusal = (path: string, why: string): OpenedRecordFile => ({
  kind: "refused",
  why: `RECORD=${path} cannot be written (${why}): name a file in a folder of yours`,
});

/** A record is read from its beginning, which a pipe does not keep. /dev/null and a terminal are allowed, for trials. */
function wrongKind(there: Stats | undefined): string | undefined {
  if (there === undefined) return undefined;
  if (there.isFIFO()) return "it is a pipe";
  if (there.isSocket()) return "it is a socket";
  return there.isBlockDevice() ? "it is a disk" : undefined;
}

/** Renames an existing record. A terminal or /dev/null is left as it is. */
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
    // Nearly all of a line is ASCII, so the number of characters is close enough to that of bytes.
    this.#queuedBytes += line.length + 1;
    this.#bytes += line.length + 1;
    if (this.#queuedBytes >= BATCH_BYTES) this.#flush();
    if (this.#state === "open" && this.#bytes >= this.#options.maxBytes) this.#finishFull();
  }

  /** Resolves once all lines are in the file. */
  async close(): Promise<void> {
    this.#flush();
    this.#stop();
    if (this.#stream.closed) return;
    await new Promise<void>((resolve) => this.#stream.once("close", resolve));
  }

  #finishFull(): void {
    const { path, maxBytes, onFull, report } = this.#options;
    this.#state = "ending";
    onFull();
    this.#flush();
    this.#stop();
    report(
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

  /** A deleted file still accepts writes, and its content is lost when the Market ends. */
  #checkDeleted(): void {
    fstat(this.#descriptor, (error, there) => {
      if (error === null && there.nlink === 0) this.#fail("the file was deleted");
    });
  }

  #fail(why: string): void {
    if (this.#state === "over") return;
    this.#stop();
    this.#options.report(`the record ${this.#options.path} ends here: ${why}`);
  }

  #stop(): void {
    this.#state = "over";
    this.#stopBatches();
    this.#stream.end();
  }
}

const BYTES_PER_MEGABYTE = 1_048_576;
const megabytes = (bytes: number): string => `${Math.round(bytes / BYTES_PER_MEGABYTE)} MB`;

// Reads the lines of a record one at a time: neither a file of 100 MB nor an endless line is held in memory.

export interface FileLine {
  /** Counted from 1, as in editors. */
  readonly number: number;
  readonly text: string;
  /** False for a last line without a newline: the file was cut there, or its writer was killed. */
  readonly isComplete: boolean;
  /** Only the start of the line was read. It is the last line that is returned. */
  readonly isTooLong: boolean;
}

/** @throws the system's error when the file cannot be read */
export async function* linesOf(path: string): AsyncGenerator<FileLine> {
  let number = 0;
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      number += 1;
      yield { number, text, isComplete: true, isTooLong: false };
    }
    if (rest.length > MAX_LINE_LENGTH) {
      yield { number: number + 1, text: rest.slice(0, MAX_LINE_LENGTH), isComplete: false, isTooLong: true };
      return;
    }
  }
  if (rest !== "") yield { number: number + 1, text: rest, isComplete: false, isTooLong: false };
}
