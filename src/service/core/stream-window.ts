// The window of a stream, on the side of its reader. Items, what the caller takes, and the time go in; whether an item is
// the next one, which credit to grant, and when to probe the sender come out.

import { MAX_GOING_BYTES } from "./stream-wire.ts";

/** A dead sender is noticed after this time: the probe finds no responders. */
export const PROBE_MS = 400;
/** Two probes without an answer: the sender hangs. With the tick of 100 ms the stream ends within a second. */
export const SENDER_SILENCE_MS = 900;

/**
 * - `next`: it is the item that was due
 * - `lost`: items before it are missing
 * - `again`: it was received before
 * - `beyond`: the sender has no credit for it
 */
export type Arrival = "next" | "lost" | "again" | "beyond";

export class ReaderWindow {
  readonly #window: number;
  #granted: number;
  #received = 0;
  #taken = 0;
  /** Of the items that were taken since the last grant. */
  #takenBytes = 0;
  #aliveAt: number;
  #probedAt: number;
  #grantedAt: number;

  /** @param now when the first reply arrived */
  constructor(window: number, now: number) {
    this.#window = window;
    this.#granted = window;
    this.#aliveAt = now;
    this.#probedAt = now;
    this.#grantedAt = now;
  }

  get received(): number {
    return this.#received;
  }

  /** The items that the sender may send in all. */
  get credit(): number {
    return this.#taken + this.#window;
  }

  receive(seq: number, now: number): Arrival {
    this.#aliveAt = now;
    if (seq <= this.#received) return "again";
    if (seq > this.#received + 1) return "lost";
    if (seq > this.credit) return "beyond";
    this.#received = seq;
    return "next";
  }

  /** The sender is alive and has sent so many items. @returns whether all of them have arrived */
  onSent(sent: number, now: number): boolean {
    this.#aliveAt = now;
    return sent <= this.#received;
  }

  /** The caller has taken an item. @returns the credit to grant now, if a grant is due */
  take(bytes: number, now: number): number | undefined {
    this.#taken += 1;
    this.#takenBytes += bytes;
    const isDue = this.credit - this.#granted >= this.#window / 2 || this.#takenBytes >= MAX_GOING_BYTES / 2;
    return isDue ? this.grant(now) : undefined;
  }

  /** @returns the credit, which is granted now */
  grant(now: number): number {
    this.#granted = this.credit;
    this.#grantedAt = now;
    this.#takenBytes = 0;
    return this.#granted;
  }

  isSilent(now: number): boolean {
    return now - this.#aliveAt >= SENDER_SILENCE_MS;
  }

  /**
   * A probe is a grant that wants an answer: both sides learn that the other is alive. While items and grants pass, both
   * know it already.
   */
  isProbeDue(now: number): boolean {
    const since = Math.max(this.#probedAt, Math.min(this.#aliveAt, this.#grantedAt));
    return now - since >= PROBE_MS;
  }

  /** @returns the credit to send with the probe */
  probe(now: number): number {
    this.#probedAt = now;
    return this.grant(now);
  }
}
