// What a simulated day will bring, thrown with the dice of its seed before the day begins: so that a day can be lived
// again with fewer faults, and the ones that matter found.

import type { HealthRules } from "../../src/settings.ts";
import { Dice } from "../support/random.ts";

/** What may befall an instance, a market, or the bus; `forMs` is how long it lasts. */
export const INSTANCE_FAULTS = [
  "kill",
  "leave",
  "pause",
  "slow",
  "too slow",
  "hang",
  "mute",
  "throw",
  "lie",
  "twin",
  "drop",
  "cut",
  "skew",
] as const;
export const MARKET_FAULTS = ["stall", "stall", "hiccup", "hiccup", "drop", "cut", "skew"] as const;
export const BUS_FAULTS = ["restart", "freeze"] as const;

export type InstanceFault = (typeof INSTANCE_FAULTS)[number];
export type MarketFault = (typeof MARKET_FAULTS)[number];
export type BusFault = (typeof BUS_FAULTS)[number];

interface When {
  readonly atMs: number;
  readonly forMs: number;
}
export type Fault =
  | (When & { readonly on: "instance"; readonly place: number; readonly kind: InstanceFault })
  | (When & { readonly on: "market"; readonly place: number; readonly kind: MarketFault })
  | (When & { readonly on: "bus"; readonly kind: BusFault });

export interface Script {
  readonly seed: number;
  readonly instances: number;
  readonly markets: number;
  readonly pageEveryMs: number;
  readonly failureLimit: number;
  readonly retestDelayMs: number;
  readonly faults: readonly Fault[];
}

/** Everybody finds everybody first; then come the faults; then all is well for so long. */
export const FIRST_FAULT_MS = 3_000;
export const LAST_FAULT_MS = 26_000;
export const QUIET_MS = 25_000;
const MOST_FAULTS = 10;

/**
 * Health as in earnest, but for a shorter day: the delays of retests, the interval of heartbeats (still longer than a
 * dead connection goes unnoticed, twice) and the time until the gone are forgotten.
 */
export function rulesOf({ failureLimit, retestDelayMs }: Script): Partial<HealthRules> {
  return { failureLimit, retestDelayMs, retestDelayMaxMs: 12_000, heartbeatIntervalMs: 5_000, purgeAfterMs: 12_000 };
}

export function writeScript(seed: number): Script {
  const dice = new Dice(seed);
  const instances = 2 + dice.below(3);
  const markets = 1 + dice.below(2);
  const count = 1 + dice.below(MOST_FAULTS);
  const faults = Array.from({ length: count }, () => throwFault(dice, instances, markets));
  return {
    seed,
    instances,
    markets,
    pageEveryMs: 400 + dice.below(500),
    failureLimit: dice.pick([1, 1, 1, 2]),
    retestDelayMs: dice.pick([2_000, 4_000]),
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}

function throwFault(dice: Dice, instances: number, markets: number): Fault {
  const atMs = FIRST_FAULT_MS + dice.below(LAST_FAULT_MS - FIRST_FAULT_MS);
  const forMs = dice.pick([400, 1_500, 4_000, 9_000, 20_000]) * (0.6 + 0.8 * dice.random());
  const chance = dice.random();
  if (chance < 0.1) return { atMs, forMs: Math.min(forMs, 6_000), on: "bus", kind: dice.pick(BUS_FAULTS) };
  if (chance < 0.32) return marketFault(dice, { atMs, forMs }, dice.below(markets));
  return { atMs, forMs, on: "instance", place: dice.below(instances), kind: dice.pick(INSTANCE_FAULTS) };
}

function marketFault(dice: Dice, { atMs, forMs }: When, place: number): Fault {
  const kind = dice.pick(MARKET_FAULTS);
  // A hiccup is too short for the clock to call it a stall, and long enough to be overtaken by a timeout in it.
  const lastsMs = kind === "hiccup" ? 30 + dice.below(190) : kind === "stall" ? Math.min(forMs, 6_000) : forMs;
  return { atMs, forMs: lastsMs, on: "market", place, kind };
}

/** One fault as a person reads it. */
export function faultLine(fault: Fault): string {
  const whom = fault.on === "bus" ? "the bus" : `${fault.on} ${fault.place + 1}`;
  return `${seconds(fault.atMs)}  ${whom}: ${fault.kind}, for ${seconds(fault.forMs).trim()}`;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3).padStart(7)} s`;
