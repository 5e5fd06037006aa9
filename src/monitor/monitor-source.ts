// Whom one looks at: the table of a service, and what the next call would choose. Everything that is shown of a choice,
// on the board and in a terminal, comes from here, and goes by all that the client's own choice goes by.

import type { Choice, Incarnations, Resolver } from "../health/balancer.ts";
import type { Tracker } from "../health/tracker.ts";
import type { MarketsComparison } from "./disagreement.ts";
export interface MonitorSource {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Whom its choices spare for now (HEDGE=1). */
  readonly deprioritized?: Incarnations | undefined;
  /** What other Markets believe beside this one; left out where nobody is asked. */
  readonly markets?: () => MarketsComparison;
}

export const nextChoice = ({ resolver, deprioritized }: MonitorSource, now: number): Choice =>
  resolver.peek(now, { deprioritized });
