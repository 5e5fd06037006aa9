// Warnings: which instances other callers warn of. A caller that waits for an answer for too long says so, and the others
// pass that instance over, as if it were late, before they have lost a call to it themselves. So an instance that hangs
// costs all callers together the calls of the first moments.
//
// A warning is a claim of another process, so it can do little:
// - It opens no breaker, and no call fails by it. If no other instance can take a call, the instance gets it.
// - It ends with the first answer of the instance to a call of ours, when its sender withdraws it, and after one lease of
//   the instance at the latest. The same sender's warnings of it count again after such an answer.
// - Such an answer refutes its sender: for one lease no warning of that sender counts, of whatever instance. It does not if it
//   took longer than a typical answer, or if we had opened the breaker of the instance ourselves: an honest sender sees that too.
// - It does not count if the instance has answered us since the call that its sender waits for.
// - While more than half of the proven instances that could take a call are warned of, no warning counts. Most instances do
//   not hang at once unless their network does, and then each caller sees that itself. Otherwise a sender that warns of all
//   would press all calls on the one instance that answered first. Unproven ones are left out: anyone can invent them.

import { isOpen } from "./breaker.ts";
import type { HealthEvent, Member } from "./member.ts";

/** A warning as it arrives. */
export interface ReceivedWarning {
  /** The user that sent it, on a bus with logins; otherwise the process. */
  readonly sender: string;
  /** Its name, for people: a claim. */
  readonly by: string;
  /** How long its sender had waited for an answer when it was sent. */
  readonly quietMs: number;
}

/** What is known of the warnings of one member. */
export interface Warning {
  /** The senders whose warnings have counted since the member last answered us. */
  readonly senders: ReadonlySet<string>;
  /** Of the latest that counted. */
  readonly by: string;
  /** It counts until then. */
  readonly until: number;
  /** Undefined: it counts. `left`: the member was taken out of the rotation. */
  readonly over: WhyOver | "left" | undefined;
  /** The member has left the rotation since: its sender may have seen the same. */
  readonly hasLeft: boolean;
}

type WhyOver = "answered" | "withdrawn" | "expired" | "refuted";

/**
 * The most senders whose warnings count without an answer in between. So an instance is passed over for eight leases at
 * most, however many callers warn of it.
 */
const MAX_SENDERS = 8;
/** With so many senders that were wrong in the last lease, no warning counts: no list of names outgrows memory. */
const MAX_REFUTED = 256;
/** A sender that has waited for less cannot know anything: a garbage collection takes as long. */
const MIN_QUIET_MS = 20;

/** The members of one service that other callers warn of. Decides whether a warning counts. */
export class Warnings {
  /** Members whose warning counts. */
  readonly #warned = new Set<Member>();
  /** Senders that were wrong, and until when their warnings do not count. */
  readonly #refuted = new Map<string, number>();

  /** The number of members whose warning counts. */
  get size(): number {
    return this.#warned.size;
  }

  /**
   * Whether a pick heeds warnings: at most half of the members that it may choose from are warned of.
   * @param rotation in any order. It is read no further than needed: twice as many as are warned of
   * @param mayTake whether a member could take the call
   */
  areHeeded(rotation: Iterable<Member>, mayTake: (member: Member) => boolean): boolean {
    if (this.#warned.size === 0) return false;
    const isProven = (member: Member): boolean => member.hasAnswered && mayTake(member);
    // A client that has just begun knows no proven one.
    const mayChoose = first(rotation, isProven) === undefined ? mayTake : isProven;
    let missing = 0;
    for (const member of this.#warned) if (mayChoose(member)) missing += 2;
    if (missing === 0) return true;
    for (const member of rotation) if (mayChoose(member) && --missing === 0) return true;
    return false;
  }

  /** Whether a pick that heeds warnings passes `member` over. */
  passesOver({ warning }: Member, now: number): boolean {
    return warning !== undefined && warning.over === undefined && now < warning.until;
  }

  /** A warning has arrived. @returns the events that the caller has to emit */
  receive(member: Member, { sender, by, quietMs }: ReceivedWarning, now: number): readonly HealthEvent[] {
    if (!mayBeWarned(member) || hasAnsweredSince(member, now - Math.max(quietMs, MIN_QUIET_MS))) return NO_EVENTS;
    const senders = member.warning?.senders ?? NO_SENDERS;
    if (senders.has(sender) || senders.size >= MAX_SENDERS || this.#isRefuted(sender, now)) return NO_EVENTS;
    const isFirst = !isWarned(member);
    member.warning = {
      senders: new Set([...senders, sender]),
      by,
      until: now + heldMs(member),
      over: undefined,
      hasLeft: false,
    };
    this.#warned.add(member);
    return isFirst ? [{ kind: "warned", who: member.who, by, quietMs }] : NO_EVENTS;
  }

  #isRefuted(sender: string, now: number): boolean {
    for (const [refuted, until] of this.#refuted) if (now >= until) this.#refuted.delete(refuted);
    return this.#isWrong(sender, now) || this.#refuted.size >= MAX_REFUTED;
  }

  #isWrong(sender: string, now: number): boolean {
    return now < (this.#refuted.get(sender) ?? 0);
  }

  /** A sender takes its warning back: the instance has answered it. */
  withdraw(member: Member, sender: string, now: number): readonly HealthEvent[] {
    if (member.warning?.senders.has(sender) !== true) return NO_EVENTS;
    const events = this.#end(member, "withdrawn", now);
    // Also if it has ended before: its sender was not wrong.
    member.warning = { ...member.warning, over: "withdrawn" };
    return events;
  }

  /** The member has answered a call of ours. @param isPrompt in a typical time: so it did not hang */
  answered(member: Member, isPrompt: boolean, now: number): readonly HealthEvent[] {
    const { warning } = member;
    if (warning === undefined) return NO_EVENTS;
    const events = this.#end(member, "answered", now);
    member.warning = undefined;
    // One that took it back was right, or has noticed its mistake.
    const isRefuted = isPrompt && warning.over !== "withdrawn" && !warning.hasLeft;
    return isRefuted ? [...events, ...this.#refute(warning.senders, now + heldMs(member), now)] : events;
  }

  #refute(senders: ReadonlySet<string>, until: number, now: number): readonly HealthEvent[] {
    for (const sender of senders) this.#refuted.set(sender, until);
    const areAllWrong = ({ warning }: Member): boolean =>
      [...(warning?.senders ?? NO_SENDERS)].every((sender) => this.#isWrong(sender, now));
    return [...this.#warned].filter(areAllWrong).flatMap((member) => this.#end(member, "refuted", now));
  }

  /** The member has left the rotation: it gets no calls anyway, for a reason of our own. */
  left(member: Member): void {
    const counted = this.#warned.delete(member);
    if (member.warning === undefined) return;
    member.warning = { ...member.warning, hasLeft: true, ...(counted && { over: "left" }) };
  }

  /** Ends the warnings whose time is over. */
  tick(now: number): readonly HealthEvent[] {
    if (this.#warned.size === 0) return NO_EVENTS;
    return [...this.#warned].flatMap((member) =>
      this.passesOver(member, now) ? NO_EVENTS : this.#end(member, "expired", now),
    );
  }

  #end(member: Member, why: WhyOver, now: number): readonly HealthEvent[] {
    if (!this.#warned.delete(member) || member.warning === undefined) return NO_EVENTS;
    member.warning = { ...member.warning, until: now, over: why };
    return [{ kind: "warning-over", who: member.who, why }];
  }
}

function first(members: Iterable<Member>, accepts: (member: Member) => boolean): Member | undefined {
  for (const member of members) if (accepts(member)) return member;
  return undefined;
}

/** The leases of a large service last for minutes, and a warning is only a claim. */
const MAX_HELD_MS = 30_000;
const heldMs = ({ leaseMs }: Member): number => Math.min(leaseMs, MAX_HELD_MS);

const NO_SENDERS: ReadonlySet<string> = new Set();

/** Another caller's warning of it counts. */
export const isWarned = ({ warning }: Member): boolean => warning !== undefined && warning.over === undefined;

/** It is in the rotation. */
const mayBeWarned = ({ membership, breaker, evicted }: Member): boolean =>
  membership.kind === "up" && !evicted && !isOpen(breaker);

const hasAnsweredSince = ({ debt }: Member, since: number): boolean => debt !== undefined && debt.answeredAt >= since;

const NO_EVENTS: readonly HealthEvent[] = [];
