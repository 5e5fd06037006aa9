// The table of one service's incarnations: which exist, which are up, and how calls to them went. Heartbeats, results
// of calls and the state of the bus go in, each with its time; events come out. It has no timer, clock, bus or log.
//
// A member is a row of the table. Each heartbeat that says `up` renews its lease, until a goodbye. Each reader compares
// the lease with `now`, so an expired one ends at once. `tick` emits the losses that nothing else has found, ends
// retests without a result, evicts.
//
// Memory is bounded for any stream of heartbeats. The table has at most `maxIncarnations` members. In a full table a
// new one replaces the oldest that is gone or has never answered a call. If there is none, the new one is rejected. A
// member that is gone is evicted after `purgeAfterMs`.

import type { HealthRules } from "../settings.ts";
import * as breaker from "./breaker.ts";
import { forgive } from "./debt.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { Lateness } from "./lateness.ts";
import {
  detectDuplicate,
  type HealthEvent,
  type InstanceRef,
  isLive,
  isUp,
  type Member,
  type Membership,
  newMember,
  OperationLists,
  saidGoodbye,
  toEvict,
  UP,
} from "./member.ts";
import { failsAsNewcomer, NewcomerQuarantine } from "./newcomer-quarantine.ts";
import { OpenBreakers } from "./open-breakers.ts";
import type { Result } from "./result.ts";
import { Ring } from "./ring.ts";
import { type AdmittedRetest, newTicket, type Ticket } from "./ticket.ts";

/** The health of all known instances of one service. */
export class Tracker {
  /** The members that are up, in number order. The lease of some may have expired: see `isLive`. */
  readonly ring = new Ring();
  /** Those of `ring` whose breaker is not open. Calls go to them in turn, so no pick searches among those that hang. */
  readonly rotation = new Ring();
  /** Those of `ring` whose breaker is open. */
  readonly #openBreakers = new OpenBreakers();
  /** Of newcomers: incarnations that have never answered a call. */
  readonly quarantine = new NewcomerQuarantine();
  /** Of members that owe answers. */
  readonly lateness: Lateness;
  readonly #rules: HealthRules;
  readonly #random: breaker.Random;
  readonly #members = new Map<string, Member>();
  readonly #operationLists = new OperationLists();
  #disconnectedSince: number | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;
  /** A rejected newcomer was emitted, and there has been no room since. */
  #fullReported = false;

  constructor(rules: HealthRules, random: breaker.Random, lateness = new Lateness(rules)) {
    this.#rules = rules;
    this.lateness = lateness;
    this.#random = random;
  }

  // Reading: emits nothing.

  /** All rows, those of gone members included, in the order in which they were added. */
  all(): Iterable<Member> {
    return this.#members.values();
  }

  /** The number of known instances. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether a heartbeat of this incarnation has been accepted. */
  knows(incarnation: string): boolean {
    return this.#members.has(incarnation);
  }

  /** The row of an incarnation. */
  find(incarnation: string): Member | undefined {
    return this.#members.get(incarnation);
  }

  /** Up, with a lease that has not expired. While the bus is disconnected, what held at the disconnection holds. */
  isLive(member: Member, now: number): boolean {
    return isLive(member, this.#disconnectedSince ?? now);
  }

  /** The live members, in number order. */
  live(now: number): readonly Member[] {
    return this.ring.all().filter((member) => this.isLive(member, now));
  }

  /** At most `limit` live members whose retest is due, or with `early` also those whose delay has not passed. */
  dueForRetest(
    now: number,
    early: boolean,
    limit: number,
    passedOver?: (member: Member) => boolean,
  ): readonly Member[] {
    if (!this.#openBreakers.mayHaveDue(now, early)) return NO_MEMBERS;
    return this.#openBreakers.dueForRetest(now, early, limit, (member) => this.isLive(member, now), passedOver);
  }

  // Calls.

  /** Issues the ticket of a call that is not a retest. @param timeoutMs it has ended after so long */
  admit(member: Member, now: number, timeoutMs = this.#rules.requestTimeoutMs, operation?: string): Ticket {
    member.breaker = breaker.afterSending(member.breaker, now, timeoutMs);
    return this.lateness.sent(newTicket(member, now, operation), timeoutMs);
  }

  /** Issues the ticket of a retest. Undefined if the breaker is not open: a second retest cannot start. */
  admitRetest(
    member: Member,
    now: number,
    timeoutMs = this.#rules.requestTimeoutMs,
    operation?: string,
  ): AdmittedRetest | undefined {
    const result = breaker.startRetest(member.breaker, now, timeoutMs);
    if (result === undefined) return undefined;
    const events = this.#applyTransition(member, result);
    return { ticket: this.lateness.sent(newTicket(member, now, operation), timeoutMs), events };
  }

  /** Records how the call of `ticket` has ended. */
  settle(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const onTime = this.lateness.settled(ticket, result, now);
    const events = this.#settle(ticket, result, now);
    return onTime.length === 0 ? events : [...onTime, ...events];
  }

  #settle(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const { member } = ticket;
    if (member.evicted) {
      this.#proveNewcomer(ticket, result, now);
      return NO_EVENTS;
    }
    if (result === "answered") this.#markProven(member);
    const events = this.#applyResult(member, ticket, result, now);
    // `isOut` is read only after `no-responders` and `draining`. There an event means that the member was taken out.
    const isOut = events.length > 0;
    if (!member.hasAnswered && failsAsNewcomer(result, isOut))
      this.quarantine.recordFailure(member.who.incarnation, now);
    return events;
  }

  /**
   * The result proves or disproves a newcomer, and changes no breaker. The row of `ticket` may have been evicted from a
   * full table, and a later heartbeat may have added a new one: the generations of the two are unrelated.
   */
  #proveNewcomer({ member, who }: Ticket, result: Result, now: number): void {
    const newRow = this.#members.get(who.incarnation);
    if (newRow !== undefined && result === "answered") this.#markProven(newRow);
    const { hasAnswered } = newRow ?? member;
    if (!hasAnswered && failsAsNewcomer(result, true)) this.quarantine.recordFailure(who.incarnation, now);
  }

  /** Records if the answer of `ticket`, settled as `unchecked`, was valid. It has changed the breaker already. */
  recordCheck(ticket: Ticket, result: "answered" | "invalid", now: number): void {
    this.#proveNewcomer(ticket, result, now);
  }

  #markProven(member: Member): void {
    if (member.hasAnswered) return;
    member.hasAnswered = true;
    this.lateness.warnings.proven(member, isUp(member) && !breaker.isOpen(member.breaker));
    this.#openBreakers.markProven(member);
  }

  #applyResult(member: Member, ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    switch (result) {
      case "answered":
      case "invalid":
      case "rejected":
      case "overloaded":
      case "unchecked":
        return this.#applyTransition(member, breaker.afterAnswer(member.breaker, ticket.generation, this.#rules));
      case "timeout":
        return this.#applyTransition(
          member,
          breaker.afterTimeout(member.breaker, ticket.generation, now, this.#rules, this.#random),
        );
      case "no-responders":
        this.#releaseTicket(member, ticket, now);
        return this.#onNoResponders(member, ticket, now);
      case "draining":
        this.#releaseTicket(member, ticket, now);
        return this.#drain(member, "refused call");
      case "inconclusive":
      case "unsent":
      case "denied":
        this.#releaseTicket(member, ticket, now);
        return NO_EVENTS;
    }
  }

  /** Settles a ticket whose call shows nothing for the breaker: there is no transition to emit. */
  #releaseTicket(member: Member, ticket: Ticket, now: number): void {
    this.#applyTransition(member, { breaker: breaker.afterInconclusive(member.breaker, ticket.generation, now) });
  }

  /** The member is lost: no process subscribes to its address, so the process is dead. There are three exceptions. */
  #onNoResponders(member: Member, ticket: Ticket, now: number): readonly HealthEvent[] {
    const { membership, lastHeartbeatAt } = member;
    if (membership.kind === "gone") return NO_EVENTS;
    // It has sent a heartbeat after the call was sent, so it is connected by now.
    if (lastHeartbeatAt > ticket.sentAt) return NO_EVENTS;
    // Our own connection is down, or has just come back. A healthy instance may then be reconnecting as well.
    if (this.#disconnectedSince !== undefined) return NO_EVENTS;
    const isReconnecting =
      now < this.#reconnectedAt + this.#rules.reconnectGraceMs && lastHeartbeatAt < this.#reconnectedAt;
    return isReconnecting ? NO_EVENTS : this.#markLost(member, "no responders", now);
  }

  // Heartbeats.

  /** Adds the member, or renews its lease, or lets it leave. */
  onHeartbeat(beat: Heartbeat, now: number): readonly HealthEvent[] {
    const member = this.#members.get(beat.incarnation);
    if (member === undefined) return beat.state === "up" ? this.#join(beat, now) : NO_EVENTS;
    // Out of order, or sent twice: it is older than what the row says.
    if (beat.seq <= member.seq) return NO_EVENTS;
    member.seq = beat.seq;
    member.lastHeartbeatAt = now;
    switch (beat.state) {
      case "up":
        return this.#onUp(member, beat, now);
      case "draining":
        return this.#drain(member, "goodbye");
      case "gone":
        return this.#depart(member, now);
    }
  }

  #join(beat: Heartbeat, now: number): readonly HealthEvent[] {
    const member = newMember(beat, now, this.#operationLists.shared(beat.operations));
    if (!this.#makeRoom()) return this.#rejectNewcomer(member.who);
    this.#renew(member, beat, now);
    this.#members.set(beat.incarnation, member);
    this.#reindex(member);
    return [{ kind: "joined", who: member.who }];
  }

  #onUp(member: Member, beat: Heartbeat, now: number): readonly HealthEvent[] {
    if (saidGoodbye(member)) return NO_EVENTS;
    const events: HealthEvent[] = [];
    if (!this.isLive(member, now)) events.push(...this.#rejoin(member, now));
    this.#renew(member, beat, now);
    const others = this.ring.duplicatesOf(member).filter((other) => this.isLive(other, now));
    for (const other of others) events.push(...detectDuplicate(member, other));
    const result = breaker.afterHeartbeat(member.breaker, now, this.#rules);
    events.push(...this.#applyTransition(member, result));
    return events.length === 0 ? NO_EVENTS : events;
  }

  /** It was not live. No event if it is `up` with an expired lease: then no tick has emitted the loss. */
  #rejoin(member: Member, now: number): readonly HealthEvent[] {
    const wasUp = member.membership.kind === "up";
    member.membership = UP;
    this.#reindex(member);
    if (wasUp) return NO_EVENTS;
    forgive(member).joinedAt = now;
    member.duplicateReported = false;
    return [{ kind: "returned", who: member.who }];
  }

  #renew(member: Member, beat: Heartbeat, now: number): void {
    member.leaseMs = this.#rules.leaseIntervals * beat.intervalMs;
    member.leaseUntil = now + member.leaseMs;
  }

  #drain(member: Member, reason: "goodbye" | "refused call"): readonly HealthEvent[] {
    const { kind } = member.membership;
    if (kind === "gone") return NO_EVENTS;
    // A goodbye is final, so it replaces a refused call as the reason, and is not replaced by one.
    if (kind === "up" || reason === "goodbye") this.#leave(member, { kind: "draining", reason });
    return kind === "up" ? [{ kind: "draining", who: member.who }] : NO_EVENTS;
  }

  #depart(member: Member, now: number): readonly HealthEvent[] {
    const before = member.membership;
    if (before.kind === "gone" && before.reason === "left") return NO_EVENTS;
    this.#leave(member, { kind: "gone", since: now, reason: "left" });
    return [{ kind: "left", who: member.who }];
  }

  // Capacity.

  /** If the table is full, evicts a member that it can do without. False if there is none. */
  #makeRoom(): boolean {
    if (this.#members.size >= this.#rules.maxIncarnations) {
      const member = toEvict(this.#members.values());
      if (member === undefined) return false;
      this.#evict(member);
    }
    this.#fullReported = false;
    return true;
  }

  #rejectNewcomer(who: InstanceRef): readonly HealthEvent[] {
    if (this.#fullReported) return NO_EVENTS;
    this.#fullReported = true;
    return [{ kind: "table-full", who, limit: this.#rules.maxIncarnations }];
  }

  #evict(member: Member): void {
    member.evicted = true;
    this.#reindex(member);
    this.#members.delete(member.who.incarnation);
  }

  // The bus and the passing of time.

  /** Stops the leases: the bus has disconnected, so no heartbeat can arrive. */
  freezeLeases(now: number): void {
    this.#disconnectedSince ??= now;
  }

  /** Leases continue where they stopped: the bus is connected again. None expires within the grace period from now. */
  resumeLeases(now: number): void {
    const disconnectedSince = this.#disconnectedSince ?? now;
    this.#disconnectedSince = undefined;
    this.#reconnectedAt = now;
    for (const member of this.#members.values()) {
      // A heartbeat may arrive before the bus reports the connection. It has renewed the lease, which was frozen since
      // the heartbeat and not since the disconnection.
      const frozenMs = now - Math.max(disconnectedSince, member.lastHeartbeatAt);
      member.leaseUntil = Math.max(member.leaseUntil + frozenMs, now + this.#rules.reconnectGraceMs);
    }
    // The leases of members that were left out of the search hold again.
    this.#openBreakers.searchAgain();
  }

  /** Expires leases, retests and warnings, and evicts members that have been gone for long. */
  tick(now: number): readonly HealthEvent[] {
    const events: HealthEvent[] = [...this.lateness.warnings.tick(now)];
    if (this.#disconnectedSince !== undefined) return events;
    for (const member of this.#members.values()) events.push(...this.#expire(member, now));
    return events;
  }

  #expire(member: Member, now: number): readonly HealthEvent[] {
    const { membership } = member;
    if (membership.kind === "gone") {
      if (now - membership.since >= this.#rules.purgeAfterMs) this.#evict(member);
      return NO_EVENTS;
    }
    if (now >= member.leaseUntil) return this.#markLost(member, "no heartbeat", now);
    if (member.breaker.kind !== "retesting") return NO_EVENTS;
    const result = breaker.afterRetestExpiry(member.breaker, now, this.#rules, this.#random);
    return this.#applyTransition(member, result);
  }

  // Changes of a member.

  /** Takes a dead member out: as left if it had said goodbye, and else as lost. */
  #markLost(member: Member, why: "no heartbeat" | "no responders", now: number): readonly HealthEvent[] {
    const hasLeft = saidGoodbye(member);
    this.#leave(member, { kind: "gone", since: now, reason: hasLeft ? "left" : why });
    if (hasLeft) return [{ kind: "left", who: member.who }];
    // A forged heartbeat may have set a high number, so that those of the real instance are dropped as older. The reset
    // ends that. There is none after "no responders": a heartbeat from before the death may come a second time, and
    // would bring the dead process back. A process that is alive after all sends higher numbers than before.
    if (why === "no heartbeat") member.seq = -1;
    return [{ kind: "lost", who: member.who, why, silentMs: now - member.lastHeartbeatAt }];
  }

  /** Takes a member out of the rotation. It stays in the table. If its breaker closes later, that is emitted. */
  #leave(member: Member, membership: Exclude<Membership, { kind: "up" }>): void {
    member.membership = membership;
    this.#reindex(member);
  }

  #applyTransition(member: Member, { breaker: next, transition }: breaker.TransitionResult): readonly HealthEvent[] {
    const { kind } = member.breaker;
    member.breaker = next;
    if (next.kind !== kind) this.#reindex(next.kind === "closed" && kind === "probation" ? member : forgive(member));
    return transition === undefined ? NO_EVENTS : [{ who: member.who, ...transition }];
  }

  /** Adds `member` to the lists that it belongs to now, and removes it from the others. */
  #reindex(member: Member): void {
    const isOpen = breaker.isOpen(member.breaker);
    const isInRotation = isUp(member) && !isOpen;
    this.ring.set(member, isUp(member));
    if (this.rotation.set(member, isInRotation)) this.lateness.warnings.moved(member, isInRotation);
    this.#openBreakers.set(member, isUp(member) && isOpen);
  }
}

const NO_EVENTS: readonly HealthEvent[] = [];
const NO_MEMBERS: readonly Member[] = [];
