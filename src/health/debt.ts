// The debt of a member: the answers of the calls in flight to it, in the order of their sending.
//
// The calls are a list that is linked through their tickets. So a call that ends leaves it without a search, and the oldest one
// that is owed is known at once. A counter, and the times of two batches of calls, were rejected: the time of a call that had
// ended could count against the others.

import type { Member } from "./member.ts";
import type { Ticket } from "./ticket.ts";

/**
 * What one member owes, in one state of its breaker. Changed in place, like its row: by each call and each answer. A call
 * that was sent in an earlier state counts for nothing: an instance that comes back after a pause owes none of those that
 * were lost meanwhile.
 */
export interface Debt {
  /** All calls in flight, also those that are owed no more, or never were: of an operation without a limit. */
  inFlight: number;
  /** Calls in flight that count. */
  owes: number;
  /** The oldest of them, and the one that was sent last. */
  first: Ticket | undefined;
  last: Ticket | undefined;
  /** The last one of those with the longest limit. Undefined: not known, so the next reader searches (`limitOf`). */
  longest: Ticket | undefined;
  /** It is late since then. Undefined: it is not. */
  lateSince: number | undefined;
  /** Other callers are to be warned of it: that was said once since it is late. */
  isWarnedOf: boolean;
  /** When it last answered in time, and when too late (`isTooLate`). In any state of its breaker, as `inFlight` and the next. */
  answeredAt: number;
  answeredTooLateAt: number;
  /** A call has timed out, and from then on it had answered nothing. */
  unansweredSince: number;
  /** When it was last asked if it is there. */
  askedAt: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** The debt of `member`, which may be empty. */
export function debtOf(member: Member): Debt {
  member.debt ??= newDebt(NO_HISTORY);
  return member.debt;
}

/** What holds in any state of the breaker. */
type History = Pick<Debt, "inFlight" | "answeredAt" | "answeredTooLateAt" | "unansweredSince" | "askedAt">;

const NO_HISTORY: History = {
  inFlight: 0,
  answeredAt: NEVER,
  answeredTooLateAt: NEVER,
  unansweredSince: NEVER,
  askedAt: NEVER,
};

/** Without spreads, so that V8 keeps all fields in one block: with them a call among 10,000 members took three times as long. */
const newDebt = ({ inFlight, answeredAt, answeredTooLateAt, unansweredSince, askedAt }: History): Debt => ({
  inFlight,
  owes: 0,
  first: undefined,
  last: undefined,
  longest: undefined,
  lateSince: undefined,
  isWarnedOf: false,
  answeredAt,
  answeredTooLateAt,
  unansweredSince,
  askedAt,
});

/**
 * Its breaker has opened, or admits calls again, or it is back after it was lost: what was sent before counts no more. The
 * end of a probation admits no call that was not admitted before, so it forgives nothing.
 */
export function forgive(member: Member): Member {
  if (member.debt !== undefined) member.debt = newDebt(member.debt);
  return member;
}

/** The answer of `ticket` is owed from now on. @param limitMs for so long */
export function owe(ticket: Ticket, limitMs: number): Debt {
  const debt = debtOf(ticket.member);
  const { longest } = debt;
  if (longest !== undefined && limitMs >= limitMsOf(longest)) debt.longest = ticket;
  debt.owes += 1;
  ticket.debt = debt;
  ticket.limitMs = limitMs;
  // Behind those that were sent before. Only a call that a hedge overtook is not the last.
  let earlier = debt.last;
  while (earlier !== undefined && earlier.sentAt > ticket.sentAt) earlier = earlier.earlier;
  const later = earlier === undefined ? debt.first : earlier.later;
  join(debt, earlier, ticket);
  join(debt, ticket, later);
  return debt;
}

/** Two that follow one another, or an end of the list. */
function join(debt: Debt, earlier: Ticket | undefined, later: Ticket | undefined): void {
  if (earlier === undefined) debt.first = later;
  else earlier.later = later;
  if (later === undefined) debt.last = earlier;
  else later.earlier = earlier;
}

/** The call of `ticket` has ended. If its member owes nothing any more, it is late no more, without an event. */
export function payBack(ticket: Ticket): void {
  const { debt, earlier, later } = ticket;
  if (debt === undefined) return;
  ticket.debt = undefined;
  ticket.earlier = undefined;
  ticket.later = undefined;
  join(debt, earlier, later);
  if (debt.longest === ticket) debt.longest = undefined;
  debt.owes -= 1;
  if (debt.owes === 0) debt.lateSince = undefined;
}

/**
 * How long it may answer nothing, in ms: the longest limit of the calls that it owes. Most have the same, and the last of them
 * ends last. So ten thousand answers after a pause search once. Where limits fall from call to call, as with one deadline for
 * all, each answer searches: some 30 µs with ten thousand calls.
 */
export function limitOf(debt: Debt): number {
  if (debt.longest === undefined)
    for (let call = debt.last; call !== undefined; call = call.earlier)
      if (debt.longest === undefined || limitMsOf(call) > limitMsOf(debt.longest)) debt.longest = call;
  return debt.longest === undefined ? 0 : limitMsOf(debt.longest);
}

const limitMsOf = ({ limitMs }: Ticket): number => limitMs ?? 0;

/**
 * The answer of `ticket` came now, and says only that the member is slow: it took longer than the limit, and the member
 * owes a call that was sent later. The same for an operation without a limit, whose answer is not owed.
 */
export function isTooLate(ticket: Ticket, debt: Debt, now: number): boolean {
  const tookMs = now - ticket.sentAt;
  if (debt.last === undefined || tookMs <= limitMsOf(ticket)) return false;
  const isLast = ticket.debt === debt ? ticket === debt.last : ticket.sentAt >= debt.last.sentAt;
  return !isLast && tookMs > limitOf(debt);
}

/** Since when it owes an answer and has given none in time. Infinity: it owes nothing. */
export const quietSince = ({ first, answeredAt }: Debt): number =>
  first === undefined ? Number.POSITIVE_INFINITY : Math.max(first.sentAt, answeredAt);

/** When it last answered any call. */
export const lastAnswerAt = ({ answeredAt, answeredTooLateAt }: Debt): number =>
  Math.max(answeredAt, answeredTooLateAt);

/** For how long it has owed an answer and given none at all, in ms. */
export const silentMs = (debt: Debt, now: number): number => now - Math.max(quietSince(debt), lastAnswerAt(debt));
