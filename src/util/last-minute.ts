// Counts by second, of the last sixty seconds. Adding one is an increment, and memory does not grow with what is counted.

import { SECOND_MS } from "./format.ts";

export const MINUTE_SECONDS = 60;
/** The number of a second of running time. Only differences have a meaning. */
export const secondOf = (now: number): number => Math.floor(now / SECOND_MS);

export class LastMinute {
  readonly #seconds = new Uint32Array(MINUTE_SECONDS);
  #second = 0;
  #sum = 0;

  add(now: number): void {
    this.#advanceTo(now);
    const place = this.#second % MINUTE_SECONDS;
    this.#seconds[place] = (this.#seconds[place] ?? 0) + 1;
    this.#sum += 1;
  }

  /** Of the current second and the 59 before it. */
  sum(now: number): number {
    this.#advanceTo(now);
    return this.#sum;
  }

  /** One for each second. The last entry is the current second. */
  seconds(now: number): readonly number[] {
    this.#advanceTo(now);
    const oldest = (this.#second + 1) % MINUTE_SECONDS;
    return [...this.#seconds.subarray(oldest), ...this.#seconds.subarray(0, oldest)];
  }

  /** The last `count` of them. */
  lastSeconds(count: number, now: number): readonly number[] {
    this.#advanceTo(now);
    return Array.from({ length: count }, (_, place) => {
      const second = this.#second - (count - 1 - place);
      return this.#seconds[(second + MINUTE_SECONDS) % MINUTE_SECONDS] ?? 0;
    });
  }

  /** Clears the seconds that are over. */
  #advanceTo(now: number): void {
    const second = secondOf(now);
    const passed = Math.min(second - this.#second, MINUTE_SECONDS);
    for (let past = 0; past < passed; past++) {
      const place = (second - past) % MINUTE_SECONDS;
      this.#sum -= this.#seconds[place] ?? 0;
      this.#seconds[place] = 0;
    }
    if (second > this.#second) this.#second = second;
  }
}
