// The snapshot of a service at one moment: `/board.json`, and the start of everything that board, terminal and feed
// show. It is versioned: within one version fields are added, but never renamed and never given another meaning. Times
// are epoch ms, so that a page can count on from them by itself.

import type { BusStatus } from "../bus/bus.ts";
import type { Faults } from "../faults/core/active-faults.ts";
import { type Fault, faultText } from "../faults/core/faults.ts";
import type { Choice, Incarnations, Resolver } from "../health/balancer.ts";
import { type Breaker, eligibility } from "../health/breaker.ts";
import { quietSince } from "../health/debt.ts";
import { isLate, type Member, type Membership } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { isWarned } from "../health/warnings.ts";
import type { AttemptOutcomeName } from "../metrics/core/outcomes.ts";
import type { HealthRules } from "../settings.ts";
import { countWords, roundTo2 } from "../util/format.ts";
import type { CallersView } from "./callers.ts";
import type { MarketsComparison } from "./disagreement.ts";
import type { EventRecord } from "./event-stream.ts";
import type { Spans } from "./spans.ts";
import { type InstanceState, shownStateOf } from "./states.ts";
import type { AttemptStats, Ended } from "./stats.ts";
import type { Traffic } from "./traffic.ts";

export const SCHEMA_VERSION = 1;

export interface Snapshot {
  readonly schema_version: typeof SCHEMA_VERSION;
  readonly service: string;
  readonly version: string;
  /** Epoch ms. */
  readonly at: number;
  readonly startedAt: number;
  readonly bus: BusStatus;
  /** When `bus` last changed. While it is not "connected", the states of the instances are those of that moment. */
  readonly busSince: number | null;
  readonly rules: Pick<HealthRules, "requestTimeoutMs" | "failureLimit" | "retestDelayMs" | "heartbeatIntervalMs">;
  /** Of all instances. `lastMinute`, `succeeded`, `errors` and `success` are of the last minute, the others since the start. */
  readonly calls: EndedCalls & {
    readonly total: number;
    readonly lastMinute: number;
    readonly shortCircuited: number;
  };
  /** The number of the second with which each `calls.seconds` ends. Later deltas count on from it. */
  readonly second: number;
  readonly turns: Turns;
  /** The disagreements with other Markets. Null: this Market exchanges no views. */
  readonly markets: MarketsComparison | null;
  /** The switch of shoppers, and what they got. Null: this Market has none. */
  readonly traffic: Traffic | null;
  /** The worst first, up to `MAX_ROWS`. */
  readonly instances: readonly InstanceRow[];
  /** The number of instances that are not listed. */
  readonly omitted: number;
  /** The id of the latest event. The feed continues after it. */
  readonly lastEvent: number;
  readonly events: readonly EventRecord[];
}

/** Calls of the last minute. A call that another instance took over is in neither number. */
export interface EndedCalls extends Ended {
  /** The share of those that succeeded, from 0 to 1. Null: none has ended. */
  readonly success: number | null;
}

export interface Turns {
  /** The members that are up, by incarnation, in the order of their turns. */
  readonly ring: readonly string[];
  /** The instance that gets the next call. Null: none is eligible. */
  readonly next: string | null;
  /** The instances that get a copy of it, as a retest or a newcomer probe. */
  readonly copies: readonly string[];
}

/** One incarnation: its membership from its heartbeats, its breaker from our calls, and the results of the calls. */
export interface InstanceRow {
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  readonly state: InstanceState;
  readonly membership: { readonly kind: Membership["kind"]; readonly reason: string | null };
  readonly breaker: {
    readonly kind: Breaker["kind"];
    /** The last opening. Null: it never opened. */
    readonly openedAt: number | null;
    readonly why: string | null;
    /** When the next retest is due. Null unless the breaker is open. */
    readonly retestAt: number | null;
    /** The answers left until probation ends. Null unless the breaker is on probation. */
    readonly answersLeft: number | null;
  };
  readonly heartbeat: { readonly at: number; readonly expiresAt: number };
  /** The active faults that it reported, each with its end. Null: it takes none, because it runs without CHAOS=1. */
  readonly faults: readonly ActiveFaultView[] | null;
  /** Has answered a call at least once. */
  readonly hasAnswered: boolean;
  /** The answers that it owes, and since when it has given none. Null: it is not late. */
  readonly late: { readonly owes: number; readonly since: number } | null;
  readonly turn: TurnStatus;
  readonly calls: EndedCalls & {
    readonly total: number;
    readonly copies: number;
    /** Hedges of calls to another, late instance. They are not counted in `total`. */
    readonly hedges: number;
    readonly lastMinute: number;
    /** Its share of the calls of the last minute, from 0 to 1. */
    readonly share: number;
    /** The last error of the last minute that it answered with. Null: there was none, or it was the caller's fault. */
    readonly lastError: string | null;
    readonly outcomes: Readonly<Record<AttemptOutcomeName, number>> | null;
    /** Calls in each of the last sixty seconds. Null: it was never called. */
    readonly seconds: readonly number[] | null;
  };
  /** Of the last 30 to 60 seconds. Null without a call in them. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number } | null;
}

/** An active fault, until `endsAt`. */
export type ActiveFaultView = Fault & { readonly text: string; readonly endsAt: number };

export type TurnStatus =
  | { readonly kind: "next" }
  /** Eligible. Other instances come first. */
  | { readonly kind: "in turn" }
  | { readonly kind: "passed over"; readonly why: string };

/** A person reads fewer rows than this; forged heartbeats could make ten thousand. The worst are kept. */
export const MAX_ROWS = 1_000;

/** The inputs of a snapshot. They are the inputs of the client's own choice, so the board shows the same choice. */
export interface MonitorSource {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** The instances that its choices avoid for now: overloaded ones, and late ones with HEDGE=1. */
  readonly deprioritized?: Incarnations | undefined;
  /** The comparison with other Markets; left out where none is received. */
  readonly markets?: () => MarketsComparison;
  /** The calls by Market and instance; null, or left out: no other Market is known. */
  readonly callers?: () => CallersView | null;
  /** The switch of shoppers; left out where there is none. */
  readonly traffic?: (() => Traffic) | undefined;
}

/** Without the bus no call can be sent, whatever the balancer would choose. */
const NO_CHOICE: Choice = { call: undefined, retests: [], newcomerProbes: [] };

export const nextChoice = ({ resolver, deprioritized }: MonitorSource, now: number, bus: BusStatus): Choice =>
  bus === "connected" ? resolver.peek(now, { deprioritized }) : NO_CHOICE;

export function turnsOf(source: MonitorSource, choice: Choice, max: number): Turns {
  const { call, retests, newcomerProbes } = choice;
  return {
    ring: source.tracker.ring
      .all()
      .slice(0, max)
      .map(({ who }) => who.incarnation),
    next: call?.who.incarnation ?? null,
    copies: [...retests, ...newcomerProbes].map(({ who }) => who.incarnation),
  };
}

/** The statistics of an incarnation. The tracker's row has its state. */
export interface InstanceStats {
  readonly attempts: AttemptStats;
  openedAt: number | undefined;
  whyOpened: string | undefined;
  /** Undefined: it has not reported that it takes faults. */
  faults: Faults | undefined;
  /** Undefined: neither breaker nor fault. */
  spans: Spans | undefined;
}

export interface RowContext {
  readonly now: number;
  /** Running time to epoch ms. */
  readonly toWall: (at: number) => number;
  readonly turn: TurnStatus;
  readonly stats: InstanceStats | undefined;
  /** The calls of all instances in the last minute. */
  readonly callsLastMinute: number;
}

const SHOWN_QUANTILES = [0.5, 0.99] as const;

export function rowOf(member: Member, context: RowContext): InstanceRow {
  const { instance, incarnation, address } = member.who;
  const { membership } = member;
  const { toWall, turn } = context;
  return {
    ...{ instance, incarnation, address },
    state: shownStateOf(member, context.stats?.attempts.isFailing(context.now) ?? false),
    membership: { kind: membership.kind, reason: membership.kind === "up" ? null : membership.reason },
    breaker: breakerOf(member.breaker, context),
    heartbeat: { at: toWall(member.lastHeartbeatAt), expiresAt: toWall(member.leaseUntil) },
    faults: faultsOf(context),
    hasAnswered: member.hasAnswered,
    late: lateOf(member, context),
    turn,
    calls: callsOf(context),
    latency: latencyOf(context),
  };
}

function lateOf({ debt }: Member, { toWall }: RowContext): InstanceRow["late"] {
  if (debt?.lateSince === undefined) return null;
  return { owes: debt.owes, since: toWall(quietSince(debt)) };
}

/** A fault ends at its time, without a message: a killed instance cannot send one. */
function faultsOf({ stats, now, toWall }: RowContext): InstanceRow["faults"] {
  if (stats?.faults === undefined) return null;
  const on = stats.faults.filter(({ until }) => now < until);
  return on.map(({ until, ...fault }) => ({ ...fault, text: faultText(fault), endsAt: toWall(until) }));
}

function breakerOf(breaker: Breaker, { toWall, stats }: RowContext): InstanceRow["breaker"] {
  const open = breaker.kind === "retesting" ? breaker.open : breaker;
  const openedAt = open.kind === "open" ? open.openedAt : stats?.openedAt;
  return {
    kind: breaker.kind,
    openedAt: openedAt === undefined ? null : toWall(openedAt),
    why: stats?.whyOpened ?? null,
    retestAt: breaker.kind === "open" ? toWall(breaker.retestAt) : null,
    answersLeft: breaker.kind === "probation" ? breaker.answersLeft : null,
  };
}

function callsOf({ stats, now, callsLastMinute }: RowContext): InstanceRow["calls"] {
  if (stats === undefined) return NO_CALLS;
  const { attempts } = stats;
  const seconds = attempts.seconds(now);
  const lastMinute = attempts.lastMinute(now);
  const share = callsLastMinute === 0 ? 0 : roundTo2(lastMinute / callsLastMinute);
  const { calls: total, copies, hedges, outcomes } = attempts;
  const lastError = attempts.lastError(now) ?? null;
  return { total, copies, hedges, lastMinute, share, ...endedCalls(attempts, now), lastError, outcomes, seconds };
}

const NO_CALLS: InstanceRow["calls"] = {
  ...{ total: 0, copies: 0, hedges: 0, lastMinute: 0, share: 0, succeeded: 0, errors: 0, success: null },
  ...{ lastError: null, outcomes: null, seconds: null },
};

export function endedCalls(attempts: AttemptStats, now: number): EndedCalls {
  const { succeeded, errors } = attempts.ended(now);
  const ended = succeeded + errors;
  return { succeeded, errors, success: ended === 0 ? null : shareDown(succeeded, ended) };
}

const SHARE_STEPS = 10_000;
/** Rounded down: with one error in a million calls not all have succeeded. */
const shareDown = (some: number, all: number): number => Math.floor((some * SHARE_STEPS) / all) / SHARE_STEPS;

function latencyOf({ stats, now }: Pick<RowContext, "stats" | "now">): InstanceRow["latency"] {
  const [p50, p99] = stats?.attempts.quantiles(SHOWN_QUANTILES, now) ?? [];
  return p50 === undefined || p99 === undefined ? null : { p50Ms: roundTo2(p50), p99Ms: roundTo2(p99) };
}

/**
 * The numbers of a row that change while its state stays the same. Times are epoch ms. `failed` counts timeouts and
 * calls without a responder. `lastSeconds` are the calls of the last seconds, the newest last. The last three fields are of
 * the last minute.
 */
export type RowDelta = readonly [
  incarnation: string,
  lastHeartbeatAt: number,
  expiresAt: number,
  calls: number,
  failed: number,
  p50Ms: number | null,
  p99Ms: number | null,
  lastSeconds: readonly number[],
  hedges: number,
  succeeded: number,
  errors: number,
  lastError: string | null,
];

const NO_SECONDS: readonly number[] = [];

interface DeltaContext extends Omit<RowContext, "turn" | "callsLastMinute"> {
  /** The number of last seconds in the delta. */
  readonly seconds: number;
}

export function deltaOf(member: Member, { toWall, stats, now, seconds }: DeltaContext): RowDelta {
  const head = [member.who.incarnation, toWall(member.lastHeartbeatAt), toWall(member.leaseUntil)] as const;
  if (stats === undefined) return [...head, 0, 0, null, null, NO_SECONDS, 0, 0, 0, null];
  const { attempts } = stats;
  const [p50, p99] = attempts.quantiles(SHOWN_QUANTILES, now) ?? [];
  const failed = attempts.outcomes.timeout + attempts.outcomes.unreachable;
  const rounded =
    p50 === undefined || p99 === undefined ? ([null, null] as const) : ([roundTo2(p50), roundTo2(p99)] as const);
  const { succeeded, errors } = attempts.ended(now);
  const lastMinute = [succeeded, errors, attempts.lastError(now) ?? null] as const;
  return [
    ...[...head, attempts.calls, failed, ...rounded, attempts.lastSeconds(seconds, now), attempts.hedges],
    ...lastMinute,
  ] as const;
}

/**
 * The reason why the next call passes over an instance. It decides nothing: `choice` comes from the balancer's own
 * `peek`, and the reasons are read from the same states that the balancer reads.
 */
export function turnStatusOf(member: Member, choice: Choice, source: MonitorSource, moment: Moment): TurnStatus {
  if (choice.call === member) return { kind: "next" };
  const why = whyExcluded(member, source, moment) ?? whyAfterOthers(member, choice, source, moment.now);
  return why === undefined ? { kind: "in turn" } : { kind: "passed over", why };
}

export interface Moment {
  /** In running time. */
  readonly now: number;
  readonly bus: BusStatus;
}

/** It gets no call. The first cause comes first: without the bus it gets none, whatever its breaker is. */
function whyExcluded(member: Member, { tracker }: MonitorSource, { now, bus }: Moment): string | undefined {
  const { membership, breaker } = member;
  if (membership.kind === "gone")
    return membership.reason === "left" ? "it has left" : `it is lost: ${membership.reason}`;
  if (membership.kind === "draining") return "it is leaving: it finishes its running calls";
  if (bus !== "connected") return "the bus is disconnected";
  if (!tracker.isLive(member, now)) return "its last heartbeat has expired";
  if (breaker.kind === "open") return "its breaker is open";
  if (breaker.kind === "retesting") return "its breaker is open, and a retest is in flight";
  return undefined;
}

/** It gets calls that no other takes. */
function whyAfterOthers(
  member: Member,
  { call: next }: Choice,
  source: MonitorSource,
  now: number,
): string | undefined {
  const why = whyLastResort(member, source, now);
  // Where the next one is so as well, all are, and they take turns.
  if (why !== undefined) return next !== undefined && whyLastResort(next, source, now) !== undefined ? undefined : why;
  if (isPassedOver(member, source.tracker, now)) return `it is late: ${whyLate(member)}`;
  if (member.hasAnswered || !source.tracker.quarantine.isActive(now)) return undefined;
  return "it has never answered, and other newcomers did not answer either";
}

function whyLastResort(member: Member, { deprioritized }: MonitorSource, now: number): string | undefined {
  if (eligibility(member.breaker, now) === "guarded") return "it is on probation, and its one call has not ended";
  if (deprioritized?.has(member.who.incarnation))
    return "it is overloaded: others come first until the time that it asked for is over";
  // Without the time since then: the text is compared, and sent to every viewer when it has changed.
  return isLate(member) ? `it is late: ${whyLate(member)}` : undefined;
}

const isPassedOver = (member: Member, { lateness, rotation }: Tracker, now: number): boolean =>
  isWarned(member) && lateness.warnings.passesOver(member, rotation.all(), undefined, now);

/** The debt comes last: views add for how long. */
function whyLate(member: Member): string {
  const { debt, warning } = member;
  const whys = [
    ...(warning !== undefined && isWarned(member) ? [`${warning.by} warns of it`] : []),
    ...(debt !== undefined && isLate(member) ? [`it owes ${countWords(debt.owes, "answer")}`] : []),
  ];
  return whys.join("; ");
}

/** The addresses on the admin port. The Market serves them, and `bin/dwc` calls them. */
export const BOARD_PATHS = {
  page: "/board",
  data: "/board.json",
  feed: "/board/events",
  history: "/board/history",
  metrics: "/metrics",
} as const;

/** The answer of the shop's port to these paths. Shoppers read it too: it names neither the port nor a setting. */
export const ON_ADMIN_PORT = "the board, the metrics and the faults are on the admin port of the Market’s own machine";
