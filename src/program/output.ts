// The standard output of this process: a line writer on it.

import { writeSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { ignoresHangUp } from "./hang-up.ts";

const STDOUT = 1;

/**
 * Writes lines, each with its newline. All lines are written before the process ends. Only SIGKILL loses some: those of
 * the current turn of the event loop. Called once in a process.
 * @param gap the line that replaces this number of dropped lines
 */
export function standardOutput(clock: Clock, gap: (lines: number) => string): (line: string) => void {
  // Reading `process.stdout` opens the stream, so that a full pipe returns EAGAIN instead of blocking this process. The
  // stream's own queue is not used: it has no limit, and its content is lost when the process exits.
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

/** Blocks the thread: in an exit listener the event loop has ended, so there are no timers. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// Writes lines in batches: all lines of one turn of the event loop are one write. A write costs some microseconds, whatever
// its length, and a page logs sixteen lines or more.
//
// The reader may be slow or stopped. Then lines are queued up to a limit. Beyond it they are dropped and counted, and a gap
// line states their number. Waiting for the reader would stop a Market whose pager shows "more", and a queue without a
// limit would fill the memory.

export interface WriterOptions {
  /** Takes what it can without waiting. @returns how many bytes that was */
  readonly take: (bytes: Uint8Array) => number;
  /** Calls `act` once this turn of the event loop is over. */
  readonly afterTurn: (act: () => void) => void;
  readonly after: (delayMs: number, act: () => void) => void;
  /** The line that replaces this number of dropped lines. */
  readonly gap: (lines: number) => string;
}

/** A pipe takes a write of this size whole or not at all. Above it, processes that share a pipe would mix their lines. */
const ATOMIC_BYTES = 4096;
/** The queue for a slow reader: about ten thousand lines, or some seconds of a busy Market. */
export const MAX_QUEUED_BYTES = 1024 * 1024;
/** Lines are dropped until half of the queue is free: otherwise every other line would be a gap. */
const RESUME_BYTES = MAX_QUEUED_BYTES / 2;
/** The interval between two attempts to write. A person does not see the delay, and an attempt costs 2 µs. */
const RETRY_INTERVAL_MS = 10;
/** Attempts at exit: half a second. A reader that is stopped for longer must not keep a program from ending. */
const FINAL_ATTEMPTS = 50;

export class LineWriter {
  readonly #options: WriterOptions;
  /** Full batches, and the rest of one that was written in part. */
  readonly #batches: Uint8Array[] = [];
  #batch = "";
  #batchBytes = 0;
  #queuedBytes = 0;
  #dropped = 0;
  #state: "idle" | "called" | "blocked" = "idle";

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** @param line with its newline */
  write(line: string): void {
    if (this.#dropped > 0 || this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#add(line);
    if (this.#state !== "idle") return;
    this.#state = "called";
    this.#options.afterTurn(() => this.#flush());
  }

  /** Writes everything, as the program ends. `sleep` lets a slow reader catch up. */
  finish(sleep: (ms: number) => void): void {
    for (let attempts = 0; attempts < FINAL_ATTEMPTS; attempts++) {
      if (this.#takeAll()) return;
      sleep(RETRY_INTERVAL_MS);
    }
  }

  #add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#batchBytes + bytes > ATOMIC_BYTES) this.#closeBatch();
    this.#batch += line;
    this.#batchBytes += bytes;
    this.#queuedBytes += bytes;
  }

  #closeBatch(): void {
    if (this.#batchBytes > 0) this.#batches.push(Buffer.from(this.#batch));
    this.#batch = "";
    this.#batchBytes = 0;
  }

  #flush(): void {
    const isDone = this.#takeAll();
    this.#state = isDone ? "idle" : "blocked";
    if (!isDone) this.#options.after(RETRY_INTERVAL_MS, () => this.#flush());
  }

  /** @returns whether nothing is left */
  #takeAll(): boolean {
    this.#closeBatch();
    let done = 0;
    for (const batch of this.#batches) {
      const bytes = this.#options.take(batch);
      this.#queuedBytes -= bytes;
      if (bytes < batch.length) {
        this.#batches[done] = batch.subarray(bytes);
        break;
      }
      done += 1;
    }
    this.#batches.splice(0, done);
    return this.#addGap() ? this.#takeAll() : this.#batches.length === 0;
  }

  #addGap(): boolean {
    if (this.#dropped === 0 || this.#queuedBytes > RESUME_BYTES) return false;
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#add(this.#options.gap(lines));
    return true;
  }
}
