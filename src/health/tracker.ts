// The table of one service's incarnations. Heartbeats, results of calls and the state of the bus go in, each with the
// time at which it was noticed; what is worth telling comes out. No timer, clock, bus or log: a heartbeat's lease is over
// when somebody asks after its end. `tick` tells a loss while nobody asks, ends a retest whose result never came, and
// forgets.

import type { HealthRules } from "../settings.ts";
import * as breaker from "./breaker.ts";
import type { HealthEvent } from "./change.ts";
import { detectDuplicate } from "./clash.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { type InstanceRef, isLive, type Member, newMember, saidGoodbye, UP } from "./member.ts";
import { NewcomerQuarantine } from "./newcomer-quarantine.ts";
import { OpenBreakers } from "./open-breakers.ts";
import { Ring } from "./ring.ts";
import { type Result, type Ticket, ticketFor } from "./ticket.ts";

export class Tracker {
  /** The members that are up, in the order of their turns; whether a lease still counts is for `isLive` to say. */
  readonly ring = new Ring();
  readonly quarantine = new NewcomerQuarantine();
  readonly #rules: HealthRules;
  readonly #random: breaker.Random;
  readonly #members = new Map<string, Member>();
  readonly #openBreakers = new OpenBreakers();
  #disconnectedSince: number | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;
  #fullReported = false;

  constructor(rules: HealthRules, random: breaker.Random) {
    this.#rules = rules;
    this.#random = random;
  }

  // Reading: changes nothing.

  /** Everyone known, the gone among them, in the order of first hearing. */
  all(): Iterable<Member> {
    return this.#members.values();
  }

  get size(): number {
    return this.#members.size;
  }

  knows(incarnation: string): boolean {
    return this.#members.has(incarnation);
  }

  /** Up, and its last heartbeat still counts. While the bus is away none can come, so for leases time stands still. */
  isLive(member: Member, now: number): boolean {
    return isLive(member, this.#disconnectedSince ?? now);
  }

  /** Live and willing, in number order. */
  live(now: number): readonly Member[] {
    return this.ring.all().filter((member) => this.isLive(member, now));
  }

  /** Live members with an open breaker whose retest may start now: those due, or with `early` all that have none out. */
  dueForRetest(now: number, early: boolean): readonly Member[] {
    const open = this.#openBreakers.dueForRetest(now, early);
    return open.length === 0 ? open : open.filter((member) => this.isLive(member, now));
  }

  // A heartbeat.

  /** A heartbeat that was received at `now`. */
  onHeartbeat(beat: Heartbeat, now: number): readonly HealthEvent[] {
    const known = this.#members.get(beat.incarnation);
    if (known === undefined) return beat.state === "up" ? this.#join(beat, now) : NO_EVENTS;
    // Overtaken by a later one, or said twice: it is older than what we know.
    if (beat.seq <= known.seq) return NO_EVENTS;
    known.seq = beat.seq;
    known.lastHeartbeatAt = now;
    switch (beat.state) {
      case "up":
        return this.#onUp(known, beat, now);
      case "draining":
        return this.#drain(known, "said so");
      case "gone":
        return this.#depart(known, now);
    }
  }

  #join(beat: Heartbeat, now: number): readonly HealthEvent[] {
    const member = newMember(beat, now);
    if (!this.#makeRoom()) return this.#rejectNewcomer(member.who);
    member.seq = beat.seq;
    this.#renew(member, beat, now);
    this.#members.set(beat.incarnation, member);
    this.ring.add(member);
    return [{ kind: "joined", who: member.who }];
  }

  #onUp(member: Member, beat: Heartbeat, now: number): readonly HealthEvent[] {
    if (saidGoodbye(member)) return NO_EVENTS;
    const changes: HealthEvent[] = [];
    if (!this.isLive(member, now)) changes.push(...this.#rejoin(member, now));
    this.#renew(member, beat, now);
    changes.push(...this.#detectDuplicate(member, now));
    const step = breaker.afterHeartbeat(member.breaker, now, this.#rules);
    changes.push(...this.#apply(member, step));
    return changes.length === 0 ? NO_EVENTS : changes;
  }

  /** A lease that lapsed unnoticed (no tick since) needs no farewell and no welcome. */
  #rejoin(member: Member, now: number): readonly HealthEvent[] {
    if (member.membership.kind === "up") return NO_EVENTS;
    member.membership = UP;
    member.joinedAt = now;
    member.duplicateReported = false;
    this.ring.add(member);
    return [{ kind: "returned", who: member.who }];
  }

  #renew(member: Member, beat: Heartbeat, now: number): void {
    member.lastHeartbeatAt = now;
    member.leaseUntil = now + this.#rules.leaseIntervals * beat.intervalMs;
  }

  #drain(member: Member, how: "said so" | "took no call"): readonly HealthEvent[] {
    const { kind } = member.membership;
    if (kind === "gone") return NO_EVENTS;
    // What it says itself outweighs what one reply said.
    if (kind === "up" || how === "said so") this.#remove(member, { kind: "draining", how });
    return kind === "up" ? [{ kind: "draining", who: member.who }] : NO_EVENTS;
  }

  #depart(member: Member, now: number): readonly HealthEvent[] {
    const before = member.membership;
    if (before.kind === "gone" && before.how === "left") return NO_EVENTS;
    this.#remove(member, { kind: "gone", since: now, how: "left" });
    return [{ kind: "left", who: member.who }];
  }

  #detectDuplicate(member: Member, now: number): readonly HealthEvent[] {
    const other = this.ring.duplicateOf(member);
    return other !== undefined && this.isLive(other, now) ? detectDuplicate(member, other) : NO_EVENTS;
  }

  // Room: memory stays bounded for any stream of heartbeats.

  /** When the table is full, whoever is gone or has never answered makes room, the longest known first. */
  #makeRoom(): boolean {
    if (this.#members.size < this.#rules.maxIncarnations) {
      this.#fullReported = false;
      return true;
    }
    for (const member of this.#members.values()) {
      if (member.proven && member.membership.kind !== "gone") continue;
      this.#evict(member);
      return true;
    }
    return false;
  }

  #rejectNewcomer(who: InstanceRef): readonly HealthEvent[] {
    if (this.#fullReported) return NO_EVENTS;
    this.#fullReported = true;
    return [{ kind: "full", who, limit: this.#rules.maxIncarnations }];
  }

  #evict(member: Member): void {
    member.evicted = true;
    this.ring.remove(member);
    this.#openBreakers.remove(member);
    this.#members.delete(member.who.incarnation);
  }

  // Calls.

  /** A call is about to be sent to `member`, one that somebody waits for. */
  admit(member: Member, now: number): Ticket {
    member.breaker = breaker.afterSending(member.breaker, now, this.#rules);
    return ticketFor(member, now);
  }

  /** A retest is about to be sent; undefined when one is out already, or none is needed. */
  admitRetest(
    member: Member,
    now: number,
  ): { readonly ticket: Ticket; readonly changes: readonly HealthEvent[] } | undefined {
    const step = breaker.startRetest(member.breaker, now, this.#rules);
    if (step === undefined) return undefined;
    const changes = this.#apply(member, step);
    return { ticket: ticketFor(member, now), changes };
  }

  /** The call of `ticket` has ended. */
  settle(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const { member: sentTo, who } = ticket;
    const member = sentTo.evicted ? this.#members.get(who.incarnation) : sentTo;
    if (member === undefined) return NO_EVENTS;
    if (result === "answered") member.proven = true;
    // Forgotten in a full table and met again since: the epochs of its new row have nothing to do with the old ticket's.
    if (member !== sentTo) return NO_EVENTS;
    const changes = this.#settle(member, ticket, result, now);
    // Calls that hang with one stranger change its state once, and disappoint once.
    if (!member.proven && (changes.length > 0 || result === "nonsense"))
      this.quarantine.recordFailure(member.who.incarnation, now);
    return changes;
  }

  #settle(member: Member, ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    switch (result) {
      case "answered":
      case "nonsense":
      case "unchecked":
        return this.#apply(member, breaker.afterAnswer(member.breaker, ticket.generation, this.#rules));
      case "timeout":
        return this.#apply(
          member,
          breaker.afterTimeout(member.breaker, ticket.generation, now, this.#rules, this.#random),
        );
      case "no-responders":
        this.#releaseTicket(member, ticket, now);
        return this.#unreachable(member, ticket, now);
      case "draining":
        this.#releaseTicket(member, ticket, now);
        return this.#drain(member, "took no call");
      case "inconclusive":
      case "unsent":
      case "denied":
        this.#releaseTicket(member, ticket, now);
        return NO_EVENTS;
    }
  }

  #releaseTicket(member: Member, ticket: Ticket, now: number): void {
    this.#apply(member, { breaker: breaker.afterInconclusive(member.breaker, ticket.generation, now) });
  }

  /**
   * Nobody serves the address: the process is dead. Except while no heartbeats can be heard and just after, when an
   * instance that is well may simply not have found its way back yet, and when it has beaten since the call was sent: it
   * has found it by now. Then the call goes elsewhere and nothing is concluded.
   */
  #unreachable(member: Member, ticket: Ticket, now: number): readonly HealthEvent[] {
    const { membership, lastHeartbeatAt: heardAt } = member;
    if (membership.kind === "gone" || heardAt > ticket.sentAt || this.#disconnectedSince !== undefined)
      return NO_EVENTS;
    const returning = now < this.#reconnectedAt + this.#rules.reconnectGraceMs && heardAt < this.#reconnectedAt;
    return returning ? NO_EVENTS : this.#markLost(member, "nobody answers there", now);
  }

  // The bus and the passing of time.

  /** The bus went away: no heartbeat can come, so no lease may lapse. */
  freezeLeases(now: number): void {
    this.#disconnectedSince ??= now;
  }

  /** The bus is back: leases go on where they stopped, and everyone gets the time to come back first. */
  resumeLeases(now: number): void {
    const awaySince = this.#disconnectedSince ?? now;
    this.#disconnectedSince = undefined;
    this.#reconnectedAt = now;
    for (const member of this.#members.values()) {
      // A beat may be read before the news that the bus is back: the lease that it gave never stood still.
      const stoodStillMs = now - Math.max(awaySince, member.lastHeartbeatAt);
      member.leaseUntil = Math.max(member.leaseUntil + stoodStillMs, now + this.#rules.reconnectGraceMs);
    }
  }

  /** Notices what has become of time: lapsed leases, retests whose result never came, and those gone for long. */
  tick(now: number): readonly HealthEvent[] {
    if (this.#disconnectedSince !== undefined) return NO_EVENTS;
    const changes: HealthEvent[] = [];
    for (const member of this.#members.values()) changes.push(...this.#expire(member, now));
    return changes;
  }

  #expire(member: Member, now: number): readonly HealthEvent[] {
    const { membership } = member;
    if (membership.kind === "gone") {
      if (now - membership.since >= this.#rules.purgeAfterMs) this.#evict(member);
      return NO_EVENTS;
    }
    if (now >= member.leaseUntil) return this.#markLost(member, "no heartbeat", now);
    if (member.breaker.kind !== "retesting") return NO_EVENTS;
    return this.#apply(member, breaker.afterRetestLeaseExpiry(member.breaker, now, this.#rules, this.#random));
  }

  #markLost(member: Member, why: "no heartbeat" | "nobody answers there", now: number): readonly HealthEvent[] {
    const hasLeft = saidGoodbye(member);
    this.#remove(member, { kind: "gone", since: now, how: hasLeft ? "left" : why });
    if (hasLeft) return [{ kind: "left", who: member.who }];
    // If that number was a forger's, the real one would never be heard again.
    if (why === "no heartbeat") member.seq = -1;
    return [{ kind: "lost", who: member.who, why, silentMs: now - member.lastHeartbeatAt }];
  }

  /** Leaves the ring but stays in the table: its breaker outlives its lease, or its CLOSE could never be told. */
  #remove(member: Member, membership: Member["membership"]): void {
    member.membership = membership;
    this.ring.remove(member);
  }

  #apply(member: Member, { breaker: next, transition: news }: breaker.TransitionResult): readonly HealthEvent[] {
    if (next !== member.breaker) {
      member.breaker = next;
      this.#openBreakers.update(member);
    }
    return news === undefined ? NO_EVENTS : [{ who: member.who, ...news }];
  }
}

const NO_EVENTS: readonly HealthEvent[] = [];
