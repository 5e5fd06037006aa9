// A token bucket: a burst, then a steady rate. Limits work that other processes can trigger.

import { SECOND_MS } from "./format.ts";

export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
  }

  /** Takes a token at `now` (running time in ms); false if there is none. */
  tryTake(now: number): boolean {
    const added = ((now - (this.#filledAt ?? now)) * this.#perSecond) / SECOND_MS;
    this.#tokens = Math.min(this.#capacity, this.#tokens + added);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
