// One incarnation as the table knows it: its membership (what the bus says of it) and its breaker (what our own calls
// say), side by side and never merged: a paused process is up with an open breaker, a killed one is gone with none.

import { type Breaker, freshBreaker } from "./breaker.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** Who is meant, in words that can be told. */
export interface InstanceRef {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
}

export type Membership =
  | { readonly kind: "up" }
  /** Finishes what it has, gets nothing new: said goodbye, or took no call and has not beaten since. */
  | { readonly kind: "draining"; readonly how: "said so" | "took no call" }
  | { readonly kind: "gone"; readonly since: number; readonly how: "left" | "no heartbeat" | "nobody answers there" };

/** A row of the table. Its owner, the tracker, changes it in place: a copy per heartbeat would cost more than the rest. */
export interface Member {
  readonly who: InstanceRef;
  /** As its first heartbeat promised: it is what its program can do, and no state. */
  readonly answersOnce: boolean;
  membership: Membership;
  breaker: Breaker;
  /** Highest sequence number heard, so that a beat overtaken by a later one is known. */
  seq: number;
  lastHeartbeatAt: number;
  /** When it came, or came back. */
  joinedAt: number;
  /** That its number is taken twice since then has been told. */
  duplicateReported: boolean;
  /** Until when its last heartbeat counts. */
  leaseUntil: number;
  /** No longer in the table; one that beats again gets a row of its own. */
  evicted: boolean;
  /** Has answered a call of ours at least once: no forged heartbeat can do that. */
  proven: boolean;
}

/** The same for all, for the reason that a fresh breaker is. */
export const UP: Membership = { kind: "up" };

export function newMember(beat: Heartbeat, now: number): Member {
  const { service, instance, incarnation, address, answersOnce } = beat;
  return {
    who: { service, instance, incarnation, address },
    answersOnce,
    membership: UP,
    breaker: freshBreaker(),
    seq: -1,
    lastHeartbeatAt: now,
    joinedAt: now,
    duplicateReported: false,
    leaseUntil: now,
    evicted: false,
    proven: false,
  };
}

/** Up, and its last heartbeat still counts. */
export const isLive = (member: Member, now: number): boolean =>
  member.membership.kind === "up" && now < member.leaseUntil;

/** Goodbye is for good: a process that lives on after it would be a new incarnation. */
export const saidGoodbye = ({ membership }: Member): boolean =>
  (membership.kind === "draining" && membership.how === "said so") ||
  (membership.kind === "gone" && membership.how === "left");

/** Order of turns: by number, then by incarnation, so that two of one number have places of their own. */
export function compareByInstance(a: InstanceRef, b: InstanceRef): number {
  if (a.instance !== b.instance) return a.instance - b.instance;
  return a.incarnation < b.incarnation ? -1 : a.incarnation > b.incarnation ? 1 : 0;
}
