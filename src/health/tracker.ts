// The table of one service's incarnations. Heartbeats, results of calls and the state of the bus go in, each with the
// time at which it was noticed; what is worth telling comes out. No timer, clock, bus or log: a heartbeat's lease is over
// when somebody asks after its end. `tick` tells a loss while nobody asks, ends a retest whose result never came, and
// forgets.

import type { HealthRules } from "../settings.ts";
import * as breaker from "./breaker.ts";
import type { Change } from "./change.ts";
import { noticeClash } from "./clash.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { isLive, type Member, newMember, saidGoodbye, UP, type Who } from "./member.ts";
import { Ring } from "./ring.ts";
import { type Result, type Ticket, ticketFor } from "./ticket.ts";
import { Unwell } from "./unwell.ts";
import { Wariness } from "./wariness.ts";

export class Tracker {
  /** The members that are up, in the order of their turns; whether a lease still counts is for `isLive` to say. */
  readonly ring = new Ring();
  readonly wariness = new Wariness();
  readonly #rules: HealthRules;
  readonly #random: breaker.Random;
  readonly #members = new Map<string, Member>();
  readonly #unwell = new Unwell();
  #awaySince: number | undefined;
  #backAt = Number.NEGATIVE_INFINITY;
  #fullTold = false;

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
    return isLive(member, this.#awaySince ?? now);
  }

  /** Live and willing, in number order. */
  live(now: number): readonly Member[] {
    return this.ring.all().filter((member) => this.isLive(member, now));
  }

  /** Live members with an open breaker whose retest may start now: those due, or with `early` all that have none out. */
  retestable(now: number, early: boolean): readonly Member[] {
    const open = this.#unwell.retestable(now, early);
    return open.length === 0 ? open : open.filter((member) => this.isLive(member, now));
  }

  // A heartbeat.

  /** A heartbeat that was received at `now`. */
  heard(beat: Heartbeat, now: number): readonly Change[] {
    const known = this.#members.get(beat.incarnation);
    if (known === undefined) return beat.state === "up" ? this.#join(beat, now) : NOTHING;
    // Overtaken by a later one, or said twice: it is older than what we know.
    if (beat.seq <= known.seq) return NOTHING;
    known.seq = beat.seq;
    known.heardAt = now;
    switch (beat.state) {
      case "up":
        return this.#beats(known, beat, now);
      case "draining":
        return this.#drain(known, "said so");
      case "gone":
        return this.#depart(known, now);
    }
  }

  #join(beat: Heartbeat, now: number): readonly Change[] {
    const member = newMember(beat, now);
    if (!this.#makeRoom()) return this.#turnAway(member.who);
    member.seq = beat.seq;
    this.#renew(member, beat, now);
    this.#members.set(beat.incarnation, member);
    this.ring.add(member);
    return [{ kind: "joined", who: member.who }];
  }

  #beats(member: Member, beat: Heartbeat, now: number): readonly Change[] {
    if (saidGoodbye(member)) return NOTHING;
    const changes: Change[] = [];
    if (!this.isLive(member, now)) changes.push(...this.#comeBack(member, now));
    this.#renew(member, beat, now);
    changes.push(...this.#clash(member, now));
    const step = breaker.afterHeartbeat(member.breaker, now, this.#rules);
    changes.push(...this.#apply(member, step));
    return changes.length === 0 ? NOTHING : changes;
  }

  /** A lease that lapsed unnoticed (no tick since) needs no farewell and no welcome. */
  #comeBack(member: Member, now: number): readonly Change[] {
    if (member.membership.kind === "up") return NOTHING;
    member.membership = UP;
    member.cameAt = now;
    member.clashTold = false;
    this.ring.add(member);
    return [{ kind: "returned", who: member.who }];
  }

  #renew(member: Member, beat: Heartbeat, now: number): void {
    member.heardAt = now;
    member.leaseUntil = now + this.#rules.leaseIntervals * beat.intervalMs;
  }

  #drain(member: Member, how: "said so" | "took no call"): readonly Change[] {
    const { kind } = member.membership;
    if (kind === "gone") return NOTHING;
    // What it says itself outweighs what one reply said.
    if (kind === "up" || how === "said so") this.#remove(member, { kind: "draining", how });
    return kind === "up" ? [{ kind: "draining", who: member.who }] : NOTHING;
  }

  #depart(member: Member, now: number): readonly Change[] {
    const before = member.membership;
    if (before.kind === "gone" && before.how === "left") return NOTHING;
    this.#remove(member, { kind: "gone", since: now, how: "left" });
    return [{ kind: "left", who: member.who }];
  }

  #clash(member: Member, now: number): readonly Change[] {
    const other = this.ring.namesake(member);
    return other !== undefined && this.isLive(other, now) ? noticeClash(member, other) : NOTHING;
  }

  // Room: memory stays bounded for any stream of heartbeats.

  /** When the table is full, whoever is gone or has never answered makes room, the longest known first. */
  #makeRoom(): boolean {
    if (this.#members.size < this.#rules.maxIncarnations) {
      this.#fullTold = false;
      return true;
    }
    for (const member of this.#members.values()) {
      if (member.proven && member.membership.kind !== "gone") continue;
      this.#forget(member);
      return true;
    }
    return false;
  }

  #turnAway(who: Who): readonly Change[] {
    if (this.#fullTold) return NOTHING;
    this.#fullTold = true;
    return [{ kind: "full", who, limit: this.#rules.maxIncarnations }];
  }

  #forget(member: Member): void {
    member.forgotten = true;
    this.ring.remove(member);
    this.#unwell.forget(member);
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
  ): { readonly ticket: Ticket; readonly changes: readonly Change[] } | undefined {
    const step = breaker.startRetest(member.breaker, now, this.#rules);
    if (step === undefined) return undefined;
    const changes = this.#apply(member, step);
    return { ticket: ticketFor(member, now), changes };
  }

  /** The call of `ticket` has ended. */
  settle(ticket: Ticket, result: Result, now: number): readonly Change[] {
    const { member: sentTo, who } = ticket;
    const member = sentTo.forgotten ? this.#members.get(who.incarnation) : sentTo;
    if (member === undefined) return NOTHING;
    if (result === "answered") member.proven = true;
    // Forgotten in a full table and met again since: the epochs of its new row have nothing to do with the old ticket's.
    if (member !== sentTo) return NOTHING;
    const changes = this.#settle(member, ticket, result, now);
    // Calls that hang with one stranger change its state once, and disappoint once.
    if (!member.proven && (changes.length > 0 || result === "nonsense"))
      this.wariness.disappointed(member.who.incarnation, now);
    return changes;
  }

  #settle(member: Member, ticket: Ticket, result: Result, now: number): readonly Change[] {
    switch (result) {
      case "answered":
      case "nonsense":
      case "unchecked":
        return this.#apply(member, breaker.afterAnswer(member.breaker, ticket.epoch, this.#rules));
      case "timeout":
        return this.#apply(member, breaker.afterTimeout(member.breaker, ticket.epoch, now, this.#rules, this.#random));
      case "nobody":
        this.#giveBack(member, ticket, now);
        return this.#unreachable(member, ticket, now);
      case "draining":
        this.#giveBack(member, ticket, now);
        return this.#drain(member, "took no call");
      case "nothing":
      case "unsent":
      case "denied":
        this.#giveBack(member, ticket, now);
        return NOTHING;
    }
  }

  #giveBack(member: Member, ticket: Ticket, now: number): void {
    this.#apply(member, { breaker: breaker.afterNothing(member.breaker, ticket.epoch, now) });
  }

  /**
   * Nobody serves the address: the process is dead. Except while no heartbeats can be heard and just after, when an
   * instance that is well may simply not have found its way back yet, and when it has beaten since the call was sent: it
   * has found it by now. Then the call goes elsewhere and nothing is concluded.
   */
  #unreachable(member: Member, ticket: Ticket, now: number): readonly Change[] {
    const { membership, heardAt } = member;
    if (membership.kind === "gone" || heardAt > ticket.sentAt || this.#awaySince !== undefined) return NOTHING;
    const returning = now < this.#backAt + this.#rules.reconnectGraceMs && heardAt < this.#backAt;
    return returning ? NOTHING : this.#lose(member, "nobody answers there", now);
  }

  // The bus and the passing of time.

  /** The bus went away: no heartbeat can come, so no lease may lapse. */
  busAway(now: number): void {
    this.#awaySince ??= now;
  }

  /** The bus is back: leases go on where they stopped, and everyone gets the time to come back first. */
  busBack(now: number): void {
    const awaySince = this.#awaySince ?? now;
    this.#awaySince = undefined;
    this.#backAt = now;
    for (const member of this.#members.values()) {
      // A beat may be read before the news that the bus is back: the lease that it gave never stood still.
      const stoodStillMs = now - Math.max(awaySince, member.heardAt);
      member.leaseUntil = Math.max(member.leaseUntil + stoodStillMs, now + this.#rules.reconnectGraceMs);
    }
  }

  /** Notices what has become of time: lapsed leases, retests whose result never came, and those gone for long. */
  tick(now: number): readonly Change[] {
    if (this.#awaySince !== undefined) return NOTHING;
    const changes: Change[] = [];
    for (const member of this.#members.values()) changes.push(...this.#age(member, now));
    return changes;
  }

  #age(member: Member, now: number): readonly Change[] {
    const { membership } = member;
    if (membership.kind === "gone") {
      if (now - membership.since >= this.#rules.purgeAfterMs) this.#forget(member);
      return NOTHING;
    }
    if (now >= member.leaseUntil) return this.#lose(member, "no heartbeat", now);
    if (member.breaker.kind !== "retesting") return NOTHING;
    return this.#apply(member, breaker.afterLease(member.breaker, now, this.#rules, this.#random));
  }

  #lose(member: Member, why: "no heartbeat" | "nobody answers there", now: number): readonly Change[] {
    const hasLeft = saidGoodbye(member);
    this.#remove(member, { kind: "gone", since: now, how: hasLeft ? "left" : why });
    if (hasLeft) return [{ kind: "left", who: member.who }];
    // If that number was a forger's, the real one would never be heard again.
    if (why === "no heartbeat") member.seq = -1;
    return [{ kind: "lost", who: member.who, why, silentMs: now - member.heardAt }];
  }

  /** Leaves the ring but stays in the table: its breaker outlives its lease, or its CLOSE could never be told. */
  #remove(member: Member, membership: Member["membership"]): void {
    member.membership = membership;
    this.ring.remove(member);
  }

  #apply(member: Member, { breaker: next, news }: breaker.Step): readonly Change[] {
    if (next !== member.breaker) {
      member.breaker = next;
      this.#unwell.note(member);
    }
    return news === undefined ? NOTHING : [{ who: member.who, ...news }];
  }
}

const NOTHING: readonly Change[] = [];
