// A drill comes before each day: a short scene in which nothing happens but what is done on purpose. Which one, the seed says.

import { drillAsking } from "./drill-asking.ts";
import { type Breaks, Ground } from "./drill-ground.ts";
import { drillHearing } from "./drill-hearing.ts";
import { drillHedging } from "./drill-hedging.ts";
import { drillIdentity } from "./drill-identity.ts";
import { drillOrders } from "./drill-orders.ts";
import { drillQuestions } from "./drill-questions.ts";
import type { Settle } from "./timeline.ts";

type Drill = (ground: Ground) => Promise<void>;
/** In the order in which seeds deal them. */
export const DRILLS = {
  orders: drillOrders,
  questions: drillQuestions,
  asking: drillAsking,
  identity: drillIdentity,
  hedging: drillHedging,
  hearing: drillHearing,
} as const satisfies Readonly<Record<string, Drill>>;
const KINDS = Object.values(DRILLS);
/** The dice of a drill: far from those of the day, which must not be another for it. */
const DICE_APART = 15_485_863;

/** @throws what is thrown out of a timer or a socket */
export async function drill(seed: number, settle: Settle, breaks: Breaks): Promise<void> {
  const ground = new Ground(Math.imul(seed, DICE_APART), settle, breaks);
  await KINDS[seed % KINDS.length]?.(ground);
}
