// Warnings: which instances other callers warn of. A caller that waits for an answer for too long says so, and the others
// pass that instance over, as if it were late, before they have lost a call to it themselves. So an instance that hangs
// costs all callers together the calls of the first moments.
//
// A warning is a claim of another process, so it can do little:
// - It opens no breaker, and no call fails by it. If no other instance can take a call, the instance gets it.
// - It ends with the first answer of the instance to a call of ours, when its sender withdraws it, and after one lease of
//   the instance at the latest. After that the same sender's warnings count again once the instance has answered us.
// - It does not count if the instance has answered us since the call that its sender waits for.
// - While it is warned of more than half of the instances in the rotation, no warning counts. Most instances do not hang at
//   once unless their network does, and then each caller sees that itself. Otherwise a sender that warns of all would
//   press all calls on the one instance that answered first.

import { isOpen } from "./breaker.ts";
import type { HealthEvent, Member } from "./member.ts";

/** A warning as it arrives. */
export interface ReceivedWarning {
  /** The process that sent it, as its subject names it. */
  readonly sender: string;
  /** Its name, for people: a claim. */
  readonly by: string;
  /** How long its sender had waited for an answer when it was sent. */
  readonly quietMs: number;
}

/** What is known of the warnings of one member. */
export interface Warning {
  /** The senders whose warnings have counted since the member last answered us. */
  readonly senders: readonly string[];
  /** Of the latest that counted. */
  readonly by: string;
  /** It counts until then. */
  readonly until: number;
  /** Undefined: it counts. */
  readonly over: WhyOver | undefined;
}

type WhyOver = "withdrawn" | "expired";

/**
 * The most senders whose warnings count without an answer in between. So an instance is passed over for eight leases at
 * most, however many callers warn of it.
 */
const MAX_SENDERS = 8;
/** A sender that has waited for less cannot know anything: a garbage collection takes as long. */
const MIN_QUIET_MS = 20;

export class Warnings {
  /** Members whose warning counts. */
  readonly #warned = new Set<Member>();

  /** The number of members whose warning counts. */
  get size(): number {
    return this.#warned.size;
  }

  /** Whether a pick passes `member` over. @param candidates the size of the rotation */
  passesOver(member: Member, candidates: number, now: number): boolean {
    if (this.#warned.size === 0 || 2 * this.#warned.size > candidates) return false;
    return isWarned(member) && now < (member.warning?.until ?? 0);
  }

  /** A warning has arrived. @returns the events that the caller has to emit */
  receive(member: Member, { sender, by, quietMs }: ReceivedWarning, now: number): readonly HealthEvent[] {
    if (!mayBeWarned(member) || hasAnsweredSince(member, now - Math.max(quietMs, MIN_QUIET_MS))) return NO_EVENTS;
    const senders = member.warning?.senders ?? [];
    if (senders.includes(sender) || senders.length >= MAX_SENDERS) return NO_EVENTS;
    const isFirst = !isWarned(member);
    const leaseMs = member.leaseUntil - member.lastHeartbeatAt;
    member.warning = { senders: [...senders, sender], by, until: now + leaseMs, over: undefined };
    this.#warned.add(member);
    return isFirst ? [{ kind: "warned", who: member.who, by, quietMs }] : NO_EVENTS;
  }

  /** A sender takes its warning back: the instance has answered it, or sends heartbeats again. */
  withdraw(member: Member, sender: string, now: number): readonly HealthEvent[] {
    const isItsOwn = member.warning?.senders.includes(sender) === true;
    return isItsOwn ? this.#end(member, "withdrawn", now) : NO_EVENTS;
  }

  /** The member has answered a call of ours. */
  answered(member: Member): readonly HealthEvent[] {
    if (member.warning === undefined) return NO_EVENTS;
    const wasWarned = this.#warned.delete(member);
    member.warning = undefined;
    return wasWarned ? [{ kind: "warning-over", who: member.who, why: "answered" }] : NO_EVENTS;
  }

  /** The member has left the rotation: it gets no calls anyway, for a reason of our own. */
  left(member: Member): void {
    this.#warned.delete(member);
    member.warning = undefined;
  }

  /** Ends the warnings whose time is over. */
  tick(now: number): readonly HealthEvent[] {
    if (this.#warned.size === 0) return NO_EVENTS;
    return [...this.#warned].flatMap((member) =>
      now < (member.warning?.until ?? 0) ? NO_EVENTS : this.#end(member, "expired", now),
    );
  }

  #end(member: Member, why: WhyOver, now: number): readonly HealthEvent[] {
    if (!this.#warned.delete(member) || member.warning === undefined) return NO_EVENTS;
    member.warning = { ...member.warning, until: now, over: why };
    return [{ kind: "warning-over", who: member.who, why }];
  }
}

/** Another caller's warning of it counts. */
export const isWarned = ({ warning }: Member): boolean => warning !== undefined && warning.over === undefined;

/** It is in the rotation. */
const mayBeWarned = ({ membership, breaker, evicted }: Member): boolean =>
  membership.kind === "up" && !evicted && !isOpen(breaker);

const hasAnsweredSince = ({ debt }: Member, since: number): boolean => debt !== undefined && debt.answeredAt >= since;

const NO_EVENTS: readonly HealthEvent[] = [];
