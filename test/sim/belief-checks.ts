// P24: a Market's belief about each instance follows from the heartbeats and results that it received, and its events
// report the changes.

import type { Heartbeat } from "../../src/health/heartbeat.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { Belief } from "./belief.ts";
import type { View } from "./view.ts";

/** How much jitter takes away from a delay that has doubled. */
const JITTER_SHARE = 0.25;
const ROUNDING = 1e-6;
const NO_ERA = -1;

/** Events that change neither membership nor breaker. */
const NO_STATES: ReadonlySet<string> = new Set(["duplicate", "on-time", "warning-over"]);

export class BeliefChecks {
  readonly #view: View;
  readonly #beliefs = new Map<string, Belief>();
  readonly #eras = new WeakMap<Ticket, number>();
  #awaySince: number | undefined;
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(view: View) {
    this.#view = view;
  }

  onHeartbeat(beat: Heartbeat, now: number, changes: readonly HealthEvent[]): void {
    const known = this.#beliefs.get(beat.incarnation);
    if (known !== undefined) this.#compare(beat.incarnation, known.receives(beat, now), changes);
    else if (beat.state === "up") {
      const belief = new Belief(this.#view.rules);
      this.#beliefs.set(beat.incarnation, belief);
      this.#compare(beat.incarnation, belief.joins(beat, now), changes);
    }
  }

  /** @param retestAt of the breaker before */
  retested({ who }: Member, now: number, retestAt: number, changes: readonly HealthEvent[]): void {
    const reported = this.#beliefs.get(who.incarnation)?.retests(now, retestAt) ?? [];
    this.#compare(who.incarnation, reported, changes);
  }

  sent(ticket: Ticket, now: number): void {
    const belief = this.#beliefs.get(ticket.who.incarnation);
    belief?.sends(now);
    this.#eras.set(ticket, belief?.era ?? 0);
  }

  /** The message that asks a late instance if it is there counts for no state of its breaker. */
  asked(ticket: Ticket): void {
    this.#eras.set(ticket, NO_ERA);
  }

  settled(ticket: Ticket, result: Result, now: number, changes: readonly HealthEvent[]): void {
    const { incarnation } = ticket.who;
    const belief = this.#beliefs.get(incarnation);
    const era = this.#eras.get(ticket);
    if (ticket.member.evicted || belief === undefined || era === undefined) return;
    const { reconnectGraceMs } = this.#view.rules;
    const isReturning = now < this.#backAt + reconnectGraceMs && belief.heardAt < this.#backAt;
    const unreachable = belief.heardAt <= ticket.sentAt && this.#awaySince === undefined && !isReturning;
    this.#compare(incarnation, belief.settles(result, era, now, unreachable), changes);
  }

  ticked(now: number, changes: readonly HealthEvent[]): void {
    const reported: string[] = [];
    for (const [incarnation, belief] of this.#awaySince === undefined ? this.#beliefs : []) {
      if (belief.isForgotten(now)) this.#beliefs.delete(incarnation);
      reported.push(...belief.ticks(now));
    }
    this.#areReported("all", reported, changes);
    const { size } = this.#view.market.client.tracker;
    if (size !== this.#beliefs.size)
      this.#breaks(`the tracker has ${size} members, and ${this.#beliefs.size} have been onHeartbeat of`);
    // Members that no tick has changed were compared when their heartbeat arrived.
    if (reported.length > 0) for (const [incarnation, belief] of this.#beliefs) this.#isBelieved(incarnation, belief);
  }

  away(now: number): void {
    this.#awaySince ??= now;
  }

  back(now: number): void {
    for (const belief of this.#beliefs.values()) belief.busIsBack(this.#awaySince ?? now, now);
    this.#awaySince = undefined;
    this.#backAt = now;
  }

  #compare(incarnation: string, reported: readonly string[], changes: readonly HealthEvent[]): void {
    this.#areReported(incarnation, reported, changes);
    const belief = this.#beliefs.get(incarnation);
    if (belief !== undefined) this.#isBelieved(incarnation, belief);
  }

  #areReported(incarnation: string, reported: readonly string[], changes: readonly HealthEvent[]): void {
    if (changes.length === 0 && reported.length === 0) return;
    const said = changes.map(({ kind }) => kind).filter((kind) => !NO_STATES.has(kind));
    if (said.join() !== reported.join()) this.#breaks(`events of ${incarnation}: [${said}], expected [${reported}]`);
  }

  #isBelieved(incarnation: string, belief: Belief): void {
    const member = this.#view.member(incarnation);
    if (member === undefined) {
      this.#breaks(`${incarnation} has sent a heartbeat, and is no member`);
      return;
    }
    const { membership, isProven } = belief;
    const isRight = member.membership.kind === membership && member.hasAnswered === isProven;
    if (!isRight || !isSameBreaker(member, belief)) this.#isAnother(member, belief);
    if (membership !== "gone" && !isSame(member.leaseUntil, belief.leaseUntil))
      this.#breaks(`the lease of ${incarnation} ends at ${member.leaseUntil}, and should at ${belief.leaseUntil}`);
    if (!isSame(member.lastHeartbeatAt, belief.heardAt))
      this.#breaks(`${incarnation} has its last heartbeat at ${member.lastHeartbeatAt}`);
    const { breaker } = member;
    if (breaker.kind !== "open") return;
    const waitsMs = breaker.retestAt - breaker.openedAt;
    if (waitsMs > belief.delayMs + ROUNDING || waitsMs < belief.delayMs * (1 - JITTER_SHARE) - ROUNDING)
      this.#breaks(`${incarnation} waits ${waitsMs} ms for its retest, with a delay of ${belief.delayMs}`);
  }

  #isAnother(member: Member, belief: Belief): void {
    const said = JSON.stringify([member.membership, member.hasAnswered, member.breaker]);
    this.#breaks(`${member.who.incarnation} is believed to be ${said}, and is ${JSON.stringify(belief)}`);
  }

  #breaks(detail: string): void {
    this.#view.world.suspects("P24", detail);
  }
}

const isSame = (one: number, other: number): boolean => Math.abs(one - other) < ROUNDING;

function isSameBreaker({ breaker }: Member, belief: Belief): boolean {
  if (breaker.kind !== belief.breaker) return false;
  switch (breaker.kind) {
    case "closed":
      return breaker.failures === belief.failures;
    case "probation":
      return (
        breaker.answersLeft === belief.answersLeft &&
        breaker.delayMs === belief.delayMs &&
        (breaker.share.kind === "full" ? !belief.isGuarded : belief.isGuarded && isSameGuard(breaker.share, belief))
      );
    case "open":
      return isSameOpening(breaker, belief);
    case "retesting":
      return (
        isSameOpening(breaker.open, belief) &&
        breaker.wasDue === belief.wasDue &&
        isSame(breaker.until, belief.retestUntil)
      );
  }
}

const isSameGuard = (share: Pick<Belief, "inFlight" | "busyUntil">, belief: Belief): boolean =>
  share.inFlight === belief.inFlight && isSame(share.busyUntil, belief.busyUntil);

const isSameOpening = (open: Pick<Belief, "delayMs" | "heartbeatMayClose" | "openedAt">, belief: Belief): boolean =>
  open.delayMs === belief.delayMs &&
  open.heartbeatMayClose === belief.heartbeatMayClose &&
  open.openedAt === belief.openedAt;
