// The source of the monitor: the table of a service, and the choice for the next call. Every choice on the board and in a
// terminal comes from here. It depends on everything that the client's own choice depends on.

import type { Choice, Incarnations, Resolver } from "../health/balancer.ts";
import type { Tracker } from "../health/tracker.ts";
import type { MarketsComparison } from "./disagreement.ts";
export interface MonitorSource {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Whom its choices spare for now (HEDGE=1). */
  readonly deprioritized?: Incarnations | undefined;
  /** The comparison with other Markets; left out where none is received. */
  readonly markets?: () => MarketsComparison;
}

export const nextChoice = ({ resolver, deprioritized }: MonitorSource, now: number): Choice =>
  resolver.peek(now, { deprioritized });
