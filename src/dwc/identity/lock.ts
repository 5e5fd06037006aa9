// The lock of a state folder: flock(2) on a file in it. Any process may be killed or stopped at any moment. The kernel
// releases the lock with its holder. So it needs no process id, which is invalid in another container, and no lease,
// which a stopped holder outlives. Compare-and-swap with link(2) was rejected: it needs a new name for each version of
// the state, and users copy and restore the state under one name.
//
// Node has no flock. flock(1) locks the open file that it inherits from this process, and exits. The lock stays with
// the file until this process closes it. macOS and the BSDs lock a file while they open it.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { findProgram } from "../../bus/server/server-process.ts";
import type { Clock } from "../../clock.ts";
import { contentOf, makePrivateDir } from "../../program/private-files.ts";
import { errorCode } from "../../util/errors.ts";
import { sleep } from "../../util/promises.ts";

export type Locked =
  | {
      readonly kind: "locked";
      /**
       * Whether the path still leads to the locked file. After a user removed it, a second process could lock a new
       * one.
       */
      isHeld(): boolean;
      release(): void;
    }
  /** One process has held it for too long; undefined: it left no note. */
  | { readonly kind: "busy"; readonly holder: Holder | undefined }
  /** This machine cannot lock; `why` says what is missing. */
  | { readonly kind: "unable"; readonly why: string };

export interface LockOptions {
  /** The lock file. It is never removed, as a second process could then lock a new one. */
  readonly path: string;
  readonly clock: Clock;
  /** How long one process may hold it. While the queue moves, a process waits as long as needed. */
  readonly timeoutMs: number;
}

type FlockResult = Locked["kind"] | { readonly unable: string };

const OWNER_ONLY_FILE = 0o600;
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
/** The default folders of flock(1); else PATH is searched. */
const FLOCK_FOLDERS = ["/usr/bin", "/bin"];
/** The file descriptor in flock(1). */
const INHERITED = 3;
const MISSING = "flock(1) is not installed: type  sudo apt-get install -y util-linux";
/** From fcntl.h of macOS and the BSDs. Node has no constant for it. */
const O_EXLOCK = 0x20;
const LOCKS_BY_OPENING: ReadonlySet<string> = new Set(["darwin", "freebsd", "openbsd"]);
const POLL_INTERVAL_MS = 50;

/** @throws Error if the file cannot be created */
export async function lock(options: LockOptions): Promise<Locked> {
  const { path } = options;
  for (;;) {
    makePrivateDir(dirname(path));
    // Reading a pipe would block forever, and a symlink's target would be overwritten.
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
      return { kind: "unable", why: `${path} is not a file: remove it` };
    if (LOCKS_BY_OPENING.has(process.platform)) return lockByOpening(options);
    const file = openSync(path, OPEN_FLAGS, OWNER_ONLY_FILE);
    const result = await flock(file, options);
    if (result === "locked" && isStillAt(path, file)) return heldLock(path, file);
    closeSync(file);
    if (result === "busy") return { kind: "busy", holder: holderOf(path) };
    if (typeof result === "object") return { kind: "unable", why: result.unable };
    // The locked file was removed meanwhile with its folder, so another process may hold the new one. Try again.
  }
}

function heldLock(path: string, file: number): Locked {
  writeNote(file, ownNote());
  let isHeld = true;
  return {
    kind: "locked",
    isHeld: () => isHeld && isStillAt(path, file),
    release: () => {
      if (!isHeld) return; // after the first release the descriptor may belong to another file
      isHeld = false;
      // The next holder may be stopped before it writes its note. The old note would then name this process.
      writeNote(file, endNote());
      closeSync(file);
    },
  };
}

function writeNote(file: number, note: string): void {
  ftruncateSync(file);
  writeSync(file, note, 0);
}

/** Waits in the kernel, which wakes the next process as soon as the lock is free. */
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
      if (errorCode(error) !== "EAGAIN") throw error;
    }
    const now = contentOf(path);
    if (now !== before) giveUpAtMs = clock.now() + timeoutMs;
    before = now;
    if (clock.now() > giveUpAtMs) return { kind: "busy", holder: holderOf(path) };
    await sleep(POLL_INTERVAL_MS, clock);
  }
}

function isStillAt(path: string, file: number): boolean {
  try {
    return isSameFile(statSync(path), fstatSync(file));
  } catch {
    return false;
  }
}

/** Compares the device as well: inode numbers are only unique within one. */
export const isSameFile = (one: FileId, other: FileId): boolean => one.ino === other.ino && one.dev === other.dev;

type FileId = Pick<Stats, "ino" | "dev">;

const holderOf = (path: string): Holder | undefined => readNote(contentOf(path) ?? "");

// The note in the lock file that names the holder, for the message of a waiting process. The lock does not depend on
// it.

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The holder runs in this process's pid namespace, so that its pid is valid here. */
  readonly isHere: boolean;
}

const WORD_BYTES = 6;
const NOTE = /^(\d+) (\S+) (\S+) [0-9a-f]+\n$/;

/** Unique, so that a waiting process sees that the queue moves. */
export const ownNote = (): string => `${process.pid} ${hostname() || "-"} ${pidNamespace()} ${word()}\n`;

/** The note after a release: it names no holder. */
export const endNote = (): string => `released ${word()}\n`;

const word = (): string => randomBytes(WORD_BYTES).toString("hex");

export function readNote(content: string): Holder | undefined {
  const [, pid, host, namespace] = NOTE.exec(content) ?? [];
  if (pid === undefined || host === undefined) return undefined;
  const holder = { pid: Number(pid), host, isHere: host === (hostname() || "-") && namespace === pidNamespace() };
  return holder.isHere && !isRunning(holder.pid) ? undefined : holder;
}

/** A killed process leaves its note behind. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Each pid namespace counts from 1. On a system without namespaces all processes share one. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "-";
  }
}
