// The credit of a stream, on the side of its sender. Grants of the reader and sent items go in; whether one more item may
// be sent comes out.
//
// The credit bounds the items that the reader has not taken. Items of a megabyte would still fill the server: what a
// reader is slow to read waits there, and beyond 64 MB the server drops the reader's connection. So their bytes are
// bounded as well. The sender knows what the reader has taken: its credit is always that number plus its window.

import { MAX_GOING_BYTES } from "./stream-wire.ts";

/** Far beyond what a busy reader needs for its next sign of life, which is due every 400 ms. */
export const READER_SILENCE_MS = 5_000;

export class SenderCredit {
  readonly #window: number;
  #credit: number;
  #sent = 0;
  /** Bytes of each item that the reader has not taken, the oldest first. */
  readonly #going: number[] = [];
  #goingBytes = 0;
  #aliveAt: number;

  /** @param window the credit in the request */
  constructor(window: number, now: number) {
    this.#window = window;
    this.#credit = window;
    this.#aliveAt = now;
  }

  /** The items so far. */
  get sent(): number {
    return this.#sent;
  }

  get maySend(): boolean {
    return this.#sent < this.#credit && this.#goingBytes < MAX_GOING_BYTES;
  }

  /** An item is sent. @returns its number */
  send(bytes: number): number {
    this.#sent += 1;
    this.#going.push(bytes);
    this.#goingBytes += bytes;
    return this.#sent;
  }

  /**
   * The reader has granted `credit` items in all. A lower number than before is an older message. A reader cannot have
   * taken what was not sent: a higher number than that allows is cut.
   */
  grant(credit: number, now: number): void {
    this.#aliveAt = now;
    const granted = Math.min(credit, this.#sent + this.#window);
    if (granted <= this.#credit) return;
    const taken = this.#going.splice(0, granted - this.#credit);
    for (const bytes of taken) this.#goingBytes -= bytes;
    this.#credit = granted;
  }

  /** The reader has been silent for too long: it is dead, or hangs. */
  isReaderGone(now: number): boolean {
    return now - this.#aliveAt >= READER_SILENCE_MS;
  }
}
