// One incarnation as the board shows it: membership by the bus, breaker by our calls, and the results of its calls. The
// field names are published (docs/observing.md). Times are epoch ms, so that a page can count them on by itself.

import type { Breaker } from "../health/breaker.ts";
import type { Member, Membership } from "../health/member.ts";
import { faultText } from "../service/core/fault-status.ts";
import type { Fault, Faults } from "../service/core/faults.ts";
import { roundTo2 } from "../util/format.ts";
import type { AttemptOutcomeName, AttemptStats } from "./attempt-stats.ts";
import type { TurnStatus } from "./explain.ts";
import type { InstanceState } from "./state.ts";

/** An active fault, until `endsAt`. */
export type ActiveFault = Fault & { readonly text: string; readonly endsAt: number };

export interface InstanceRow {
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  readonly state: InstanceState;
  readonly membership: { readonly kind: Membership["kind"]; readonly reason: string | null };
  readonly breaker: {
    readonly kind: Breaker["kind"];
    /** Of the last opening; null when it never opened. */
    readonly openedAt: number | null;
    readonly why: string | null;
    /** When the next retest is due; null unless it is open. */
    readonly retestAt: number | null;
    /** How many answers a probation still asks for; null unless it is on one. */
    readonly answersLeft: number | null;
  };
  readonly heartbeat: { readonly at: number; readonly expiresAt: number };
  /** Those that it said are on, each with its end; null: it takes none (CHAOS=1 was not given to it). */
  readonly faults: readonly ActiveFault[] | null;
  /** Has answered a call at least once. */
  readonly hasAnswered: boolean;
  readonly turn: TurnStatus;
  readonly calls: {
    readonly total: number;
    readonly copies: number;
    /** Sent to it beside a call that another was late with; not among the calls. */
    readonly hedges: number;
    readonly lastMinute: number;
    /** Of all calls of the last minute, from 0 to 1. */
    readonly share: number;
    readonly outcomes: Readonly<Record<AttemptOutcomeName, number>> | null;
    /** In each of the last sixty seconds; null when it was never called. */
    readonly seconds: readonly number[] | null;
  };
  /** Of the last half to whole minute; null without a call in it. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number } | null;
}

/** The statistics of an incarnation, beside the tracker's own row. */
export interface InstanceStats {
  readonly attempts: AttemptStats;
  openedAt: number | undefined;
  whyOpened: string | undefined;
  /** Undefined: it has not said that it takes any. */
  faults: Faults | undefined;
}

export function stateOf({ membership, breaker }: Member): InstanceState {
  // A paused process is first seen by its breaker and then by its silence: what it is called stays the same.
  if (breaker.kind === "open" || breaker.kind === "retesting") {
    if (membership.kind === "up") return breaker.kind;
  }
  if (membership.kind === "gone") return membership.reason === "left" ? "left" : "lost";
  if (membership.kind === "draining") return "draining";
  return breaker.kind === "probation" ? "probation" : "healthy";
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
    state: stateOf(member),
    membership: { kind: membership.kind, reason: membership.kind === "up" ? null : membership.reason },
    breaker: breakerOf(member.breaker, context),
    heartbeat: { at: toWall(member.lastHeartbeatAt), expiresAt: toWall(member.leaseUntil) },
    faults: faultsOf(context),
    hasAnswered: member.hasAnswered,
    turn,
    calls: callsOf(context),
    latency: latencyOf(context),
  };
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
  if (stats === undefined)
    return { total: 0, copies: 0, hedges: 0, lastMinute: 0, share: 0, outcomes: null, seconds: null };
  const { attempts } = stats;
  const seconds = attempts.seconds(now);
  const lastMinute = seconds.reduce((sum, count) => sum + count, 0);
  const share = callsLastMinute === 0 ? 0 : roundTo2(lastMinute / callsLastMinute);
  const { calls: total, copies, hedges } = attempts;
  return { total, copies, hedges, lastMinute, share, outcomes: attempts.outcomes, seconds };
}

function latencyOf({ stats, now }: Pick<RowContext, "stats" | "now">): InstanceRow["latency"] {
  const [p50, p99] = stats?.attempts.quantiles(SHOWN_QUANTILES, now) ?? [];
  return p50 === undefined || p99 === undefined ? null : { p50Ms: roundTo2(p50), p99Ms: roundTo2(p99) };
}

/**
 * The numbers of a row that change without its state: incarnation; heard at and counts until, in epoch ms; calls in all;
 * of those failed; p50 and p99 in ms; the calls of the last seconds, the newest last; and hedges in all.
 */
export type RowDelta = readonly [
  ...[incarnation: string, heardAt: number, expiresAt: number, calls: number, failed: number],
  ...[p50Ms: number | null, p99Ms: number | null, lastSeconds: readonly number[], hedges: number],
];

const NO_SECONDS: readonly number[] = [];

interface DeltaContext extends Omit<RowContext, "turn" | "callsLastMinute"> {
  /** How many of the last seconds go with it. */
  readonly seconds: number;
}

export function deltaOf(member: Member, { toWall, stats, now, seconds }: DeltaContext): RowDelta {
  const head = [member.who.incarnation, toWall(member.lastHeartbeatAt), toWall(member.leaseUntil)] as const;
  if (stats === undefined) return [...head, 0, 0, null, null, NO_SECONDS, 0];
  const { attempts } = stats;
  const [p50, p99] = attempts.quantiles(SHOWN_QUANTILES, now) ?? [];
  const failed = attempts.outcomes.timeout + attempts.outcomes.unreachable;
  const rounded =
    p50 === undefined || p99 === undefined ? ([null, null] as const) : ([roundTo2(p50), roundTo2(p99)] as const);
  return [...head, attempts.calls, failed, ...rounded, attempts.lastSeconds(seconds, now), attempts.hedges];
}

/** More digits than this are noise, and bytes to two hundred viewers. */
