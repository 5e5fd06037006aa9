// The last rating known of each thing. A rating once known is served until the process ends, marked with its age: to a
// shopper an old opinion is worth more than none. Bounded, though the catalogue is: ids come back from a service.

import { LRUMap } from "mnemonist";

export interface KnownRating {
  readonly rating: number;
  /** Epoch ms at which it arrived. */
  readonly at: number;
  /** The number of the instance that it came from. */
  readonly instance: number;
}

/** Far above any catalogue of ours, and at about 100 bytes each still only 100 KB. */
const CAPACITY = 1000;

export class RatingStore {
  readonly #known: LRUMap<string, KnownRating>;

  constructor(mostKnown: number = CAPACITY) {
    this.#known = new LRUMap(mostKnown);
  }

  put(thingID: string, known: KnownRating): void {
    this.#known.set(thingID, known);
  }

  /** Reading is no use: what is forgotten first is what was rated longest ago. */
  get(thingID: string): KnownRating | undefined {
    return this.#known.peek(thingID);
  }
}
