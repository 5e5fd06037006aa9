// Chance that can be repeated: the same seed throws the same dice, so a day that went wrong can be lived again.

/** Numbers in [0, 1), the same for the same seed (mulberry32: 32 bits of state, enough for thousands of short days). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class SeededRandom {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A whole number from 0 up to, but not, `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** True in `share` of all throws. */
  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(choices: readonly T[]): T {
    const picked = choices[this.below(choices.length)];
    if (picked === undefined) throw new Error("dice: nothing to pick from");
    return picked;
  }
}
