// The note that a holder leaves in the lock's file, for a sentence to who waits. The lock itself does not rest on it.

import { randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Whether its process id means the same process here. */
  readonly isHere: boolean;
}

const WORD_BYTES = 6;
const NOTE = /^(\d+) (\S+) (\S+) [0-9a-f]+\n$/;

/** Never the same twice: who waits sees by it that the queue moves. */
export const ownNote = (): string => `${process.pid} ${hostname() || "-"} ${pidNamespace()} ${word()}\n`;

/** The note that a process leaves when it releases the lock: it names no holder. */
export const endNote = (): string => `released ${word()}\n`;

const word = (): string => randomBytes(WORD_BYTES).toString("hex");

export function readNote(content: string): Holder | undefined {
  const [, pid, host, namespace] = NOTE.exec(content) ?? [];
  if (pid === undefined || host === undefined) return undefined;
  const holder = { pid: Number(pid), host, isHere: host === (hostname() || "-") && namespace === pidNamespace() };
  return holder.isHere && !isRunning(holder.pid) ? undefined : holder;
}

/** One that was killed leaves its note. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Process ids are counted in each anew; where the system does not say, all are in one. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "-";
  }
}
