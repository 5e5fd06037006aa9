// The expected lateness of a Market's instances, by docs/health.md. Computed from the calls that were sent and how they
// ended, apart from the code under test.

import type { Member } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";

const MIN_MS = 20;
const SHARE_OF_TIMEOUT = 1 / 5;
const TIMES_P99 = 3;
const INSTANCES = 15;
const REMEMBERED = 128;
const MIN_KNOWN = 20;
const RECKONED_EVERY = 16;
const STALE_MS = 60_000;

/** The recent times of an operation at one instance. */
interface Habit {
  readonly tookMs: number[];
  answers: number;
  at: number;
  p99Ms: number | undefined;
}

/** The calls that one instance has not answered, in the order of their sending, and what they allow it. */
interface Account {
  /** How often the breaker had changed its kind: what was sent before counts no more. */
  readonly era: number;
  readonly owed: Ticket[];
  isLate: boolean;
}

export class LatenessModel {
  readonly #timeoutMs: number;
  readonly #eraOf: (member: Member) => number;
  readonly #habits = new Map<string, Map<string, Habit>>();
  readonly #typical = new Map<string, number | undefined>();
  /** By row: an instance that was evicted and comes back begins again. */
  readonly #accounts = new WeakMap<Member, Account>();
  /** The last answer in time. */
  readonly #inTimeAt = new WeakMap<Member, number>();
  readonly #allowed = new WeakMap<Ticket, number>();
  readonly #eras = new WeakMap<Ticket, number>();

  /** @param eraOf how often its breaker has opened or admitted calls again, and how often it was lost and came back */
  constructor(timeoutMs: number, eraOf: (member: Member) => number) {
    this.#timeoutMs = timeoutMs;
    this.#eraOf = eraOf;
  }

  #account(member: Member): Account | undefined {
    const account = this.#accounts.get(member);
    return account?.era === this.#eraOf(member) ? account : undefined;
  }

  isLate(member: Member): boolean {
    return this.#account(member)?.isLate === true;
  }

  /** How long it has owed an answer and given none. Undefined: it owes nothing that counts. */
  quietMs(member: Member, now: number): number | undefined {
    const [oldest] = this.#account(member)?.owed ?? [];
    if (oldest === undefined) return undefined;
    return now - Math.max(oldest.sentAt, this.#inTimeAt.get(member) ?? Number.NEGATIVE_INFINITY);
  }

  #allowedMs(operation: string, timeoutMs: number): number | undefined {
    const most = timeoutMs * SHARE_OF_TIMEOUT;
    const typical = this.#typical.get(operation);
    if (typical === undefined) return Math.max(most, MIN_MS);
    // A slow answer of such an operation looks like one that does not come.
    if (typical >= Math.max(most, MIN_MS)) return undefined;
    return Math.max(MIN_MS, Math.min(most, typical * TIMES_P99));
  }

  /** The longest time of a typical answer to this call. */
  typicalMs(call: Ticket): number {
    return this.#allowed.get(call) ?? 2 * (this.#typical.get(call.operation ?? "") ?? 0);
  }

  sent(call: Ticket, timeoutMs = this.#timeoutMs): void {
    const allowedMs = this.#allowedMs(call.operation ?? "", timeoutMs);
    this.#eras.set(call, this.#eraOf(call.member));
    if (allowedMs !== undefined) this.#owes(call, allowedMs);
  }

  #owes(call: Ticket, allowedMs: number): Account {
    const account = this.#account(call.member) ?? {
      ...{ era: this.#eraOf(call.member), owed: [], isLate: false },
    };
    this.#accounts.set(call.member, account);
    this.#allowed.set(call, allowedMs);
    account.owed.push(call);
    account.owed.sort((a, b) => a.sentAt - b.sentAt);
    return account;
  }

  #longestMs({ owed }: Account): number {
    return Math.max(0, ...owed.map((call) => this.#allowed.get(call) ?? 0));
  }

  settled(call: Ticket, result: Result, now: number): void {
    const isAnswer = ["answered", "invalid", "rejected", "overloaded", "unchecked"].includes(result);
    if (isAnswer && result !== "rejected" && result !== "overloaded")
      this.#learns(call.who.incarnation, call.operation ?? "", now - call.sentAt, now);
    const account = this.#account(call.member);
    if (account === undefined) {
      if (isAnswer) this.#inTimeAt.set(call.member, now);
      return;
    }
    const { owed } = account;
    const place = owed.indexOf(call);
    const isLast = place === -1 ? call.sentAt >= (owed.at(-1)?.sentAt ?? 0) : place === owed.length - 1;
    const isTooLate = !isLast && now - call.sentAt > this.#longestMs(account);
    if (place !== -1) owed.splice(place, 1);
    if (isAnswer && !isTooLate) this.#inTimeAt.set(call.member, now);
    if ((isAnswer && !isTooLate) || owed.length === 0) account.isLate = false;
  }

  #learns(incarnation: string, operation: string, tookMs: number, now: number): void {
    const habits = this.#habits.get(operation) ?? new Map<string, Habit>();
    this.#habits.set(operation, habits);
    const hasRoom = habits.has(incarnation) || habits.size < INSTANCES || forgetStale(habits, now) > 0;
    if (!hasRoom) return;
    const habit = habits.get(incarnation) ?? { tookMs: [], answers: 0, at: now, p99Ms: undefined };
    habits.set(incarnation, habit);
    habit.tookMs.push(Math.fround(tookMs));
    if (habit.tookMs.length > REMEMBERED) habit.tookMs.shift();
    habit.answers += 1;
    habit.at = now;
    if (habit.answers !== MIN_KNOWN && (habit.answers < MIN_KNOWN || habit.answers % RECKONED_EVERY !== 0)) return;
    habit.p99Ms = [...habit.tookMs].sort((a, b) => b - a)[1];
    forgetStale(habits, now);
    const known = [...habits.values()].flatMap(({ p99Ms }) => p99Ms ?? []).sort((a, b) => a - b);
    this.#typical.set(operation, known[Math.ceil(known.length / 2) - 1]);
  }

  /** A hedge has answered first. */
  overtaken(call: Ticket): void {
    if (this.#eras.get(call) !== this.#eraOf(call.member)) return;
    const account = this.#account(call.member);
    const isOwed = account?.owed.includes(call) === true;
    const allowedMs = this.#allowedMs(call.operation ?? "", this.#timeoutMs) ?? this.#timeoutMs * SHARE_OF_TIMEOUT;
    (isOwed ? account : this.#owes(call, allowedMs)).isLate = true;
  }

  /** Looks which of these are late now. */
  looks(members: readonly Member[], now: number): void {
    for (const member of members) {
      const account = this.#account(member);
      if (account !== undefined && (this.quietMs(member, now) ?? 0) > this.#longestMs(account)) account.isLate = true;
    }
  }
}

/** @returns how many were forgotten */
function forgetStale(habits: Map<string, Habit>, now: number): number {
  const stale = [...habits].filter(([, { at }]) => now - at > STALE_MS);
  for (const [incarnation] of stale) habits.delete(incarnation);
  return stale.length;
}
