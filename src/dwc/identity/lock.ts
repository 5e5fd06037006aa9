// One change at a time, among processes any of which may be killed or stopped at any moment: flock(2) on a file of the
// state folder. The kernel keeps it and ends it with its holder, so that it needs no process id, which means nothing in
// another container, and no lease, which a stopped holder outlives. Compare-and-swap with link(2) was rejected: it needs
// a new name for each version of the state, and the state has one name that people copy and restore.
//
// Node has no flock. flock(1) locks the open file that it inherits from this process, and ends; the lock stays with the
// file until this process closes it. macOS and the BSDs lock a file while they open it.

import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { findProgram } from "../../bus/find-program.ts";
import type { Clock } from "../../clock.ts";
import { makePrivateDir } from "../../program/folder.ts";
import { endNote, type Holder, ownNote, readNote } from "./lock-note.ts";

export type Locked =
  | {
      readonly kind: "locked";
      /** Whether the locked file is still the one at the path: a person may remove it, and let in a second process. */
      isHeld(): boolean;
      release(): void;
    }
  /** One process holds it for too long; undefined: it left no note. */
  | { readonly kind: "busy"; readonly holder: Holder | undefined }
  /** This machine cannot lock; `why` says what is missing. */
  | { readonly kind: "unable"; readonly why: string };

export interface LockOptions {
  /** A file of its own. It stays: removing it would let in a second process. */
  readonly path: string;
  readonly clock: Clock;
  /** How long one process may hold it. A queue that moves is waited in, however long it is. */
  readonly timeoutMs: number;
}

type FlockResult = Locked["kind"] | { readonly unable: string };

const OWNER_ONLY_FILE = 0o600;
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
/** Where systems have it; else PATH is searched. */
const FLOCK_FOLDERS = ["/usr/bin", "/bin"];
/** The number that the file has in flock(1). */
const INHERITED = 3;
const MISSING = "flock(1) is not installed: type  sudo apt-get install -y util-linux";
/** Of fcntl.h on macOS and the BSDs; Node names only O_NONBLOCK. */
const O_EXLOCK = 0x20;
const LOCKS_BY_OPENING: ReadonlySet<string> = new Set(["darwin", "freebsd", "openbsd"]);
const POLL_INTERVAL_MS = 50;

/** @throws Error when the file cannot be made */
export async function lock(options: LockOptions): Promise<Locked> {
  const { path } = options;
  for (;;) {
    makePrivateDir(dirname(path));
    // A pipe would be read for ever, and the file behind a symlink overwritten.
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
      return { kind: "unable", why: `${path} is not a file: remove it` };
    if (LOCKS_BY_OPENING.has(process.platform)) return lockByOpening(options);
    const file = openSync(path, OPEN_FLAGS, OWNER_ONLY_FILE);
    const result = await flock(file, options);
    if (result === "locked" && isStillAt(path, file)) return heldLock(path, file);
    closeSync(file);
    if (result === "busy") return { kind: "busy", holder: holderOf(path) };
    if (typeof result === "object") return { kind: "unable", why: result.unable };
    // Locked, and removed meanwhile with its folder: another process may hold the file that is there now.
  }
}

function heldLock(path: string, file: number): Locked {
  writeNote(file, ownNote());
  let isHeld = true;
  return {
    kind: "locked",
    isHeld: () => isHeld && isStillAt(path, file),
    release: () => {
      if (!isHeld) return; // a second time it would be the number of another file
      isHeld = false;
      // The next holder may be stopped before it leaves a note of its own: the one of this process would blame this process.
      writeNote(file, endNote());
      closeSync(file);
    },
  };
}

function writeNote(file: number, note: string): void {
  ftruncateSync(file);
  writeSync(file, note, 0);
}

/** Waits in the kernel, which wakes the next one the moment that the lock is free. */
function flock(file: number, { path, clock, timeoutMs }: LockOptions): Promise<FlockResult> {
  return new Promise((resolve) => {
    const program = findProgram("flock", FLOCK_FOLDERS) ?? "flock";
    const helper = spawn(program, ["-x", String(INHERITED)], { stdio: ["ignore", "ignore", "pipe", file] });
    let errorText = "";
    helper.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errorText += text;
    });
    let isGivenUp = false;
    let stopWaiting = (): void => undefined;
    const watchHolder = (before: string | undefined): void => {
      stopWaiting = clock.after(timeoutMs, () => {
        const now = contentOf(path);
        isGivenUp = now === before;
        if (isGivenUp) helper.kill("SIGKILL");
        else watchHolder(now);
      });
    };
    watchHolder(contentOf(path));
    const finish = (result: FlockResult): void => {
      stopWaiting();
      resolve(result);
    };
    helper.once("error", (error: NodeJS.ErrnoException) =>
      finish({ unable: error.code === "ENOENT" ? MISSING : error.message }),
    );
    helper.once("close", (code, signal) => {
      if (code === 0) finish("locked");
      else finish(isGivenUp ? "busy" : { unable: errorText.trim() || `flock ended with ${signal ?? code}` });
    });
  });
}

async function lockByOpening({ path, clock, timeoutMs }: LockOptions): Promise<Locked> {
  const flags = OPEN_FLAGS | constants.O_NONBLOCK | O_EXLOCK;
  let before = contentOf(path);
  let giveUpAtMs = clock.now() + timeoutMs;
  for (;;) {
    try {
      return heldLock(path, openSync(path, flags, OWNER_ONLY_FILE));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
    const now = contentOf(path);
    if (now !== before) giveUpAtMs = clock.now() + timeoutMs;
    before = now;
    if (clock.now() > giveUpAtMs) return { kind: "busy", holder: holderOf(path) };
    await new Promise<void>((resolve) => clock.after(POLL_INTERVAL_MS, resolve));
  }
}

function isStillAt(path: string, file: number): boolean {
  try {
    return isSameFile(statSync(path), fstatSync(file));
  } catch {
    return false;
  }
}

/** Two disks count their files each for itself. */
export const isSameFile = (one: FileId, other: FileId): boolean => one.ino === other.ino && one.dev === other.dev;

type FileId = Pick<Stats, "ino" | "dev">;

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const holderOf = (path: string): Holder | undefined => readNote(contentOf(path) ?? "");
