// Lateness: which members owe an answer for too long. Such a member gets no new call while another is not late. It opens
// no breaker, nothing is sent twice, and its first answer ends it. So an instance that hangs costs its callers the calls
// of the first moments, and not those of a whole request timeout.
//
// A member owes the answers of the calls in flight to it. It is late if it owes at least one, and has answered nothing
// for longer than the limit of the operations that it owes. The time counts from the oldest call that it owes, or from
// its last answer. So one slow call beside fast ones makes no instance late.
//
// An answer that took longer than the limit does not end that while more is owed, unless its call was the last to be sent.
// If it did, an instance that takes 600 ms would get calls for a moment after each answer, and so have more to answer: from
// one call in thirty to half of them within a minute. The answer to the last one shows that the instance is past its pause,
// also where an older call still hangs: to wait for that one was rejected, as it may take the whole of a long timeout.
//
// The limit of an operation is four times its typical p99: that of the middle one of up to fifteen instances. An instance
// that has become slow does not change it, so it does not excuse itself. Where most have become slow, all are late by
// the old limit, until the limit has followed. If all are late, all are used in turn.
//
// Lateness is decided by `check`, which the client calls every few milliseconds while answers are owed, after its event
// loop has read the sockets. A pick only reads `lateSince`. To compare times at each pick was rejected: after 30 ms in
// which the caller's own process was busy, answers that had arrived already would make their instances late.

import type { HealthRules } from "../settings.ts";
import type { HealthEvent, InstanceRef, Member } from "./member.ts";
import { OperationTimes } from "./operation-times.ts";
import type { Result } from "./result.ts";
import { PRESENCE_GENERATION, type Ticket } from "./ticket.ts";
import { Warnings } from "./warnings.ts";

/** An answer is late after so many times the typical p99 of its operation. */
const P99_FACTOR = 4;
/** No member is late sooner: a garbage collection on either side takes as long. */
const MIN_LATE_AFTER_MS = 20;
/**
 * Every member that owes an answer is late after this share of the call's timeout. The same for an operation without
 * recent answers. Later than that there would be little left to save.
 */
const MAX_SHARE = 0.25;

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

/**
 * What one member owes, in one state of its breaker. Changed in place, like its row: by each call and each answer. A call
 * that was sent in an earlier state counts for nothing: an instance that comes back after a pause owes none of those that
 * were lost meanwhile.
 */
export interface Debt {
  /** Calls in flight that count. */
  owes: number;
  /** Since when it owes something and has answered nothing. */
  quietSince: number;
  /** The number of the latest batch of them. A batch is over when no older call is owed. Then the next one begins. */
  batch: number;
  /** Those of `owes` that are of earlier batches. */
  olderOwes: number;
  /** How long it may owe an answer: for the older calls, and for those of the latest batch. */
  olderLimitMs: number;
  newerLimitMs: number;
  /** When the first of the older calls was sent, and the first of the latest batch. */
  olderSince: number;
  newerSince: number;
  /** When the last one was sent. -Infinity when that one has ended: then any answer shows that a pause is over. */
  lastSentAt: number;
  /** It is late since then. Undefined: it is not. */
  lateSince: number | undefined;
  /** When it was last asked if it is there. */
  askedAt: number;
  /** When it last answered a call, in any state of its breaker. */
  answeredAt: number;
  /** Other callers are to be warned of it: that was said once since it is late. */
  isWarnedOf: boolean;
}

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

  /** A call goes to `member`. @returns where its answer is counted as owed; undefined: nowhere */
  sent(member: Member, operation: string | undefined, now: number, timeoutMs?: number): Debt | undefined {
    const limitMs = this.limitMs(operation, timeoutMs);
    return limitMs === undefined ? undefined : owe(member, now, limitMs);
  }

  /** The call of `ticket` has ended. @returns the events that the caller has to emit */
  settled(ticket: Ticket, result: Result, now: number): readonly HealthEvent[] {
    const { member, operation, sentAt } = ticket;
    if (TIMED.has(result)) this.#record(member.who, operation, now - sentAt, now);
    const isTooLate = ANSWERS.has(result) && tookTooLong(ticket, now);
    const events = ANSWERS.has(result) ? this.#answered(ticket, now, isTooLate) : NO_EVENTS;
    if (ticket.debt !== undefined) payBack(ticket.debt, ticket);
    if (member.debt !== undefined && isTooLate) countFromOldest(member.debt);
    ticket.debt = undefined;
    return events;
  }

  #answered({ member, operation, sentAt }: Ticket, now: number, isTooLate: boolean): readonly HealthEvent[] {
    const onTime = answered(member, now, isTooLate);
    if (member.warning === undefined) return onTime;
    return [...onTime, ...this.warnings.answered(member, now - sentAt <= this.#typicalMs(operation), now)];
  }

  /** An answer of `operation` that takes longer than this, in ms, is not typical, also where the operation has no limit. */
  #typicalMs(operation: string | undefined): number {
    return this.limitMs(operation) ?? TYPICAL_FACTOR * (this.#times.get(operation)?.p99Ms ?? 0);
  }

  #record(who: InstanceRef, operation: string | undefined, tookMs: number, now: number): void {
    const times = this.#times.get(operation);
    if (times !== undefined) times.record(who.incarnation, tookMs, now);
    else this.#times.set(operation, new OperationTimes(who.incarnation, tookMs, now));
  }

  /** A hedge has answered the call of `ticket` first: its member is late at once. */
  overtaken(ticket: Ticket, now: number): readonly HealthEvent[] {
    const { member } = ticket;
    if (ticket.debt === undefined || ticket.debt !== member.debt) {
      // With a shorter limit than any call has, the answers to others would end lateness, and each check begin it again.
      ticket.debt = owe(member, ticket.sentAt, this.limitMs(ticket.operation) ?? this.#requestTimeoutMs * MAX_SHARE);
      ticket.batch = ticket.debt.batch;
    }
    const { debt } = ticket;
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
      const isDue = debt.lateSince === undefined && upTo - debt.quietSince > limitOf(debt);
      if (isDue) events.push(...becomesLate(who, debt, now));
      if (debt.lateSince === undefined) continue;
      if (mayBeAsked(debt, now)) toAsk.push(who);
      if (debt.isWarnedOf || !isWorthWarning(debt, debt.lateSince, upTo)) continue;
      debt.isWarnedOf = true;
      toWarnOf.push({ who, quietMs: upTo - debt.quietSince });
    }
    return { events, toAsk, toWarnOf, areOwed };
  }

  /**
   * Issues the ticket of a message that asks a member if it is there. Undefined: it owes nothing, or was asked within the
   * last second. "No responders" to it means that the process is dead.
   */
  ask(member: Member, now: number): Ticket | undefined {
    const { who, debt } = member;
    if (debt === undefined || debt.owes === 0 || !mayBeAsked(debt, now)) return undefined;
    debt.askedAt = now;
    return {
      who,
      member,
      generation: PRESENCE_GENERATION,
      sentAt: now,
      operation: undefined,
      debt: undefined,
      batch: 0,
    };
  }
}

/**
 * At the check that finds it late, this process may have been busy, and the answer be under way. So it has to be late for a
 * moment as well.
 */
const isWorthWarning = ({ quietSince }: Debt, lateSince: number, upTo: number): boolean =>
  upTo - quietSince >= WARN_AFTER_MS && upTo - lateSince >= MIN_LATE_AFTER_MS;

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

/**
 * Its breaker has opened, or admits calls again, or it is back after it was lost: what was sent before counts no more. The
 * end of a probation admits no call that was not admitted before, so it forgives nothing.
 */
export function forgive(member: Member): Member {
  if (member.debt !== undefined) member.debt = newDebt(member.debt.askedAt, member.debt.answeredAt);
  return member;
}

const newDebt = (askedAt: number, answeredAt: number): Debt => ({
  ...{ owes: 0, quietSince: 0, lateSince: undefined, askedAt, answeredAt, isWarnedOf: false },
  ...{ batch: 0, olderOwes: 0, olderLimitMs: 0, newerLimitMs: 0, olderSince: 0, newerSince: 0, lastSentAt: 0 },
});

/**
 * The longest limit of the calls that it owes, and of some that ended lately. The longest since it last owed nothing was
 * rejected: under steady load it always owes something, and the limit of its first calls would hold for good. To keep the
 * limit of each call costs a search at each answer.
 */
const limitOf = ({ olderLimitMs, newerLimitMs }: Debt): number => Math.max(olderLimitMs, newerLimitMs);

function owe(member: Member, since: number, limitMs: number): Debt {
  member.debt ??= newDebt(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
  const { debt } = member;
  // A call that a hedge overtook may have been sent before the last answer.
  if (debt.owes === 0) debt.quietSince = Math.max(since, debt.answeredAt);
  if (debt.owes === debt.olderOwes) debt.newerSince = since;
  debt.newerLimitMs = Math.max(debt.newerLimitMs, limitMs);
  debt.lastSentAt = Math.max(debt.lastSentAt, since);
  debt.owes += 1;
  return debt;
}

/** No event where it owes nothing any more: it has not answered, and after a timeout its breaker opens. */
function payBack(debt: Debt, { batch, sentAt }: Ticket): void {
  debt.owes -= 1;
  if (sentAt === debt.lastSentAt) debt.lastSentAt = Number.NEGATIVE_INFINITY;
  if (batch !== debt.batch) debt.olderOwes -= 1;
  if (debt.olderOwes === 0) beginBatch(debt);
  if (debt.owes === 0) debt.lateSince = undefined;
}

function beginBatch(debt: Debt): void {
  debt.batch += 1;
  debt.olderOwes = debt.owes;
  debt.olderLimitMs = debt.owes === 0 ? 0 : debt.newerLimitMs;
  debt.olderSince = debt.newerSince;
  debt.newerLimitMs = 0;
}

function becomesLate(who: InstanceRef, debt: Debt, now: number): readonly HealthEvent[] {
  debt.lateSince = now;
  debt.isWarnedOf = false;
  return [{ kind: "late", who, owes: debt.owes, quietMs: now - debt.quietSince }];
}

/**
 * An answer now says only that the member is slow: it took longer than the limit, and the member owes more that was sent
 * later. The same for an operation without a limit: its slow answers would admit the calls of the others.
 */
function tookTooLong({ member: { debt }, debt: own, sentAt }: Ticket, now: number): boolean {
  if (debt === undefined || now - sentAt <= limitOf(debt)) return false;
  return debt.owes > (own === debt ? 1 : 0) && sentAt < debt.lastSentAt;
}

/** The oldest call that is owed was sent then, or later. */
function countFromOldest(debt: Debt): void {
  debt.quietSince = Math.max(debt.quietSince, debt.olderSince);
}

function answered(member: Member, now: number, isTooLate: boolean): readonly HealthEvent[] {
  const { who } = member;
  // A call of an operation without a limit is owed nowhere.
  member.debt ??= newDebt(Number.NEGATIVE_INFINITY, now);
  const { debt } = member;
  debt.answeredAt = now;
  if (isTooLate) return NO_EVENTS;
  debt.quietSince = now;
  if (debt.lateSince === undefined) return NO_EVENTS;
  const lateMs = now - debt.lateSince;
  debt.lateSince = undefined;
  return [{ kind: "on-time", who, lateMs }];
}

const NO_EVENTS: readonly HealthEvent[] = [];
