// Days that once broke a property, by a bug that has been fixed since. Kept as scripts, reduced to the faults that
// mattered. Kept seeds would not do: the day of a seed changes with the random sequence.

import type { PropertyName } from "./properties.ts";
import type { Script } from "./script.ts";

export interface KeptDay {
  readonly broke: PropertyName;
  /** The bug in the code. */
  readonly why: string;
  readonly script: Script;
}

export const KEPT_DAYS: readonly KeptDay[] = [
  {
    broke: "P16",
    why: "an instance that left in the middle of a call said that it had not begun; a caller that stood still asked another",
    script: {
      ...{ seed: 220, instances: 2, markets: 2, nodes: 1, hedge: true, careless: false },
      ...{ pageEveryMs: 858, failureLimit: 1, retestDelayMs: 4_000 },
      faults: [
        { atMs: 7_239, forMs: 6_000, on: "market", place: 1, kind: "stall" },
        { atMs: 15_745, forMs: 6_011, on: "instance", place: 0, kind: "hang" },
        { atMs: 16_830, forMs: 1_943, on: "market", place: 1, kind: "stall" },
        { atMs: 16_888, forMs: 398, on: "instance", place: 0, kind: "leave" },
      ],
    },
  },
  {
    broke: "P23",
    why: "the age of a rating counted from the end of its page, which had waited for another rating",
    script: {
      ...{ seed: 4_027, instances: 4, markets: 1, nodes: 2, hedge: false, careless: false },
      ...{ pageEveryMs: 1_092, failureLimit: 1, retestDelayMs: 2_000 },
      faults: [
        { atMs: 4_875, forMs: 2_001, on: "instance", place: 1, kind: "too slow" },
        { atMs: 6_009, forMs: 946, on: "market", place: 0, kind: "stall" },
        { atMs: 8_399, forMs: 4_368, on: "instance", place: 2, kind: "cut" },
      ],
    },
  },
  {
    broke: "P17",
    why: "a call that went on to another instance earned twice for hedging",
    script: {
      ...{ seed: 4_210, instances: 4, markets: 1, nodes: 1, hedge: false, careless: false },
      ...{ pageEveryMs: 983, failureLimit: 2, retestDelayMs: 4_000 },
      faults: [],
    },
  },
];
