// The statistics and events of one service. The client records events and ended attempts here. Board, metrics, terminal
// and log read from here, so no two of them can disagree. It has no timer and no clock: callers pass `now`.

import type { BusStatus } from "../bus/bus.ts";
import type { Faults } from "../faults/core/active-faults.ts";
import type { Member } from "../health/member.ts";
import { CallCounts } from "../metrics/core/call-counts.ts";
import { outcomeOf } from "../metrics/core/outcomes.ts";
import type { AttemptOutcome, CallEnd } from "../service/client-options.ts";
import type { HealthRules } from "../settings.ts";
import { secondOf } from "../util/last-minute.ts";
import { EventStream } from "./event-stream.ts";
import { type EventName, eventRow, type MonitorEvent, PUBLISHED_EVENTS } from "./events.ts";
import { HistoryTime } from "./history-time.ts";
import { type EndedPage, PageStats } from "./page-stats.ts";
import {
  axisOf,
  HISTORY_SCHEMA_VERSION,
  instanceHistory,
  LATENCY_BUCKETS,
  momentOf,
  type ServiceHistory,
  shownHistories,
  spannedSeries,
} from "./service-history.ts";
import {
  deltaOf,
  endedCalls,
  type InstanceRow,
  type InstanceStats,
  MAX_ROWS,
  type MonitorSource,
  nextChoice,
  type RowDelta,
  rowOf,
  SCHEMA_VERSION,
  type Snapshot,
  turnStatusOf,
  turnsOf,
} from "./snapshot.ts";
import { Spans } from "./spans.ts";
import { worstFirst } from "./states.ts";
import { AttemptStats, type Ended } from "./stats.ts";

export interface MonitorOptions {
  readonly service: string;
  readonly version: string;
  readonly rules: HealthRules;
  /** Epoch ms. */
  readonly startedAt: number;
}

/** The events in a snapshot: as many as a page shows. */
const EVENTS_SHOWN = 100;
/** The wall clock may move this far against running time before shown times follow it. Less is jitter. */
const WALL_SLACK_MS = 50;
const NO_CALLS: Ended = { succeeded: 0, errors: 0 };

export class ServiceMonitor {
  readonly stream = new EventStream();
  readonly options: MonitorOptions;
  /** What the metrics show. */
  readonly counts = new CallCounts();
  readonly eventCounts: Map<EventName, number> = new Map(PUBLISHED_EVENTS.map(({ name }) => [name, 0]));
  bus: BusStatus = "disconnected";
  /** How many events were recorded. An unchanged number means that no instance has another membership or breaker. */
  eventsRecorded = 0;
  /** In running time. */
  #busSince: number | undefined;
  readonly #stats = new Map<string, InstanceStats>();
  readonly #overall = new AttemptStats();
  #wallOffsetMs = Number.NaN;
  readonly #historyTime = new HistoryTime();
  /** Undefined: no page was served. */
  #pages: PageStats | undefined;
  /** When the bus was away. */
  readonly #busSpans = new Spans();

  constructor(options: MonitorOptions) {
    this.options = options;
  }

  // Recording

  /** Records the end of an attempt. It runs in every call. */
  recordAttempt(ended: AttemptOutcome, now: number): void {
    this.counts.onAttempt(ended);
    if (ended.kind !== "attempt") return;
    const outcome = outcomeOf(ended);
    const at = this.#historyTime.of(now);
    this.#statsOf(ended.who.incarnation).attempts.add(ended, outcome, now, at);
    this.#overall.add(ended, outcome, now, at);
  }

  /** Records the end of a call. */
  recordCall(ended: CallEnd): void {
    this.counts.onCall(ended);
  }

  /** Records a page that was served. */
  recordPage(ended: EndedPage, now: number): void {
    this.#pages ??= new PageStats();
    this.#pages.add(ended, now, this.#historyTime.of(now));
  }

  /** Compares the clocks, for the history: once a second. @param wall epoch ms of `now` */
  keepTime(now: number, wall: number): void {
    this.#historyTime.keep(now, wall);
  }

  /** Records every event, also one whose log line is suppressed by the rate limit. */
  recordEvent(event: MonitorEvent, now: number): void {
    const { name } = eventRow(event);
    if (name === undefined) return;
    this.eventsRecorded += 1;
    this.eventCounts.set(name, (this.eventCounts.get(name) ?? 0) + 1);
    if (event.kind === "bus") this.#onBus(event.status, now);
    if (event.kind !== "suppressed") this.counts.onEvent(event);
    if (event.kind === "faults") this.#onFaults(this.#statsOf(event.who.incarnation), event.faults, now);
    if (event.kind === "opened") this.#onOpened(this.#statsOf(event.who.incarnation), event.why, now);
    if (event.kind === "closed")
      this.#stats.get(event.who.incarnation)?.spans?.end("breaker", this.#historyTime.of(now));
  }

  #onBus(status: BusStatus, now: number): void {
    if (status === this.bus) return;
    this.#busSince = now;
    this.bus = status;
    if (status === "connected") this.#busSpans.end("bus", this.#historyTime.of(now));
    else this.#busSpans.begin("bus", status, this.#historyTime.of(now));
  }

  #onFaults(stats: InstanceStats, faults: Faults, now: number): void {
    stats.faults = faults;
    if (faults.length > 0) stats.spans ??= new Spans();
    stats.spans?.setFaults(faults, this.#historyTime.of(now), (until) => this.#historyTime.of(until));
  }

  #onOpened(stats: InstanceStats, why: string, now: number): void {
    stats.openedAt = now;
    stats.whyOpened = why;
    stats.spans ??= new Spans();
    stats.spans.begin("breaker", why, this.#historyTime.of(now));
  }

  /** The reason for the last opening of its breaker. */
  whyOpened(incarnation: string): string | undefined {
    return this.#stats.get(incarnation)?.whyOpened;
  }

  // Reading

  /** The faults that the instance reported; the same object until it reports others. */
  faultsOf(incarnation: string): Faults | undefined {
    return this.#stats.get(incarnation)?.faults;
  }

  /** @param wall epoch ms of `now` */
  snapshot(source: MonitorSource, now: number, wall: number): Snapshot {
    this.#prune(source);
    const { service, version, rules, startedAt } = this.options;
    const { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs } = rules;
    const listed = this.worst(source, now);
    return {
      schema_version: SCHEMA_VERSION,
      ...{ service, version, at: wall, startedAt, bus: this.bus, busSince: this.busSince(now, wall) },
      rules: { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs },
      calls: this.calls(now),
      second: secondOf(now),
      turns: turnsOf(source, nextChoice(source, now, this.bus), MAX_ROWS),
      markets: source.markets?.() ?? null,
      traffic: source.traffic?.() ?? null,
      instances: this.rows(listed, source, now, wall),
      omitted: source.tracker.size - listed.length,
      lastEvent: this.stream.lastId,
      events: this.stream.after(0, EVENTS_SHOWN),
    };
  }

  /** When the status of the bus last changed, in epoch ms. Null: it is as it was at the start. */
  busSince(now: number, wall: number): number | null {
    return this.#busSince === undefined ? null : this.#toWall(now, wall)(this.#busSince);
  }

  calls(now: number): Snapshot["calls"] {
    return {
      total: this.#overall.calls,
      lastMinute: this.#overall.lastMinute(now),
      ...endedCalls(this.#overall, now),
      shortCircuited: this.counts.shortCircuited,
    };
  }

  /** Of the calls of an incarnation. Undefined: it was never called. */
  ended(incarnation: string, now: number): Ended | undefined {
    return this.#stats.get(incarnation)?.attempts.ended(now);
  }

  /** Its calls of the last minute. */
  callsLastMinute(incarnation: string, now: number): number {
    return this.#stats.get(incarnation)?.attempts.lastMinute(now) ?? 0;
  }

  /** Whether its calls fail. Time alone can end that. */
  isFailing(incarnation: string, now: number): boolean {
    return this.#stats.get(incarnation)?.attempts.isFailing(now) ?? false;
  }

  /** Its calls of the last minute, with the text of its last error. */
  failingCalls(incarnation: string, now: number): Ended & { readonly lastError: string | null } {
    const attempts = this.#stats.get(incarnation)?.attempts;
    return { ...(attempts?.ended(now) ?? NO_CALLS), lastError: attempts?.lastError(now) ?? null };
  }

  /** The instances that are listed: up to `MAX_ROWS`, the worst first. */
  worst({ tracker }: MonitorSource, now: number): readonly Member[] {
    return worstFirst(tracker.all(), ({ who }) => this.isFailing(who.incarnation, now)).slice(0, MAX_ROWS);
  }

  rows(members: readonly Member[], source: MonitorSource, now: number, wall: number): readonly InstanceRow[] {
    const moment = { now, bus: this.bus };
    const choice = nextChoice(source, now, this.bus);
    const context = { now, toWall: this.#toWall(now, wall), callsLastMinute: this.#overall.lastMinute(now) };
    return members.map((member) =>
      rowOf(member, {
        ...context,
        turn: turnStatusOf(member, choice, source, moment),
        stats: this.#stats.get(member.who.incarnation),
      }),
    );
  }

  /**
   * The last fifteen minutes. @param incarnation only the history of this one; undefined: of a few, or of the worst
   */
  history(source: MonitorSource, now: number, wall: number, incarnation?: string): ServiceHistory {
    this.#prune(source);
    this.keepTime(now, wall);
    const moment = momentOf(this.#historyTime, now);
    const members =
      incarnation === undefined
        ? shownHistories(this.worst(source, now))
        : [...source.tracker.all()].filter(({ who }) => who.incarnation === incarnation);
    return {
      schema_version: HISTORY_SCHEMA_VERSION,
      ...{ service: this.options.service, ...axisOf(moment), latencyBuckets: LATENCY_BUCKETS },
      ...{ startedAt: this.options.startedAt, requestTimeoutMs: this.options.rules.requestTimeoutMs },
      all: spannedSeries(this.#overall, this.#busSpans, moment),
      pages: this.#pages?.view(now, moment.at) ?? null,
      instances: members.map((member) => instanceHistory(member, this.#stats.get(member.who.incarnation), moment)),
      omitted: source.tracker.size - members.length,
      callers: source.callers?.() ?? null,
    };
  }

  /** The numbers alone. A delta costs a fraction of a row. */
  deltas(
    members: readonly Member[],
    { now, wall, seconds }: { readonly now: number; readonly wall: number; readonly seconds: number },
  ): readonly RowDelta[] {
    const toWall = this.#toWall(now, wall);
    return members.map((member) =>
      deltaOf(member, { now, toWall, stats: this.#stats.get(member.who.incarnation), seconds }),
    );
  }

  /**
   * One moment is always shown as the same time, unless the clock is set. Otherwise every row would change all the
   * time.
   */
  #toWall(now: number, wall: number): (at: number) => number {
    const offsetMs = wall - now;
    if (!(Math.abs(offsetMs - this.#wallOffsetMs) <= WALL_SLACK_MS)) this.#wallOffsetMs = offsetMs;
    return (at) => Math.round(at + this.#wallOffsetMs);
  }

  // Memory is bounded: an incarnation is kept as long as the tracker knows it.

  #statsOf(incarnation: string): InstanceStats {
    let stats = this.#stats.get(incarnation);
    if (stats === undefined) {
      const attempts = new AttemptStats();
      stats = { attempts, openedAt: undefined, whyOpened: undefined, faults: undefined, spans: undefined };
      this.#stats.set(incarnation, stats);
      // Only a snapshot prunes. Without one the oldest are evicted, as in the tracker.
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
}
