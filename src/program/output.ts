// The standard output of this process: a line writer (line-writer.ts) on it.

import { writeSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { ignoresHangUp } from "./hang-up.ts";
import { LineWriter } from "./line-writer.ts";

const STDOUT = 1;

/**
 * The way out for lines, each with its end. Nothing is lost that was said before the process ends, except when it is
 * killed outright: then what this turn of the event loop said. Called once in a process.
 * @param gap the line that replaces this number of dropped lines
 */
export function standardOutput(clock: Clock, gap: (lines: number) => string): (line: string) => void {
  // Opening the stream makes a pipe answer "not now" instead of stopping us. Its own queue is not used: that has no
  // limit, and what is in it when the process exits is lost.
  let isOpen = process.stdout.writable;
  let isEnding = false;
  const take = (bytes: Uint8Array): number => {
    if (!isOpen) return bytes.length;
    try {
      return writeSync(STDOUT, bytes);
    } catch (error) {
      isOpen = !isBrokenPipe(error);
      // The reader has exited, so the program exits too, unless it is ending already with an exit code of its own.
      if (!isOpen && !isEnding && !outlives(error)) process.exit(0);
      // The reader is slow, or the disk is full: a later attempt may succeed.
      return 0;
    }
  };
  const writer = new LineWriter({ take, gap, afterTurn: clock.afterIoPoll, after: clock.after });
  process.on("exit", () => {
    isEnding = true;
    writer.finish(sleep);
  });
  return (line) => writer.write(line);
}

/** `make market | head`, or a terminal that was closed. */
export function isBrokenPipe(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return code === "EPIPE" || code === "EIO";
}

/** A terminal that was closed, in a program that goes on without it. */
export const outlives = (error: unknown): boolean =>
  (Object(error) as { code?: unknown }).code === "EIO" && ignoresHangUp();

/** As a process that exits has no event loop any more, this is the only way for it to wait. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
