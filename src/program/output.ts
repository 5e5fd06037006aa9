// What this process prints on its standard output: line-writer.ts, on the real one.

import { writeSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { ignoresHangUp } from "./hang-up.ts";
import { LineWriter } from "./line-writer.ts";

const STDOUT = 1;

/**
 * The way out for lines, each with its end. Nothing is lost that was said before the process ends, except when it is
 * killed outright: then what this turn of the event loop said. Called once in a process.
 * @param gap what stands in the place of so many lines that a slow reader did not take
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
      // Whoever read has gone, so there is nobody left to tell; but a program that ends says why by its exit code.
      if (!isOpen && !isEnding && !outlives(error)) process.exit(0);
      // A reader that is slow, or a disk that is full: it may take it later.
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
