// A member: one incarnation, as a row of the tracker's table. Its membership says what heartbeats and the bus show of
// it, and its breaker how our own calls to it went. The two are never merged: a paused process is up with an open
// breaker, a killed one is gone with a closed one.

import { type Breaker, type BreakerTransition, freshBreaker } from "./breaker.ts";
import type { Debt } from "./debt.ts";
import { DEFAULT_OPERATIONS, type Heartbeat } from "./heartbeat.ts";
import type { Warning } from "./warnings.ts";

/** Identifies an incarnation in events, logs and pages. */
export interface InstanceRef {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
}

/** Whether an incarnation is there, as the bus has it. Its breaker is another matter. */
export type Membership =
  | { readonly kind: "up" }
  /**
   * Finishes its running calls and gets no new ones. `goodbye`: its heartbeat said so, and that is final. `refused
   * call`: it refused a call (503 or 504), and a later heartbeat brings it back.
   */
  | { readonly kind: "draining"; readonly reason: "goodbye" | "refused call" }
  | { readonly kind: "gone"; readonly since: number; readonly reason: "left" | "no heartbeat" | "no responders" };

/** A row of the table. The tracker changes it in place: a copy per heartbeat would cost more than all the rest. */
export interface Member {
  readonly who: InstanceRef;
  /** Taken from the first heartbeat: it describes the program and cannot change while the process runs. */
  readonly answersOnce: boolean;
  /** The same for its operations. */
  readonly operations: readonly string[];
  membership: Membership;
  breaker: Breaker;
  /** The highest sequence number received. A heartbeat with a lower one arrived out of order. */
  seq: number;
  lastHeartbeatAt: number;
  /** When it joined, or last returned. */
  joinedAt: number;
  /** Since `joinedAt` it was reported as a second live member with the number of another. */
  duplicateReported: boolean;
  /** When its lease expires. Each heartbeat that says `up` renews it, until a goodbye. */
  leaseUntil: number;
  /** How long a lease is: what its sender promises, and no time of a disconnected bus. */
  leaseMs: number;
  /** No longer in the table. A later heartbeat of this incarnation gets a new row. */
  evicted: boolean;
  /** Has answered one of our calls. A forged heartbeat cannot set this. */
  hasAnswered: boolean;
  /** The answers that it owes us. Undefined: it was never sent a call. */
  debt: Debt | undefined;
  /** What other callers say of it (warnings.ts). Undefined: nothing since it last answered us. */
  warning: Warning | undefined;
}

/** Emitted by the tracker, exactly once for each change of state. */
export type HealthEvent =
  | { readonly kind: "joined" | "returned" | "draining" | "left"; readonly who: InstanceRef }
  | {
      readonly kind: "lost";
      readonly who: InstanceRef;
      readonly why: "no heartbeat" | "no responders";
      readonly silentMs: number;
    }
  /** It owes answers, and has answered nothing for so long: it gets no new calls while others are not late. */
  | { readonly kind: "late"; readonly who: InstanceRef; readonly owes: number; readonly quietMs: number }
  /** It was late for so long, and has answered. */
  | { readonly kind: "on-time"; readonly who: InstanceRef; readonly lateMs: number }
  /** The caller `by` waits for its answer for so long: it gets no new calls while others are not late. */
  | { readonly kind: "warned"; readonly who: InstanceRef; readonly by: string; readonly quietMs: number }
  /** It is warned of no more. */
  | {
      readonly kind: "warning-over";
      readonly who: InstanceRef;
      readonly why: "answered" | "withdrawn" | "expired" | "refuted";
    }
  /** Two live incarnations have the same number. */
  | { readonly kind: "duplicate"; readonly who: InstanceRef; readonly other: InstanceRef }
  /** The table is full of proven members, and a newcomer was rejected. Emitted once until there is room again. */
  | { readonly kind: "table-full"; readonly who: InstanceRef; readonly limit: number }
  | ({ readonly who: InstanceRef } & BreakerTransition);

/** One object for all members, so that it stays in the CPU cache. */
export const UP: Membership = { kind: "up" };

export function newMember(beat: Heartbeat, now: number, operations: readonly string[] = beat.operations): Member {
  const { service, instance, incarnation, address, answersOnce } = beat;
  return {
    who: { service, instance, incarnation, address },
    answersOnce,
    operations,
    membership: UP,
    breaker: freshBreaker(),
    seq: beat.seq,
    lastHeartbeatAt: now,
    joinedAt: now,
    duplicateReported: false,
    leaseUntil: now,
    leaseMs: 0,
    evicted: false,
    hasAnswered: false,
    debt: undefined,
    warning: undefined,
  };
}

/** Up, with a lease that has not expired. */
export const isLive = (member: Member, now: number): boolean =>
  member.membership.kind === "up" && now < member.leaseUntil;

/** It sends heartbeats, as far as a tick has found, and is in the table. */
export const isUp = ({ membership, evicted }: Member): boolean => membership.kind === "up" && !evicted;

/** It owes us an answer for too long. */
export const isLate = ({ debt }: Member): boolean => debt?.lateSince !== undefined;

/**
 * Of `members`, by age: the oldest that is gone or has never answered. One with calls in flight is the last choice if it is not
 * gone, because it is not asked if it is there once it is evicted.
 */
export function toEvict(members: Iterable<Member>): Member | undefined {
  let busy: Member | undefined;
  for (const member of members) {
    const isGone = member.membership.kind === "gone";
    if (!isGone && member.hasAnswered) continue;
    if (isGone || (member.debt?.inFlight ?? 0) === 0) return member;
    busy ??= member;
  }
  return busy;
}

/** A goodbye is final: if the program runs again later, it is a new incarnation. */
export const saidGoodbye = ({ membership }: Member): boolean =>
  (membership.kind === "draining" && membership.reason === "goodbye") ||
  (membership.kind === "gone" && membership.reason === "left");

/** The order of the rotation: by number, then by incarnation, so that duplicates have positions of their own. */
export function compareByInstance(a: InstanceRef, b: InstanceRef): number {
  if (a.instance !== b.instance) return a.instance - b.instance;
  if (a.incarnation === b.incarnation) return 0;
  return a.incarnation < b.incarnation ? -1 : 1;
}

/**
 * Reports two live incarnations of one number, once; both stay in use. The older one must have sent a heartbeat since
 * the newer one joined. Otherwise it may be the dead process before a restart, whose lease has not expired yet.
 */
export function detectDuplicate(one: Member, other: Member): readonly HealthEvent[] {
  const [earlier, later] = hasJoinedLater(one, other) ? [other, one] : [one, other];
  const bothRun = earlier.lastHeartbeatAt >= later.joinedAt;
  if (!bothRun || later.duplicateReported) return [];
  later.duplicateReported = true;
  return [{ kind: "duplicate", who: later.who, other: earlier.who }];
}

/** Of two that joined at the same time, always the same one is the later, because it keeps `duplicateReported`. */
function hasJoinedLater(one: Member, other: Member): boolean {
  return one.joinedAt === other.joinedAt ? compareByInstance(one.who, other.who) > 0 : one.joinedAt > other.joinedAt;
}

/**
 * One list of operations for members of the same version. Only the last list is kept: a fleet has one or two, and any
 * client of an open bus can invent others.
 */
export class OperationLists {
  #last: readonly string[] = DEFAULT_OPERATIONS;

  shared(operations: readonly string[]): readonly string[] {
    const isSame =
      operations.length === this.#last.length && operations.every((name, index) => name === this.#last[index]);
    if (!isSame) this.#last = operations;
    return this.#last;
  }
}
