// Days that once broke a property, because of a fault of the code that has been mended since. Kept as they happened, cut
// down to what mattered, and not as seeds: what a seed deals changes with the dice.

import type { PropertyName } from "./properties.ts";
import type { Script } from "./script.ts";

export interface KeptDay {
  readonly broke: PropertyName;
  /** What was wrong with the code. */
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
];
