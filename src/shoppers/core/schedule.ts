// The times of an open loop: pages are due at an even rate, however long those before them take. A closed loop, whose
// shopper waits for a page before the next, would load fewer pages just when they are slow, and hide it.

import { SECOND_MS } from "../../util/format.ts";

export class Schedule {
  readonly #rate: number;
  readonly #startedAt: number;
  #taken = 0;

  /**
   * The first page is due at once.
   * @param rate pages a second
   * @param now running time in ms: while this process is stopped no page becomes due
   */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#startedAt = now;
  }

  /** The number of pages that have become due since the last call. */
  take(now: number): number {
    const due = 1 + Math.floor(((now - this.#startedAt) * this.#rate) / SECOND_MS) - this.#taken;
    this.#taken += due;
    return due;
  }

  /** The time until the next page is due, in ms. */
  nextInMs(now: number): number {
    return Math.max(0, this.#startedAt + (this.#taken * SECOND_MS) / this.#rate - now);
  }
}
