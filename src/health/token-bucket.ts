// How often something may be done that others cause: so many times at once, and after that so many times a second.

const SECOND_MS = 1000;

export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #left: number;
  #countedAt: number | undefined;

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#left = capacity;
  }

  /** Whether it may be done once more, at `now` in running ms; if so it counts as done. */
  tryTake(now: number): boolean {
    const earned = ((now - (this.#countedAt ?? now)) * this.#perSecond) / SECOND_MS;
    this.#left = Math.min(this.#capacity, this.#left + earned);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
