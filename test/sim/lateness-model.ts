// The expected lateness of a Market's instances, by docs/health.md. Computed from the calls that were sent and how they
// ended, apart from the code under test.

import type { Member } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";

const MIN_MS = 20;
const SHARE_OF_TIMEOUT = 1 / 4;
const TIMES_P99 = 4;
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

interface Batch {
  readonly owed: Set<Ticket>;
  allowedMs: number;
  /** When the first of it was sent. */
  since: number;
}

const noBatch = (): Batch => ({ owed: new Set(), allowedMs: 0, since: 0 });

/** The calls that one instance has not answered, in the order of their sending, and what they allow it. */
interface Account {
  /** How often the breaker had changed its kind: what was sent before counts no more. */
  readonly era: number;
  readonly owed: Set<Ticket>;
  quietSince: number;
  lastSentAt: number;
  /** Those that were owed at the end of the set before, and those sent since then; each set with its longest limit. */
  older: Batch;
  newer: Batch;
  isLate: boolean;
}

export class LatenessModel {
  readonly #timeoutMs: number;
  readonly #eraOf: (member: Member) => number;
  readonly #habits = new Map<string, Map<string, Habit>>();
  readonly #typical = new Map<string, number | undefined>();
  /** By row: an instance that was evicted and comes back begins again. */
  readonly #accounts = new WeakMap<Member, Account>();
  readonly #answeredAt = new WeakMap<Member, number>();

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
    const account = this.#account(member);
    return account === undefined || account.owed.size === 0 ? undefined : now - account.quietSince;
  }

  #allowedMs(operation: string, timeoutMs: number): number | undefined {
    const most = timeoutMs * SHARE_OF_TIMEOUT;
    const typical = this.#typical.get(operation);
    if (typical === undefined) return Math.max(most, MIN_MS);
    // A slow answer of such an operation looks like one that does not come.
    if (typical >= Math.max(most, MIN_MS)) return undefined;
    return Math.max(MIN_MS, Math.min(most, typical * TIMES_P99));
  }

  /** The longest time of a typical answer. */
  typicalMs(operation: string): number {
    return this.#allowedMs(operation, this.#timeoutMs) ?? 2 * (this.#typical.get(operation) ?? 0);
  }

  sent(call: Ticket, now: number, timeoutMs = this.#timeoutMs): void {
    const allowedMs = this.#allowedMs(call.operation ?? "", timeoutMs);
    if (allowedMs !== undefined) this.#owes(call, now, allowedMs);
  }

  #owes(call: Ticket, since: number, allowedMs: number): Account {
    const account = this.#account(call.member) ?? {
      ...{
        era: this.#eraOf(call.member),
        owed: new Set<Ticket>(),
        quietSince: since,
        isLate: false,
        lastSentAt: since,
      },
      ...{ older: noBatch(), newer: noBatch() },
    };
    this.#accounts.set(call.member, account);
    if (account.owed.size === 0)
      account.quietSince = Math.max(since, this.#answeredAt.get(call.member) ?? Number.NEGATIVE_INFINITY);
    if (account.newer.owed.size === 0) account.newer.since = since;
    account.newer.allowedMs = Math.max(account.newer.allowedMs, allowedMs);
    account.lastSentAt = Math.max(account.lastSentAt, since);
    account.newer.owed.add(call);
    account.owed.add(call);
    return account;
  }

  settled(call: Ticket, result: Result, now: number): void {
    const isAnswer = ["answered", "invalid", "rejected", "overloaded", "unchecked"].includes(result);
    if (isAnswer && result !== "rejected" && result !== "overloaded")
      this.#learns(call.who.incarnation, call.operation ?? "", now - call.sentAt, now);
    if (isAnswer) this.#answeredAt.set(call.member, now);
    const account = this.#account(call.member);
    if (account === undefined) return;
    const isSlow = now - call.sentAt > allowedOf(account) && call.sentAt < account.lastSentAt;
    const wasOwed = account.owed.delete(call);
    if (wasOwed && call.sentAt === account.lastSentAt) account.lastSentAt = Number.NEGATIVE_INFINITY;
    const isTooLate = isSlow && account.owed.size > 0;
    if (wasOwed) paid(account, call);
    if (isAnswer && isTooLate) account.quietSince = Math.max(account.quietSince, account.older.since);
    else if (isAnswer) account.quietSince = now;
    if ((isAnswer && !isTooLate) || account.owed.size === 0) account.isLate = false;
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
    const account = this.#account(call.member);
    const isOwed = account?.owed.has(call) === true;
    const allowedMs = this.#allowedMs(call.operation ?? "", this.#timeoutMs) ?? this.#timeoutMs * SHARE_OF_TIMEOUT;
    (isOwed ? account : this.#owes(call, call.sentAt, allowedMs)).isLate = true;
  }

  /** Looks which of these are late now. */
  looks(members: readonly Member[], now: number): void {
    for (const member of members) {
      const account = this.#account(member);
      if (account !== undefined && account.owed.size > 0 && now - account.quietSince > allowedOf(account))
        account.isLate = true;
    }
  }
}

const allowedOf = ({ older, newer }: Account): number => Math.max(older.allowedMs, newer.allowedMs);

/** The calls of the newer batch become the older ones once none of those is out. */
function paid(account: Account, call: Ticket): void {
  account.older.owed.delete(call);
  account.newer.owed.delete(call);
  if (account.older.owed.size > 0) return;
  account.older = account.newer.owed.size > 0 ? account.newer : noBatch();
  account.newer = noBatch();
}

/** @returns how many were forgotten */
function forgetStale(habits: Map<string, Habit>, now: number): number {
  const stale = [...habits].filter(([, { at }]) => now - at > STALE_MS);
  for (const [incarnation] of stale) habits.delete(incarnation);
  return stale.length;
}
