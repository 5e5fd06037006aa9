// Warnings: which instances other callers warn of. A caller that waits for an answer for too long says so, and the others
// pass that instance over, as if it were late, before they have lost a call to it themselves. So an instance that hangs
// costs all callers together the calls of the first moments.
//
// A warning is a claim of another process, so it can do little:
// - It opens no breaker, and no call fails by it. If no other instance can take a call, the instance gets it.
// - It ends with the first answer of the instance to a call of ours, when its sender withdraws it, and after one lease of
//   the instance, or 30 s, at the latest. The same sender's warnings of it count again after such an answer.
// - Such an answer refutes its sender: for as long no warning of that sender counts, of whatever instance. It does not if it
//   took longer than the limit of its call, or than twice the typical p99 where there is none; nor if the instance had left the
//   rotation: an honest sender may have seen that, too.
// - Each sender's claim stands by itself: another one neither withdraws it nor makes it wrong.
// - It does not count if the instance has answered us since the call that its sender waits for.
// - While more than half of the proven instances that have the operation of the call are warned of, no warning of a proven one
//   counts. Most instances do not hang at once unless their network does, and then each caller sees that itself. Otherwise a
//   sender that warns of all would press all calls on the one instance that answered first.
// - The same for newcomers, where more than half of all are warned of. One rule for both was rejected. Newcomers that a client
//   invents would make room for warnings of proven ones, or end them; and a fleet of newcomers would leave one proven one.

import { isOpen } from "./breaker.ts";
import { lastAnswerAt } from "./debt.ts";
import { type HealthEvent, isUp, type Member } from "./member.ts";
import { MostWarned } from "./most-warned.ts";

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
  /** By sender: the claims that have counted since the member last answered us. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Of the claim that counts for longest. */
  readonly by: string;
  /** It counts until then. */
  readonly until: number;
  /** Undefined: it counts. `left`: the member was taken out of the rotation. */
  readonly over: WhyOver | "left" | undefined;
}

/**
 * What one sender says of one member. `standing`: a prompt answer refutes the sender, also after `until`. `withdrawn`: it
 * was right, or has noticed its mistake. `refuted`: by an answer of another instance. `excused`: the member has left the
 * rotation since, so its sender may have seen the same.
 */
type Claim =
  | { readonly kind: "standing"; readonly by: string; readonly until: number }
  | { readonly kind: "withdrawn" | "refuted" | "excused" };

type WhyOver = "answered" | "withdrawn" | "expired" | "refuted";

/**
 * The most senders whose warnings count without an answer in between. So an instance is passed over for eight leases at
 * most, however many callers warn of it.
 */
const MAX_SENDERS = 8;
/** With so many senders that were wrong lately, no warning counts, and no further name is kept. */
const MAX_REFUTED = 256;
/** A sender that has waited for less cannot know anything: a garbage collection takes as long. */
const MIN_QUIET_MS = 20;

/** The members of one service that other callers warn of. Decides whether a warning counts. */
export class Warnings {
  /** Members whose warning counts. */
  readonly #warned = new Set<Member>();
  readonly #most = new MostWarned();
  /** Senders that were wrong, and until when their warnings do not count: at most `MAX_REFUTED`. */
  readonly #refuted = new Map<string, number>();
  /** Until then no warning counts: more senders were wrong. */
  #noneCountsUntil = Number.NEGATIVE_INFINITY;

  /** The number of members whose warning counts. */
  get size(): number {
    return this.#warned.size;
  }

  /** The number of senders that are known to have been wrong. */
  get refutedCount(): number {
    return this.#refuted.size;
  }

  /**
   * Whether a pick passes `member` over: its warning counts, and not most of those that have the operation are warned of.
   * @param rotation the members that can get calls, in any order
   * @param operation undefined: each member has it
   */
  passesOver(member: Member, rotation: Iterable<Member>, operation: string | undefined, now: number): boolean {
    if (!isPassedOver(member, now)) return false;
    return !this.#most.isMost(member, operation, rotation, now);
  }

  /** A warning has arrived. @returns the events that the caller has to emit */
  receive(member: Member, { sender, by, quietMs }: ReceivedWarning, now: number): readonly HealthEvent[] {
    if (!mayBeWarned(member) || hasAnsweredSince(member, now - Math.max(quietMs, MIN_QUIET_MS))) return NO_EVENTS;
    const claims = member.warning?.claims ?? NO_CLAIMS;
    if (claims.has(sender) || claims.size >= MAX_SENDERS || this.#isRefuted(sender, now)) return NO_EVENTS;
    const isFirst = !isWarned(member);
    const counted = { by, until: now + heldMs(member) };
    const all = new Map<string, Claim>([...claims, [sender, { kind: "standing", ...counted }]]);
    member.warning = { claims: all, ...(longestOf(all, now) ?? counted), over: undefined };
    this.#warned.add(member);
    this.#most.warn(member, member.warning.until);
    return isFirst ? [{ kind: "warned", who: member.who, by, quietMs }] : NO_EVENTS;
  }

  #isRefuted(sender: string, now: number): boolean {
    this.#forgetOver(now);
    return this.#refuted.has(sender) || this.#refuted.size >= MAX_REFUTED || now < this.#noneCountsUntil;
  }

  /** A sender takes its warning back: the instance has answered it. Those of others go on. */
  withdraw(member: Member, sender: string, now: number): readonly HealthEvent[] {
    if ((member.warning?.claims.get(sender)?.kind ?? "withdrawn") === "withdrawn") return NO_EVENTS;
    // Also if it has ended before: its sender was not wrong.
    changeClaims(member, (by, claim) => (by === sender ? { kind: "withdrawn" } : claim));
    const areAll = [...(member.warning?.claims.values() ?? [])].every(
      ({ kind }) => kind === "withdrawn" || kind === "refuted",
    );
    if (areAll && member.warning?.over === "left") member.warning = { ...member.warning, over: "withdrawn" };
    return this.#recount(member, "withdrawn", now);
  }

  /** The member has answered a call of ours. @param isPrompt in a typical time: so it did not hang */
  answered(member: Member, isPrompt: boolean, now: number): readonly HealthEvent[] {
    const { warning } = member;
    if (warning === undefined) return NO_EVENTS;
    const events = this.#end(member, "answered", now);
    member.warning = undefined;
    if (!isPrompt) return events;
    const wrong = [...warning.claims].flatMap(([sender, { kind }]) => (kind === "standing" ? [sender] : []));
    return [...events, ...this.#refute(wrong, now + heldMs(member), now)];
  }

  #refute(senders: readonly string[], until: number, now: number): readonly HealthEvent[] {
    if (senders.length === 0) return NO_EVENTS;
    this.#forgetOver(now);
    for (const sender of senders) this.#mute(sender, until);
    // In a flood of invented names most members are warned of by others. To copy their claims would cost 8 ms an answer.
    const concerned = [...this.#warned].filter(({ warning }) => senders.some((sender) => warning?.claims.has(sender)));
    return concerned.flatMap((member) => {
      changeClaims(member, (sender, claim) => (senders.includes(sender) ? ended(claim, "refuted") : claim));
      return this.#recount(member, "refuted", now);
    });
  }

  #forgetOver(now: number): void {
    for (const [refuted, until] of this.#refuted) if (now >= until) this.#refuted.delete(refuted);
  }

  #mute(sender: string, until: number): void {
    const before = this.#refuted.get(sender);
    if (before === undefined && this.#refuted.size >= MAX_REFUTED)
      this.#noneCountsUntil = Math.max(until, this.#noneCountsUntil);
    // The lease of one instance may be shorter than that of another, which has refuted it before.
    else this.#refuted.set(sender, Math.max(until, before ?? 0));
  }

  /** One of its claims counts no more: those that are left decide. */
  #recount(member: Member, why: WhyOver, now: number): readonly HealthEvent[] {
    const { warning } = member;
    if (warning === undefined || !this.#warned.has(member)) return NO_EVENTS;
    const longest = longestOf(warning.claims, now);
    if (longest === undefined) return this.#end(member, why, now);
    member.warning = { ...warning, ...longest };
    this.#most.warn(member, longest.until);
    return NO_EVENTS;
  }

  /** The member has answered for the first time. */
  proven(member: Member, isInRotation: boolean): void {
    this.#most.proven(member, isInRotation);
  }

  /** The member has joined the rotation, or has left it: it gets no calls then anyway, for a reason of our own. */
  moved(member: Member, isInRotation: boolean): void {
    if (!isInRotation) this.#left(member);
    this.#most.moved(member, isInRotation);
  }

  #left(member: Member): void {
    const counted = this.#warned.delete(member);
    this.#most.unwarn(member);
    changeClaims(member, (_, claim) => ended(claim, "excused"));
    if (counted && member.warning !== undefined) member.warning = { ...member.warning, over: "left" };
  }

  /** Ends the warnings whose time is over. */
  tick(now: number): readonly HealthEvent[] {
    if (this.#warned.size === 0) return NO_EVENTS;
    return [...this.#warned].flatMap((member) =>
      isPassedOver(member, now) ? NO_EVENTS : this.#end(member, "expired", now),
    );
  }

  #end(member: Member, why: WhyOver, now: number): readonly HealthEvent[] {
    if (!this.#warned.delete(member) || member.warning === undefined) return NO_EVENTS;
    this.#most.unwarn(member);
    member.warning = { ...member.warning, until: now, over: why };
    return [{ kind: "warning-over", who: member.who, why }];
  }
}

/** The leases of a large service last for minutes, and a warning is only a claim. */
const MAX_HELD_MS = 30_000;
const heldMs = ({ leaseMs }: Member): number => Math.min(leaseMs, MAX_HELD_MS);

const NO_CLAIMS: Warning["claims"] = new Map();

/** Of those that count, the claim that does so for longest. */
function longestOf(claims: Warning["claims"], now: number): Pick<Warning, "by" | "until"> | undefined {
  let longest: Pick<Warning, "by" | "until"> | undefined;
  for (const claim of claims.values()) {
    if (claim.kind !== "standing" || now >= claim.until) continue;
    if (claim.until >= (longest?.until ?? 0)) longest = { by: claim.by, until: claim.until };
  }
  return longest;
}

const ended = (claim: Claim, kind: "refuted" | "excused"): Claim => (claim.kind === "standing" ? { kind } : claim);

function changeClaims(member: Member, change: (sender: string, claim: Claim) => Claim): void {
  if (member.warning === undefined) return;
  const claims = [...member.warning.claims].map(([sender, claim]) => [sender, change(sender, claim)] as const);
  member.warning = { ...member.warning, claims: new Map(claims) };
}

/** Its warning counts still, whenever the tick comes that ends it. */
const isPassedOver = ({ warning }: Member, now: number): boolean =>
  warning !== undefined && warning.over === undefined && now < warning.until;

/** Another caller's warning of it counts. */
export const isWarned = ({ warning }: Member): boolean => warning !== undefined && warning.over === undefined;

/** It is in the rotation. */
const mayBeWarned = (member: Member): boolean => isUp(member) && !isOpen(member.breaker);

const hasAnsweredSince = ({ debt }: Member, since: number): boolean =>
  debt !== undefined && lastAnswerAt(debt) >= since;

const NO_EVENTS: readonly HealthEvent[] = [];
