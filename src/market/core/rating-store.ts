// The last known rating of each thing. It is served until the process ends, marked with its age: to a visitor an old
// rating is worth more than none. The size is bounded.

import { LRUMap } from "mnemonist";

export interface KnownRating {
  readonly rating: number;
  /** Epoch ms at which it arrived. */
  readonly at: number;
  /** The number of the instance that returned it. */
  readonly instance: number;
}

/** Far more than our catalogue has; at about 100 bytes each, 100 KB. */
const CAPACITY = 1000;

export class RatingStore {
  readonly #known: LRUMap<string, KnownRating>;

  constructor(mostKnown: number = CAPACITY) {
    this.#known = new LRUMap(mostKnown);
  }

  put(thingID: string, known: KnownRating): void {
    this.#known.set(thingID, known);
  }

  /** `peek`, not `get`: reading must not refresh an entry. The least recently rated thing is evicted first. */
  get(thingID: string): KnownRating | undefined {
    return this.#known.peek(thingID);
  }
}
