// Lines on their way out, in batches: all that one turn of the event loop has to say is one write. A write costs some
// microseconds, whatever is in it, and a page says sixteen lines and more.
//
// Whoever reads may be slow, or stopped. Then lines wait here, up to a limit; beyond it they are dropped and counted, and
// the gap says how many they were. Waiting for the reader instead would stop a Market whose pager stands at "more", and
// waiting without a limit would fill the memory.

export interface WriterOptions {
  /** Takes what it can without waiting. @returns how many bytes that was */
  readonly take: (bytes: Uint8Array) => number;
  /** Calls `act` once this turn of the event loop is over. */
  readonly afterTurn: (act: () => void) => void;
  readonly after: (delayMs: number, act: () => void) => void;
  /** What stands in the place of so many lines. */
  readonly gap: (lines: number) => string;
}

/** What a pipe takes whole or not at all: instances that share one would else cut each other's lines in two. */
const ATOMIC_BYTES = 4096;
/** What may wait for a slow reader: about ten thousand lines, or some seconds of a busy Market. */
export const MAX_QUEUED_BYTES = 1024 * 1024;
/** Dropping goes on until half of that is free: otherwise every other line would be a gap. */
const RESUME_BYTES = MAX_QUEUED_BYTES / 2;
/** How often a reader that took nothing is looked at. A person does not see the difference, and a look costs 2 µs. */
const RETRY_INTERVAL_MS = 10;
/** How often at the end: half a second. Who reads nothing for so long shall not keep a program from ending. */
const FINAL_ATTEMPTS = 50;

export class LineWriter {
  readonly #options: WriterOptions;
  /** Batches that are full, and what is left of the one that was taken in part. */
  readonly #batches: Uint8Array[] = [];
  #batch = "";
  #batchBytes = 0;
  #queuedBytes = 0;
  #dropped = 0;
  #state: "idle" | "called" | "blocked" = "idle";

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** @param line with its end of line */
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

  /** Everything, now, as the program ends; `sleep` lets a slow reader catch up. */
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
