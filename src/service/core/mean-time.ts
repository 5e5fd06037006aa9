// The mean time of handlers: each new time counts for an eighth, as in TCP's estimate of a round trip.

const SHARE_OF_NEWEST = 1 / 8;

export class MeanTime {
  #ms: number | undefined;

  /** Undefined before the first time. */
  get ms(): number | undefined {
    return this.#ms;
  }

  add(tookMs: number): void {
    this.#ms = this.#ms === undefined ? tookMs : this.#ms + (tookMs - this.#ms) * SHARE_OF_NEWEST;
  }
}
