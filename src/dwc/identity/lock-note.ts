// The note in the lock file that names the holder, for the message of a waiting process. The lock does not depend on
// it.

import { randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errorCode } from "../../util/errors.ts";

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
