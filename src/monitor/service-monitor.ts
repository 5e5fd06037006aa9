// The statistics and events of one service. The client records events and ended attempts here. Board, metrics, terminal
// and log read from here, so no two of them can disagree. It has no timer and no clock: callers pass `now`.

import type { BusStatus } from "../bus/bus.ts";
import type { Member } from "../health/member.ts";
import type { AttemptOutcome, ClientEvent } from "../service/client-options.ts";
import type { Faults } from "../service/core/faults.ts";
import type { HealthRules } from "../settings.ts";
import { AttemptStats, CumulativeStats, outcomeOf, secondOf } from "./attempt-stats.ts";
import { EVENTS, type EventName, eventName } from "./event-names.ts";
import { EventStream } from "./event-stream.ts";
import { turnStatusOf } from "./explain.ts";
import { type MonitorSource, nextChoice } from "./monitor-source.ts";
import { deltaOf, type InstanceRow, type InstanceStats, type RowDelta, rowOf, stateOf } from "./row.ts";
import { SCHEMA_VERSION, type Snapshot, turnsOf } from "./snapshot.ts";
import { STATES } from "./state.ts";
export interface MonitorOptions {
  readonly service: string;
  readonly version: string;
  readonly rules: HealthRules;
  /** Epoch ms. */
  readonly startedAt: number;
}

/** Forged heartbeats could make it ten thousand rows, more than a person reads; the worst are kept. */
export const MAX_ROWS = 1_000;
/** As many instance numbers have metrics of their own; the calls of the others are counted as those of number 0. */
const MAX_NUMBERS = 1_000;
const OTHER_INSTANCES = 0;
/** Of the stream, as much as a page shows. */
const EVENTS_SHOWN = 100;
/** How far the wall clock may move against running time before times are shown by it anew: less is jitter. */
const WALL_SLACK_MS = 50;

/** From which breaker state to which. */
export type Transition = "closed>open" | "retesting>open" | "open>retesting" | "open>closed" | "retesting>closed";

export class ServiceMonitor {
  readonly stream = new EventStream();
  readonly options: MonitorOptions;
  /** By instance number. */
  readonly totals = new Map<number, CumulativeStats>();
  readonly transitions = new Map<Transition, number>();
  readonly eventCounts: Map<EventName, number> = new Map(EVENTS.map(({ name }) => [name, 0]));
  shortCircuited = 0;
  /** Calls that failed on our own side before an instance was chosen. */
  failed = 0;
  bus: BusStatus = "disconnected";
  readonly #stats = new Map<string, InstanceStats>();
  readonly #overall = new AttemptStats();
  #wallOffsetMs = Number.NaN;

  constructor(options: MonitorOptions) {
    this.options = options;
  }

  // What goes in.

  /** An attempt has ended. On the way of every call. */
  recordAttempt(ended: AttemptOutcome, now: number): void {
    if (ended.kind === "short-circuited") {
      this.shortCircuited += 1;
      return;
    }
    if (ended.kind === "failed") {
      this.failed += 1;
      return;
    }
    const outcome = outcomeOf(ended);
    this.#statsOf(ended.who.incarnation).attempts.add(ended, outcome, now);
    this.#overall.add(ended, outcome, now);
    this.#cumulativeOf(ended.who.instance).add(ended, outcome);
  }

  /** Records every event, also one whose log line is suppressed by the rate limit. */
  recordEvent(event: ClientEvent, now: number): void {
    const name = eventName(event);
    if (name === undefined) return;
    this.countEvent(name);
    if (event.kind === "bus") this.bus = event.status;
    if (event.kind === "faults") this.#statsOf(event.who.incarnation).faults = event.faults;
    const transition = transitionOf(event);
    if (transition !== undefined) this.transitions.set(transition, (this.transitions.get(transition) ?? 0) + 1);
    if (event.kind === "opened") {
      const stats = this.#statsOf(event.who.incarnation);
      stats.openedAt = now;
      stats.whyOpened = event.why;
    }
  }

  /** The reason of its last opening. */
  whyOpened(incarnation: string): string | undefined {
    return this.#stats.get(incarnation)?.whyOpened;
  }

  countEvent(name: EventName): void {
    this.eventCounts.set(name, (this.eventCounts.get(name) ?? 0) + 1);
  }

  // What comes out.

  /** The faults that the instance reported; the same object until it reports others. */
  faultsOf(incarnation: string): Faults | undefined {
    return this.#stats.get(incarnation)?.faults;
  }

  /** @param wall epoch ms of `now` */
  snapshot(source: MonitorSource, now: number, wall: number): Snapshot {
    this.#prune(source);
    const { service, version, rules, startedAt } = this.options;
    const { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs } = rules;
    const listed = worstFirst(source.tracker.all()).slice(0, MAX_ROWS);
    return {
      schema_version: SCHEMA_VERSION,
      ...{ service, version, at: wall, startedAt, bus: this.bus },
      rules: { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs },
      calls: this.calls(now),
      second: secondOf(now),
      turns: turnsOf(source, now, MAX_ROWS),
      markets: source.markets?.() ?? null,
      instances: this.rows(listed, source, now, wall),
      omitted: source.tracker.size - listed.length,
      lastEvent: this.stream.lastId,
      events: this.stream.after(0, EVENTS_SHOWN),
    };
  }

  calls(now: number): Snapshot["calls"] {
    return { total: this.#overall.calls, lastMinute: this.#lastMinute(now), shortCircuited: this.shortCircuited };
  }

  rows(members: readonly Member[], source: MonitorSource, now: number, wall: number): readonly InstanceRow[] {
    const choice = nextChoice(source, now);
    const context = { now, toWall: this.#toWall(now, wall), callsLastMinute: this.#lastMinute(now) };
    return members.map((member) =>
      rowOf(member, {
        ...context,
        turn: turnStatusOf(member, choice, source, now),
        stats: this.#stats.get(member.who.incarnation),
      }),
    );
  }

  /** Of each the numbers alone, which costs a fraction of its row. */
  deltas(
    members: readonly Member[],
    { now, wall, seconds }: { readonly now: number; readonly wall: number; readonly seconds: number },
  ): readonly RowDelta[] {
    const toWall = this.#toWall(now, wall);
    return members.map((member) =>
      deltaOf(member, { now, toWall, stats: this.#stats.get(member.who.incarnation), seconds }),
    );
  }

  #lastMinute(now: number): number {
    return this.#overall.seconds(now).reduce((sum, recordAttempt) => sum + recordAttempt, 0);
  }

  /** The same moment is shown as the same time, as long as nobody sets the clock: else every row would change always. */
  #toWall(now: number, wall: number): (at: number) => number {
    const offsetMs = wall - now;
    if (!(Math.abs(offsetMs - this.#wallOffsetMs) <= WALL_SLACK_MS)) this.#wallOffsetMs = offsetMs;
    return (at) => Math.round(at + this.#wallOffsetMs);
  }

  // Memory stays bounded: an incarnation is remembered as long as the tracker knows it.

  #statsOf(incarnation: string): InstanceStats {
    let stats = this.#stats.get(incarnation);
    if (stats === undefined) {
      stats = { attempts: new AttemptStats(), openedAt: undefined, whyOpened: undefined, faults: undefined };
      this.#stats.set(incarnation, stats);
      // Without a snapshot nothing is pruned: the oldest are evicted, as in the tracker.
      if (this.#stats.size > this.options.rules.maxIncarnations) this.#evictOldest();
    }
    return stats;
  }

  #evictOldest(): void {
    const [oldest] = this.#stats.keys();
    if (oldest !== undefined) this.#stats.delete(oldest);
  }

  #prune({ tracker }: MonitorSource): void {
    for (const incarnation of this.#stats.keys()) {
      if (!tracker.knows(incarnation)) this.#stats.delete(incarnation);
    }
  }

  #cumulativeOf(instance: number): CumulativeStats {
    const number = this.totals.has(instance) || this.totals.size < MAX_NUMBERS ? instance : OTHER_INSTANCES;
    const known = this.totals.get(number);
    if (known !== undefined) return known;
    const total = new CumulativeStats();
    this.totals.set(number, total);
    return total;
  }
}

function transitionOf(event: ClientEvent): Transition | undefined {
  switch (event.kind) {
    case "opened":
      return event.why === "retest timed out" ? "retesting>open" : "closed>open";
    case "retesting":
      return "open>retesting";
    case "closed":
      return event.why === "heartbeat" ? "open>closed" : "retesting>closed";
    default:
      return undefined;
  }
}

const RANK = new Map(STATES.map((state, rank) => [state, rank]));
const rankOf = (member: Member): number => RANK.get(stateOf(member)) ?? STATES.length;

/** By state, then in the order of turns. */
export function worstFirst(members: Iterable<Member>): readonly Member[] {
  const ranked = [...members].map((member) => ({ member, rank: rankOf(member) }));
  ranked.sort((a, b) => a.rank - b.rank || a.member.who.instance - b.member.who.instance);
  return ranked.map(({ member }) => member);
}
