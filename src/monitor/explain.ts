// The reason why the next call would pass over an instance. It decides nothing: the choice is the resolver's own `peek`,
// and the reasons are read from the same states that the resolver reads.

import type { Choice } from "../health/balancer.ts";
import { eligibility } from "../health/breaker.ts";
import type { Member } from "../health/member.ts";
import type { MonitorSource } from "./monitor-source.ts";
export type TurnStatus =
  | { readonly kind: "next" }
  /** Eligible; other instances come first. */
  | { readonly kind: "in turn" }
  | { readonly kind: "passed over"; readonly why: string };

/** @param choice what the resolver would do now */
export function turnStatusOf(member: Member, choice: Choice, source: MonitorSource, now: number): TurnStatus {
  if (choice.call === member) return { kind: "next" };
  const why = reasonPassedOver(member, source, now);
  return why === undefined ? { kind: "in turn" } : { kind: "passed over", why };
}

function reasonPassedOver(member: Member, { tracker, deprioritized }: MonitorSource, now: number): string | undefined {
  const { membership, breaker } = member;
  if (membership.kind === "gone") return `it is gone: ${membership.reason}`;
  if (membership.kind === "draining") return "it is leaving, and finishes what it has";
  if (!tracker.isLive(member, now)) return "its last heartbeat no longer counts";
  if (breaker.kind === "open") return "its breaker is open";
  if (breaker.kind === "retesting") return "its breaker is open, and a retest is out";
  if (eligibility(breaker, now) === "guarded") return "it is on probation, and has a call to prove itself on";
  if (deprioritized?.has(member.who.incarnation))
    return "another has answered a call that it still has: it gets none until then";
  if (!member.hasAnswered && tracker.quarantine.isActive(now))
    return "it has never answered, and strangers let callers down";
  return undefined;
}
