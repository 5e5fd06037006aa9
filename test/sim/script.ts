// The script of a simulated day, drawn from its seed before the day begins. So a day can be repeated with fewer faults,
// to find those that matter.

import type { HealthRules } from "../../src/settings.ts";
import { SeededRandom } from "../support/seeded-random.ts";

/** Faults of an instance, a Market, or the bus; `forMs` is the duration. */
export const INSTANCE_FAULTS = [
  "kill",
  "wither",
  "leave",
  "pause",
  "slow",
  "barely",
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
export const MARKET_FAULTS = ["stall", "stall", "hiccups", "hiccups", "drop", "cut", "skew"] as const;
/** The server does not let a market send to an instance, or to any; or receive its answers, from its next login on. */
export const PERMISSION_FAULTS = ["deny", "deafen"] as const;
export const BUS_FAULTS = ["restart", "freeze"] as const;
/** A bus of two nodes may fall apart, with some of everybody on each side. */
export const CLUSTER_FAULTS = ["restart", "freeze", "partition", "partition", "partition"] as const;

export type InstanceFault = (typeof INSTANCE_FAULTS)[number];
export type MarketFault = (typeof MARKET_FAULTS)[number];
export type PermissionFault = (typeof PERMISSION_FAULTS)[number];
export type BusFault = (typeof CLUSTER_FAULTS)[number];

interface When {
  readonly atMs: number;
  readonly forMs: number;
}
export type Fault =
  | (When & { readonly on: "instance"; readonly place: number; readonly kind: InstanceFault })
  | (When & { readonly on: "market"; readonly place: number; readonly kind: MarketFault })
  | (When & {
      readonly on: "market";
      readonly place: number;
      readonly kind: PermissionFault;
      /** The instance that is denied, by its place; undefined: all. */
      readonly denied: number | undefined;
    })
  | (When & { readonly on: "bus"; readonly kind: Exclude<BusFault, "partition"> })
  | (When & { readonly on: "bus"; readonly kind: "partition"; readonly far: Far });

/** Hosts on the far side of a partition, by place. There is an instance on each side. */
export interface Far {
  readonly instances: readonly number[];
  readonly markets: readonly number[];
}

export interface Script {
  readonly seed: number;
  readonly instances: number;
  readonly markets: number;
  /** Of the bus. */
  readonly nodes: 1 | 2;
  /** HEDGE=1: calls that are late are sent once more. */
  readonly hedge: boolean;
  /** The markets' own code has bugs (careless.ts). */
  readonly careless: boolean;
  readonly pageEveryMs: number;
  readonly failureLimit: number;
  readonly retestDelayMs: number;
  readonly faults: readonly Fault[];
}

/** Everybody finds everybody first; then come the faults, the last of which is mended by then; then all is well for so long. */
export const FIRST_FAULT_MS = 2_000;
export const LAST_FAULT_MS = 20_000;
export const QUIET_MS = 15_000;
const MAX_FAULTS = 10;
/** Share of days that have HEDGE=1. */
const HEDGED_SHARE = 0.3;
/** Share of days whose Markets have bugs of their own, and share of days with a permission withdrawn for a time. */
const CARELESS_SHARE = 0.3;
const DENIED_SHARE = 0.3;

/**
 * The rules of health, scaled to a shorter day: the retest delays, the heartbeat interval (still longer than twice the
 * time to detect a dead connection) and the time until gone members are evicted.
 */
export function rulesOf({ failureLimit, retestDelayMs }: Script): Partial<HealthRules> {
  return { failureLimit, retestDelayMs, retestDelayMaxMs: 6_000, heartbeatIntervalMs: 5_000, purgeAfterMs: 8_000 };
}

export function writeScript(seed: number): Script {
  const dice = new SeededRandom(seed);
  const size: Size = {
    instances: 2 + dice.below(3),
    markets: dice.pick([1, 1, 1, 2]),
    nodes: dice.pick([1, 2]),
  };
  const count = 1 + dice.below(MAX_FAULTS);
  const faults = Array.from({ length: count }, () => throwFault(dice, size));
  const habits = {
    hedge: dice.chance(HEDGED_SHARE),
    pageEveryMs: 600 + dice.below(500),
    failureLimit: dice.pick([1, 1, 1, 2]),
    retestDelayMs: dice.pick([2_000, 4_000]),
  };
  // Drawn last: so the days found before these faults existed stay as they were.
  const careless = dice.chance(CARELESS_SHARE);
  if (dice.chance(DENIED_SHARE)) faults.push(permissionFault(dice, size));
  return { seed, ...size, ...habits, careless, faults: faults.sort((a, b) => a.atMs - b.atMs) };
}

type Size = Pick<Script, "instances" | "markets" | "nodes">;

function throwWhen(dice: SeededRandom): When {
  const atMs = FIRST_FAULT_MS + dice.below(LAST_FAULT_MS - FIRST_FAULT_MS);
  const forMs = dice.pick([400, 1_500, 4_000, 9_000, 20_000]) * (0.6 + 0.8 * dice.random());
  return { atMs, forMs };
}

function permissionFault(dice: SeededRandom, { markets, instances }: Size): Fault {
  const denied = dice.chance(0.5) ? undefined : dice.below(instances);
  return {
    ...throwWhen(dice),
    ...{ on: "market", place: dice.below(markets), kind: dice.pick(PERMISSION_FAULTS), denied },
  };
}

function throwFault(dice: SeededRandom, size: Size): Fault {
  const { atMs, forMs } = throwWhen(dice);
  const chance = dice.random();
  if (chance < (size.nodes === 1 ? 0.12 : 0.2)) return busFault(dice, { atMs, forMs }, size);
  if (chance < 0.4) return marketFault(dice, { atMs, forMs }, dice.below(size.markets));
  return { atMs, forMs, on: "instance", place: dice.below(size.instances), kind: dice.pick(INSTANCE_FAULTS) };
}

function busFault(dice: SeededRandom, { atMs, forMs }: When, size: Size): Fault {
  const kind = dice.pick(size.nodes === 1 ? BUS_FAULTS : CLUSTER_FAULTS);
  if (kind === "partition") return { atMs, forMs, on: "bus", kind, far: throwFar(dice, size) };
  return { atMs, forMs: Math.min(forMs, 6_000), on: "bus", kind };
}

function throwFar(dice: SeededRandom, { instances, markets }: Size): Far {
  const [here, there] = [dice.below(instances), 1 + dice.below(instances - 1)];
  const places = (count: number): readonly number[] => Array.from({ length: count }, (_, place) => place);
  const others = places(instances).filter((place) => place !== here && dice.chance(0.5));
  return {
    instances: [...new Set([...others, (here + there) % instances])].sort(),
    markets: places(markets).filter(() => dice.chance(0.5)),
  };
}

function marketFault(dice: SeededRandom, { atMs, forMs }: When, place: number): Fault {
  const kind = dice.pick(MARKET_FAULTS);
  const isOfTheLoop = kind === "stall" || kind === "hiccups";
  return { atMs, forMs: isOfTheLoop ? Math.min(forMs, 6_000) : forMs, on: "market", place, kind };
}

/** When the last fault is over. */
export const healsAtMs = ({ faults }: Script): number =>
  Math.min(LAST_FAULT_MS, Math.max(FIRST_FAULT_MS, ...faults.map(({ atMs, forMs }) => atMs + forMs)));

/** One fault as a person reads it. */
export function faultLine(fault: Fault): string {
  const target = fault.on === "bus" ? "the bus" : `${fault.on} ${fault.place + 1}`;
  const denied = "denied" in fault ? (fault.denied === undefined ? ", all" : `, instance ${fault.denied + 1}`) : "";
  const parted = fault.kind === "partition" ? `, ${farLine(fault.far)} on the far side` : "";
  return `${seconds(fault.atMs)}  ${target}: ${fault.kind}, for ${seconds(fault.forMs).trim()}${denied}${parted}`;
}

function farLine({ instances, markets }: Far): string {
  const named = (kind: string, places: readonly number[]): readonly string[] =>
    places.map((place) => `${kind} ${place + 1}`);
  return [...named("instance", instances), ...named("market", markets)].join(", ");
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3).padStart(7)} s`;
