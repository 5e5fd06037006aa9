// What the Market believes at one moment, whole, as data: `/board.json`, and what everything else that is shown starts
// from. Versioned: a field may be added under one version, never renamed or given another meaning.

import type { BusStatus } from "../bus/bus.ts";
import type { MarketsComparison } from "../monitor/disagreement.ts";
import type { EventRecord } from "../monitor/event-stream.ts";
import { type MonitorSource, nextChoice } from "../monitor/monitor-source.ts";
import type { InstanceRow } from "../monitor/row.ts";
import type { HealthRules } from "../settings.ts";

export const SCHEMA_VERSION = 1;

export interface Snapshot {
  readonly schema_version: typeof SCHEMA_VERSION;
  readonly service: string;
  readonly version: string;
  /** Epoch ms. */
  readonly at: number;
  readonly startedAt: number;
  readonly bus: BusStatus;
  readonly rules: Pick<HealthRules, "requestTimeoutMs" | "failureLimit" | "retestDelayMs" | "heartbeatIntervalMs">;
  readonly calls: { readonly total: number; readonly lastMinute: number; readonly shortCircuited: number };
  /** The number of the second with which every `calls.seconds` ends: later ones count on from it. */
  readonly second: number;
  readonly turns: Turns;
  /** Where the Markets on this bus disagree; null: they do not tell each other. */
  readonly markets: MarketsComparison | null;
  /** The worst first. */
  readonly instances: readonly InstanceRow[];
  /** How many more there are than are listed. */
  readonly omitted: number;
  /** The number of the latest event; those after it are asked for by it. */
  readonly lastEvent: number;
  readonly events: readonly EventRecord[];
}

export interface Turns {
  /** The members that are up, by incarnation, in the order of their turns. */
  readonly ring: readonly string[];
  /** Who would get the next call; null: nobody is eligible. */
  readonly next: string | null;
  /** Who would get a copy of it, as a retest or a trial. */
  readonly copies: readonly string[];
}

export function turnsOf(source: MonitorSource, now: number, max: number): Turns {
  const { call, retests, newcomerProbes } = nextChoice(source, now);
  return {
    ring: source.tracker.ring
      .all()
      .slice(0, max)
      .map(({ who }) => who.incarnation),
    next: call?.who.incarnation ?? null,
    copies: [...retests, ...newcomerProbes].map(({ who }) => who.incarnation),
  };
}
