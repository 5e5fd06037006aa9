// All targets in turn, a batch of inputs at a time, until so many have been tried; stops at the first that fails.

import { fileTargets } from "./file-targets.ts";
import { SHOP_TARGETS } from "./shop-targets.ts";
import type { Found } from "./target.ts";
import { WIRE_TARGETS } from "./wire-targets.ts";

export interface Progress {
  readonly tried: number;
  readonly target: string;
}

export interface Fuzzed {
  readonly tried: ReadonlyMap<string, number>;
  readonly found: Found | undefined;
}

export interface FuzzPlan {
  readonly inputs: number;
  readonly seed: number;
  readonly print: (progress: Progress) => void;
}

/** Few enough that progress is reported every second, also for the slowest target. */
const BATCH = 250;

export async function fuzz({ inputs, seed, print }: FuzzPlan): Promise<Fuzzed> {
  const targets = [...WIRE_TARGETS, ...SHOP_TARGETS, ...(await fileTargets())];
  const tried = new Map<string, number>();
  const batch = Math.min(BATCH, Math.ceil(inputs / targets.length));
  let total = 0;
  for (let round = 0; total < inputs; round++) {
    for (const one of targets) {
      const count = Math.min(batch, inputs - total);
      if (count === 0) break;
      const found = one.try(count, (seed + round) | 0);
      total += count;
      tried.set(one.name, (tried.get(one.name) ?? 0) + count);
      if (found !== undefined) return { tried, found };
      print({ tried: total, target: one.name });
    }
  }
  return { tried, found: undefined };
}

/** A failure for a person: what did not hold, for which input, and how to see it again. */
export function inWords({ target, seed, path, input, why }: Found): string {
  return [
    `${target}: ${why}`,
    `input, made as small as it went: ${input}`,
    `again:  make fuzz SEED=${seed}   (its path there: ${path})`,
  ].join("\n");
}
