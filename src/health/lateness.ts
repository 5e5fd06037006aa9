// Lateness: which members owe an answer for too long. Such a member gets no new call while another is not late. It opens
// no breaker, nothing is sent twice, and its first answer ends it. So an instance that hangs costs its callers the calls
// of the first moments, and not those of a whole request timeout.
//
// A member owes the answers of the calls in flight to it. It is late if it owes at least one, and has answered nothing
// for longer than the limit of the operations that it owes. The time counts from the oldest call that it owes, or from
// its last answer. So one slow call beside fast ones makes no instance late.
//
// An answer that took longer than the limit does not end that while the member owes a call that was sent later. If it did, an
// instance that takes 600 ms would get calls for a moment after each answer, and so have more to answer: from one call in
// thirty to half of them within a minute. The answer to the last one shows that the instance is past its pause, also where
// an older call still hangs: to wait for that one was rejected, as it may take the whole of a long timeout.
//
// The limit of an operation is three times its typical p99: that of the middle one of up to fifteen instances. An instance
// that has become slow does not change it, so it does not excuse itself. Where most have become slow, all are late by
// the old limit, until the limit has followed. If all are late, all are used in turn.
//
// Lateness is decided by `check`, which the client calls every few milliseconds while answers are owed, after its event
// loop has read the sockets. A pick only reads `lateSince`. To compare times at each pick was rejected: after 30 ms in
// which the caller's own process was busy, answers that had arrived already would make their instances late.

import type { HealthRules } from "../settings.ts";
import { type Debt, debtOf, isTooLate, lastAnswerAt, limitOf, owe, payBack, quietSince, silentMs } from "./debt.ts";
import type { HealthEvent, InstanceRef, Member } from "./member.ts";
import { OperationTimes } from "./operation-times.ts";
import type { Result } from "./result.ts";
import { newTicket, PRESENCE_GENERATION, type Ticket } from "./ticket.ts";
import { Warnings } from "./warnings.ts";

/**
 * An answer is late after so many times the typical p99 of its operation. With four, of ten callers at 50 calls a second, four
 * to eight lost a second call to an instance that hung, where the p99 was 15 ms on a busy machine. With three none did, and no
 * instance was late for nothing.
 */
const P99_FACTOR = 3;
/** No member is late sooner: a garbage collection on either side takes as long. */
const MIN_LATE_AFTER_MS = 20;
/**
 * The limit is at most this share of the call's timeout, but at least 20 ms. It is the limit of an operation without recent
 * answers. With a quarter, a page whose answers take 40 ms took up to 318 ms where one of its instances was killed.
 */
const MAX_SHARE = 0.2;

/** Without a limit: an instance may well take twice as long as the middle one, and does not hang. */
const TYPICAL_FACTOR = 2;

/** A late member is asked if it is there once in so long: a bus that drops messages must not be flooded. */
export const ASK_INTERVAL_MS = 1_000;

/**
 * Other callers are warned of a late member that has answered nothing for so long. A garbage collection, or a moment without
 * a core, is over by then. Every caller notices it, and would warn all the others. Where the limit is longer, they are warned
 * 20 ms after it: to wait for 100 ms more cost ten callers with one call a second each a fifth call.
 */
const WARN_AFTER_MS = 120;

/** Whether the process runs, and works: it has answered. */
export const isAnswer = (result: Result): boolean => ANSWERS.has(result);

const ANSWERS: ReadonlySet<Result> = new Set(["answered", "invalid", "rejected", "overloaded", "unchecked"]);
/** Those that took the time of their operation. A refusal takes less, and would make the limit too short. */
const TIMED: ReadonlySet<Result> = new Set(["answered", "invalid", "unchecked"]);

/** Counts what the members of one service owe. Decides which are late. */
export class Lateness {
  /** Of the members that other callers warn of. */
  readonly warnings: Warnings;
  readonly #requestTimeoutMs: number;
  readonly #times = new Map<string | undefined, OperationTimes>();

  constructor(rules: HealthRules, warnings = new Warnings()) {
    this.#requestTimeoutMs = rules.requestTimeoutMs;
    this.warnings = warnings;
  }

  /**
   * How long an answer of `operation` may be owed, in ms. Undefined: for as long as the call has. Its typical answers take
   * longer than the limit could be, so a slow one says nothing.
   * @param timeoutMs of the call
   */
  limitMs(operation: string | undefined, timeoutMs = this.#requestTimeoutMs): number | undefined {
    const maxMs = timeoutMs * MAX_SHARE;
    const p99Ms = this.#times.get(operation)?.p99Ms;
    if (p99Ms === undefined) return Math.max(MIN_LATE_AFTER_MS, maxMs);
    if (p99Ms >= maxMs && p99Ms >= MIN_LATE_AFTER_MS) return undefined;
    return Math.max(MIN_LATE_AFTER_MS, Math.min(P99_FACTOR * p99Ms, maxMs));
  }

  /** The call of `ticket` is sent: its answer is owed. @param timeoutMs of the call @returns the ticket */
  sent(ticket: Ticket, timeoutMs?: number): Ticket {
    const limitMs = this.limitMs(ticket.operation, timeoutMs);
    const debt = debtOf(ticket.member);
    debt.inFlight += 1;
    ticket.sentWith = debt;
    if (limitMs !== undefined) owe(ticket, limitMs);
    return ticket;
  }

  /** The call of `ticket` has ended. @returns the events that the caller has to emit */
  settled(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const { member, operation, sentAt } = ticket;
    if (TIMED.has(result)) this.#record(member.who, operation, now - sentAt, now);
    const events = ANSWERS.has(result) ? this.#answered(ticket, now) : NO_EVENTS;
    const debt = debtOf(member);
    if (result === "timeout") timedOut(ticket, debt);
    // The question if it is there is no call, and is not sent as one.
    if (ticket.sentWith !== undefined) debt.inFlight -= 1;
    payBack(ticket);
    return events;
  }

  #answered(ticket: Ticket, now: number): readonly HealthEvent[] {
    const { member, operation, sentAt, limitMs } = ticket;
    const debt = debtOf(member);
    const events = answered(member.who, debt, isTooLate(ticket, debt, now), now);
    if (member.warning === undefined) return events;
    const typicalMs = limitMs ?? TYPICAL_FACTOR * (this.#times.get(operation)?.p99Ms ?? 0);
    return [...events, ...this.warnings.answered(member, now - sentAt <= typicalMs, now)];
  }

  #record(who: InstanceRef, operation: string | undefined, tookMs: number, now: number): void {
    const times = this.#times.get(operation);
    if (times !== undefined) times.record(who.incarnation, tookMs, now);
    else this.#times.set(operation, new OperationTimes(who.incarnation, tookMs, now));
  }

  /** A hedge has answered the call of `ticket` first: its member is late at once, unless its breaker has changed since. */
  overtaken(ticket: Ticket, now: number): readonly HealthEvent[] {
    const { member, operation } = ticket;
    if (isOfEarlierState(ticket)) return NO_EVENTS;
    // With a shorter limit than any call has, the answers to others would end lateness, and each check begin it again.
    const debt = ticket.debt ?? owe(ticket, this.limitMs(operation) ?? this.#requestTimeoutMs * MAX_SHARE);
    return debt.lateSince === undefined ? becomesLate(member.who, debt, now) : NO_EVENTS;
  }

  /** Those of `members` that have become late. Called after the sockets were read. @param upTo the time until then counts */
  check(members: Iterable<Member>, now: number, upTo = now): LateCheck {
    const events: HealthEvent[] = [];
    const toAsk: InstanceRef[] = [];
    const toWarnOf: OverdueInstance[] = [];
    let areOwed = false;
    for (const { who, debt } of members) {
      if (debt === undefined || debt.owes === 0) continue;
      areOwed = true;
      const isDue = debt.lateSince === undefined && upTo - quietSince(debt) > limitOf(debt);
      if (isDue) events.push(...becomesLate(who, debt, now));
      if (debt.lateSince === undefined) continue;
      if (mayBeAsked(debt, now)) toAsk.push(who);
      if (debt.isWarnedOf || !isWorthWarning(debt, debt.lateSince, upTo)) continue;
      debt.isWarnedOf = true;
      toWarnOf.push({ who, quietMs: silentMs(debt, upTo) });
    }
    return { events, toAsk, toWarnOf, areOwed };
  }

  /** Another caller's warning of a member is over: this one warns of it itself, as soon as a check finds that it has to. */
  warnAgain({ debt }: Member): void {
    if (debt !== undefined) debt.isWarnedOf = false;
  }

  /**
   * Issues the ticket of a message that asks a member if it is there. Undefined: no call to it is in flight, or it was asked
   * within the last second. "No responders" to it means that the process is dead.
   * @param atOnce also within that second: it has just gone
   */
  ask(member: Member, now: number, atOnce = false): Ticket | undefined {
    const { debt } = member;
    if (debt === undefined || debt.inFlight === 0 || !(atOnce || mayBeAsked(debt, now))) return undefined;
    debt.askedAt = now;
    return newTicket(member, now, undefined, PRESENCE_GENERATION);
  }
}

/**
 * At the check that finds it late, this process may have been busy, and the answer be under way. So it has to be late for a
 * moment as well.
 */
const isWorthWarning = (debt: Debt, lateSince: number, upTo: number): boolean =>
  silentMs(debt, upTo) >= WARN_AFTER_MS && upTo - lateSince >= MIN_LATE_AFTER_MS;

/** What a look at the members has found. */
export interface LateCheck {
  readonly events: readonly HealthEvent[];
  /** The late ones whose last question is a second old: one that is passed over gets no call that would find its death. */
  readonly toAsk: readonly InstanceRef[];
  /** The late ones that have just been silent for long enough to warn other callers of them. */
  readonly toWarnOf: readonly OverdueInstance[];
  /** Answers are owed: another check is needed. */
  readonly areOwed: boolean;
}

/** An instance that owes an answer, and has answered nothing for so long. */
export interface OverdueInstance {
  readonly who: InstanceRef;
  readonly quietMs: number;
}

const mayBeAsked = ({ askedAt }: Debt, now: number): boolean => now - askedAt >= ASK_INTERVAL_MS;

/** Then its call is owed no more. */
const isOfEarlierState = ({ member, sentWith }: Ticket): boolean => sentWith !== member.debt;

function becomesLate(who: InstanceRef, debt: Debt, now: number): readonly HealthEvent[] {
  debt.lateSince = now;
  debt.isWarnedOf = false;
  return [{ kind: "late", who, owes: debt.owes, quietMs: silentMs(debt, now) }];
}

function timedOut({ sentAt }: Ticket, debt: Debt): void {
  debt.unansweredSince = Math.max(sentAt, lastAnswerAt(debt));
}

/** The member has answered. That ends its lateness, unless the answer was too late itself. */
function answered(who: InstanceRef, debt: Debt, isTooLate: boolean, now: number): readonly HealthEvent[] {
  if (isTooLate) {
    debt.answeredTooLateAt = now;
    return NO_EVENTS;
  }
  debt.answeredAt = now;
  if (debt.lateSince === undefined) return NO_EVENTS;
  const lateMs = now - debt.lateSince;
  debt.lateSince = undefined;
  return [{ kind: "on-time", who, lateMs }];
}

const NO_EVENTS: readonly HealthEvent[] = [];
