// The status of each instance as a caller believes it, with the reason.

import { heartbeatMayClose } from "../health/breaker.ts";
import { type InstanceRef, isLate, type Member } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { isWarned } from "../health/warnings.ts";

/** What a client believes of an instance, in one word. */
export type InstanceState =
  /** It gets calls in turn. */
  | "healthy"
  /** It gets calls. The next timeout opens its breaker for twice as long. */
  | "probation"
  /** Its breaker is open: it did not answer in time, and gets no calls. */
  | "open"
  /** A copy of a call is under way to it. Its answer closes the breaker. */
  | "retesting"
  /** It finishes its calls, and gets no new ones. */
  | "draining"
  /** It has said goodbye. */
  | "left"
  /** It is dead, or its heartbeats have ended. */
  | "lost";

export interface InstanceStatus extends InstanceRef {
  readonly state: InstanceState;
  /** Whether a call may be sent to it now. */
  readonly takesCalls: boolean;
  /** For a person: what the state follows from. */
  readonly why: string;
  /** The operations that it has. */
  readonly operations: readonly string[];
  /** How long ago its last heartbeat arrived, in ms. */
  readonly heartbeatAgeMs: number;
}

/** @returns all that are known, by number. One that has left is known for some minutes */
export function statusesOf(tracker: Tracker, now: number): readonly InstanceStatus[] {
  return [...tracker.all()].map((member) => statusOf(member, tracker, now)).sort(byNumber);
}

const byNumber = (a: InstanceStatus, b: InstanceStatus): number =>
  a.instance - b.instance || b.heartbeatAgeMs - a.heartbeatAgeMs;

function statusOf(member: Member, tracker: Tracker, now: number): InstanceStatus {
  const { who, operations, lastHeartbeatAt } = member;
  const isLive = tracker.isLive(member, now);
  const { state, why } = isLive ? breakerStatus(member, now) : absentStatus(member);
  const takesCalls = isLive && (state === "healthy" || state === "probation");
  return { ...who, state, takesCalls, why, operations, heartbeatAgeMs: Math.round(now - lastHeartbeatAt) };
}

interface StateAndReason {
  readonly state: InstanceState;
  readonly why: string;
}

function absentStatus({ membership }: Member): StateAndReason {
  switch (membership.kind) {
    case "draining":
      return {
        state: "draining",
        why: membership.reason === "goodbye" ? "it said that it leaves" : "it refused a call",
      };
    case "gone":
      return membership.reason === "left"
        ? { state: "left", why: "it said goodbye" }
        : { state: "lost", why: membership.reason };
    case "up":
      return { state: "lost", why: "no heartbeat" };
  }
}

function breakerStatus(member: Member, now: number): StateAndReason {
  const { breaker } = member;
  switch (breaker.kind) {
    case "closed":
      return { state: "healthy", why: whyHealthy(member) };
    case "probation":
      return { state: "probation", why: `${breaker.answersLeft} more answers end its probation` };
    case "retesting":
      return { state: "retesting", why: "a retest is under way to it" };
    case "open": {
      const inMs = Math.max(0, Math.round(breaker.retestAt - now));
      const orHeartbeat = heartbeatMayClose(breaker) ? ", or ends with a heartbeat before" : "";
      return { state: "open", why: `it did not answer in time; its retest is due in ${inMs} ms${orHeartbeat}` };
    }
  }
}

function whyHealthy(member: Member): string {
  if (isLate(member)) return "it owes an answer for too long, and gets calls only if no other can take them";
  if (member.warning !== undefined && isWarned(member))
    return `${member.warning.by} warns of it, and it gets calls only if no other can take them`;
  return member.hasAnswered ? "it answers calls" : "its heartbeats arrive";
}
