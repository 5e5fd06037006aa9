// A drill comes before each day: a short scene in which only planned things happen. The seed decides which one.
//
// Another one comes after each day that has held every property. It is of a kind of its own, with a fleet of real instances:
// a new kind among the first ones would give every seed another drill, and every defect another recorded day.

import { drillAsking } from "./drill-asking.ts";
import { type Breaks, Ground } from "./drill-ground.ts";
import { drillHeartbeats } from "./drill-heartbeats.ts";
import { drillHedging } from "./drill-hedging.ts";
import { drillIdentity } from "./drill-identity.ts";
import { drillLimits } from "./drill-limits.ts";
import { drillOrders } from "./drill-orders.ts";
import { drillQuestions } from "./drill-questions.ts";
import { drillStreams } from "./drill-streams.ts";
import { drillTime } from "./drill-time.ts";
import { drillWarnings } from "./drill-warnings.ts";
import { drillWrites } from "./drill-writes.ts";
import type { Settle } from "./timeline.ts";

type Drill = (ground: Ground) => Promise<void>;
/** In the order in which seeds choose them. */
export const DRILLS = {
  orders: drillOrders,
  questions: drillQuestions,
  asking: drillAsking,
  identity: drillIdentity,
  hedging: drillHedging,
  heartbeats: drillHeartbeats,
} as const satisfies Readonly<Record<string, Drill>>;
/** In the order in which seeds choose them. */
export const FLEET_DRILLS = {
  writes: drillWrites,
  time: drillTime,
  limits: drillLimits,
} as const satisfies Readonly<Record<string, Drill>>;
const KINDS = Object.values(DRILLS);
const FLEET_KINDS = Object.values(FLEET_DRILLS);
/** The random sequence of a drill, far from that of the day: a drill must not change the day. */
const DICE_APART = 15_485_863;
const FLEET_DICE_APART = 49_979_687;

/** One day in so many begins with a stream as well. */
const ONE_IN_STREAMS = 5;
const STREAM_DICE_APART = 32_452_843;

export const drillStreamsOf = (seed: number, settle: Settle, breaks: Breaks): Promise<void> =>
  drillStreams(new Ground(Math.imul(seed, STREAM_DICE_APART), settle, breaks));

/** Another one in so many has several callers and an instance that hangs. */
const ONE_IN_WARNINGS = 5;
const WARNINGS_PLACE = 2;
const WARNING_DICE_APART = 67_867_967;

export const drillWarningsOf = (seed: number, settle: Settle, breaks: Breaks): Promise<void> =>
  drillWarnings(new Ground(Math.imul(seed, WARNING_DICE_APART), settle, breaks));

/** @throws an error that a timer or a socket threw */
export async function drill(seed: number, settle: Settle, breaks: Breaks): Promise<void> {
  const ground = new Ground(Math.imul(seed, DICE_APART), settle, breaks);
  await KINDS[seed % KINDS.length]?.(ground);
  if (seed % ONE_IN_STREAMS === 0 && !ground.isBroken) await drillStreamsOf(seed, settle, breaks);
  if (seed % ONE_IN_WARNINGS === WARNINGS_PLACE && !ground.isBroken) await drillWarningsOf(seed, settle, breaks);
}

/** The drill after the day. @throws an error that a timer or a socket threw */
export async function fleetDrill(seed: number, settle: Settle, breaks: Breaks): Promise<void> {
  const ground = new Ground(Math.imul(seed, FLEET_DICE_APART), settle, breaks);
  await FLEET_KINDS[seed % FLEET_KINDS.length]?.(ground);
}
