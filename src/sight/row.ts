// One incarnation as it is shown: what the bus says of it, what our calls say of it, and what its calls came to. The
// field names are published (docs/observing.md); times are epoch ms, so that whoever shows them can let them run.

import type { Breaker } from "../health/breaker.ts";
import type { Member, Membership } from "../health/member.ts";
import { faultText } from "../service/core/fault-status.ts";
import type { Fault, Faults } from "../service/core/faults.ts";
import type { Turn } from "./explain.ts";
import type { State } from "./state.ts";
import type { Outcome, Tally } from "./tally.ts";

/** A fault that is on, until `endsAt`. */
export type FaultShown = Fault & { readonly text: string; readonly endsAt: number };

export interface InstanceRow {
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  readonly state: State;
  readonly membership: { readonly kind: Membership["kind"]; readonly how: string | null };
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
  readonly heartbeat: { readonly at: number; readonly countsUntil: number };
  /** Those that it said are on, each with its end; null: it takes none (CHAOS=1 was not given to it). */
  readonly faults: readonly FaultShown[] | null;
  /** Has answered a call at least once. */
  readonly proven: boolean;
  readonly turn: Turn;
  readonly calls: {
    readonly total: number;
    readonly copies: number;
    /** Sent to it beside a call that another was late with; not among the calls. */
    readonly hedges: number;
    readonly lastMinute: number;
    /** Of all calls of the last minute, from 0 to 1. */
    readonly share: number;
    readonly outcomes: Readonly<Record<Outcome, number>> | null;
    /** In each of the last sixty seconds; null when it was never called. */
    readonly seconds: readonly number[] | null;
  };
  /** Of the last half to whole minute; null without a call in it. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number } | null;
}

/** What is remembered of an incarnation beside the tracker's own row. */
export interface Memory {
  readonly tally: Tally;
  openedAt: number | undefined;
  whyOpened: string | undefined;
  /** Undefined: it has not said that it takes any. */
  faults: Faults | undefined;
}

export function stateOf({ membership, breaker }: Member): State {
  // A paused process is first seen by its breaker and then by its silence: what it is called stays the same.
  if (breaker.kind === "open" || breaker.kind === "retesting") {
    if (membership.kind === "up") return breaker.kind;
  }
  if (membership.kind === "gone") return membership.how === "left" ? "left" : "lost";
  if (membership.kind === "draining") return "draining";
  return breaker.kind === "probation" ? "probation" : "well";
}

export interface RowSurroundings {
  readonly now: number;
  /** Running time to epoch ms. */
  readonly toWall: (at: number) => number;
  readonly turn: Turn;
  readonly memory: Memory | undefined;
  /** Calls of everybody in the last minute. */
  readonly callsLastMinute: number;
}

const SHOWN_QUANTILES = [0.5, 0.99] as const;

export function rowOf(member: Member, around: RowSurroundings): InstanceRow {
  const { instance, incarnation, address } = member.who;
  const { membership } = member;
  const { toWall, turn } = around;
  return {
    ...{ instance, incarnation, address },
    state: stateOf(member),
    membership: { kind: membership.kind, how: membership.kind === "up" ? null : membership.how },
    breaker: breakerOf(member.breaker, around),
    heartbeat: { at: toWall(member.lastHeartbeatAt), countsUntil: toWall(member.leaseUntil) },
    faults: faultsOf(around),
    proven: member.proven,
    turn,
    calls: callsOf(around),
    latency: latencyOf(around),
  };
}

/** What is over is over, whether it was heard or not: who was killed cannot say so. */
function faultsOf({ memory, now, toWall }: RowSurroundings): InstanceRow["faults"] {
  if (memory?.faults === undefined) return null;
  const on = memory.faults.filter(({ until }) => now < until);
  return on.map(({ until, ...fault }) => ({ ...fault, text: faultText(fault), endsAt: toWall(until) }));
}

function breakerOf(breaker: Breaker, { toWall, memory }: RowSurroundings): InstanceRow["breaker"] {
  const open = breaker.kind === "retesting" ? breaker.open : breaker;
  const openedAt = open.kind === "open" ? open.openedAt : memory?.openedAt;
  return {
    kind: breaker.kind,
    openedAt: openedAt === undefined ? null : toWall(openedAt),
    why: memory?.whyOpened ?? null,
    retestAt: breaker.kind === "open" ? toWall(breaker.retestAt) : null,
    answersLeft: breaker.kind === "probation" ? breaker.answersLeft : null,
  };
}

function callsOf({ memory, now, callsLastMinute }: RowSurroundings): InstanceRow["calls"] {
  if (memory === undefined)
    return { total: 0, copies: 0, hedges: 0, lastMinute: 0, share: 0, outcomes: null, seconds: null };
  const { tally } = memory;
  const seconds = tally.seconds(now);
  const lastMinute = seconds.reduce((sum, count) => sum + count, 0);
  const share = callsLastMinute === 0 ? 0 : hundredth(lastMinute / callsLastMinute);
  const { calls: total, copies, hedges } = tally;
  return { total, copies, hedges, lastMinute, share, outcomes: tally.outcomes, seconds };
}

function latencyOf({ memory, now }: Pick<RowSurroundings, "memory" | "now">): InstanceRow["latency"] {
  const [p50, p99] = memory?.tally.quantiles(SHOWN_QUANTILES, now) ?? [];
  return p50 === undefined || p99 === undefined ? null : { p50Ms: hundredth(p50), p99Ms: hundredth(p99) };
}

/**
 * The numbers of a row that change without its state: incarnation; heard at and counts until, in epoch ms; calls in all;
 * of those failed; p50 and p99 in ms; the calls of the last seconds, the newest last; and hedges in all.
 */
export type Count = readonly [
  ...[incarnation: string, heardAt: number, countsUntil: number, calls: number, failed: number],
  ...[p50Ms: number | null, p99Ms: number | null, lastSeconds: readonly number[], hedges: number],
];

const NO_SECONDS: readonly number[] = [];

interface CountSurroundings extends Omit<RowSurroundings, "turn" | "callsLastMinute"> {
  /** How many of the last seconds go with it. */
  readonly seconds: number;
}

export function countOf(member: Member, { toWall, memory, now, seconds }: CountSurroundings): Count {
  const heard = [member.who.incarnation, toWall(member.lastHeartbeatAt), toWall(member.leaseUntil)] as const;
  if (memory === undefined) return [...heard, 0, 0, null, null, NO_SECONDS, 0];
  const { tally } = memory;
  const [p50, p99] = tally.quantiles(SHOWN_QUANTILES, now) ?? [];
  const failed = tally.outcomes.timeout + tally.outcomes.unreachable;
  const rounded =
    p50 === undefined || p99 === undefined ? ([null, null] as const) : ([hundredth(p50), hundredth(p99)] as const);
  return [...heard, tally.calls, failed, ...rounded, tally.lastSeconds(seconds, now), tally.hedges];
}

/** More digits than this are noise, and bytes to two hundred viewers. */
const hundredth = (value: number): number => Math.round(value * 100) / 100;
