// The end of an attempt, as its reply on the bus shows it. It has two meanings. The end is for the caller; its `result`
// is for the health of the instance. An error of the service is one to the caller, and proof of life to the tracker.

import type { Reply } from "../bus/bus.ts";
import type { InstanceRef } from "../health/member.ts";
import type { Result } from "../health/result.ts";
import { isThenable } from "../util/promises.ts";
import { decodeValue } from "./core/body.ts";
import { hasBegun, OVERLOADED, retryAfterOf } from "./core/overload.ts";
import { textOf } from "./guard.ts";
import { type ErrorOutcome, failedWhy, type Outcome, type ResponseReader, type Why } from "./outcome.ts";

/** The end of one sending of a call to one instance: an answer, or none that the caller can use. */
export type AttemptEnd = Answer | NoAnswer;

type Answer =
  | { readonly kind: "ok"; readonly result: "answered"; readonly value: unknown }
  | ({ readonly result: "answered" } & Pick<ErrorOutcome, "kind" | "code" | "message" | "data">);

export interface NoAnswer extends Why {
  readonly kind: "none";
  readonly result: Result;
  /** The instance may have executed the request, in whole or in part. */
  readonly mayHaveExecuted: boolean;
  /** Of a reply by which the protocol itself refuses the request. */
  readonly code?: number;
  /** Of an overloaded instance: how long it asks to get no calls, in ms. */
  readonly retryAfterMs?: number;
  /** What is wrong with an invalid response. */
  readonly problems?: readonly string[];
  /** What the caller's own code has thrown. */
  readonly error?: string;
}

/** The instance is leaving and has not begun the request (docs/protocol.md). */
export const DRAINING = 503;
/** The instance left before it finished the request. It may have executed it all the same. */
export const UNFINISHED = 504;
/** The handler stopped, because the caller's time was over or the caller had given up. */
export const STOPPED = 499;
/** The instance lacks the operation. */
export const NO_SUCH_OPERATION = 501;

// The ends that carry nothing of their reply, each made once.
const NOT_EXECUTED = { kind: "none", mayHaveExecuted: false } as const;
const MAYBE_EXECUTED = { kind: "none", mayHaveExecuted: true } as const;
const DEAD: NoAnswer = { ...NOT_EXECUTED, result: "no-responders", reason: "no-instances" };
const TIMEOUT: NoAnswer = { ...MAYBE_EXECUTED, result: "timeout", reason: "timeout" };
// Another call found no responders: the process is dead, not hung, so its breaker must not open. The client ends the
// idempotent calls that are in flight to it, which go on. A call that is not idempotent ends with this at its timeout.
const RECEIVER_DIED: NoAnswer = {
  ...TIMEOUT,
  result: "no-responders",
  detail: "the instance died before it answered",
};
const CANCELLED: NoAnswer = { ...MAYBE_EXECUTED, result: "inconclusive", reason: "cancelled" };
const CUT_OFF: NoAnswer = { ...MAYBE_EXECUTED, result: "inconclusive", reason: "disconnected" };
const NEVER_SENT: NoAnswer = { ...CUT_OFF, mayHaveExecuted: false };
const LACKS_OPERATION: NoAnswer = {
  ...NOT_EXECUTED,
  ...{ result: "rejected", reason: "no-such-operation", code: NO_SUCH_OPERATION },
};
const LEAVING: NoAnswer = { ...NOT_EXECUTED, result: "draining", reason: "draining", code: DRAINING };
const LEFT: NoAnswer = {
  ...MAYBE_EXECUTED,
  ...{ result: "draining", reason: "draining", code: UNFINISHED },
  detail: "the instance left before it finished the request",
};
const WAS_STOPPED: NoAnswer = {
  ...TIMEOUT,
  code: STOPPED,
  detail: "the instance stopped when the time of the caller was over, or the caller had given up",
};
const NO_ROOM: NoAnswer = { ...NOT_EXECUTED, result: "overloaded", reason: "overloaded", code: OVERLOADED };
const HAD_BEGUN: NoAnswer = { ...NO_ROOM, mayHaveExecuted: true, detail: "an instance had begun the request" };
/** The check of an answer did not end within the time of its attempt. */
export const CHECK_IS_LATE: NoAnswer = {
  ...TIMEOUT,
  result: "unchecked",
  detail: "the check of the answer took too long",
};

/** An answer whose reader has returned a promise. The instance is alive. Whether its answer is valid is known later. */
export interface PendingCheck {
  readonly kind: "checking";
  readonly check: PromiseLike<unknown>;
}

/** @param wasSent false: the bus has returned the reply before it could send the request */
export function readAttempt(reply: Reply, read: ResponseReader | undefined, wasSent = true): AttemptEnd | PendingCheck {
  switch (reply.kind) {
    case "answered":
      return readBody(reply, read);
    case "service-error":
      return readError(reply);
    case "timeout":
      return TIMEOUT;
    case "receiver-died":
      return RECEIVER_DIED;
    case "no-responders":
      return DEAD;
    case "disconnected":
      return wasSent ? CUT_OFF : NEVER_SENT;
    case "cancelled":
      return CANCELLED;
    case "unsent":
      return {
        ...NOT_EXECUTED,
        result: "unsent",
        error: reply.why,
        ...failedWhy("the request was not sent", reply.why),
      };
    case "denied":
      // Where only its answer is not permitted, the instance may have the request.
      return {
        ...(reply.ofReplies === true && wasSent ? MAYBE_EXECUTED : NOT_EXECUTED),
        ...{ result: "denied", reason: "denied", detail: reply.why },
      };
  }
}

function readError({ code, message, body }: Extract<Reply, { kind: "service-error" }>): AttemptEnd {
  switch (code) {
    case NO_SUCH_OPERATION:
      return LACKS_OPERATION;
    case DRAINING:
      return LEAVING;
    case UNFINISHED:
      return LEFT;
    case STOPPED:
      return WAS_STOPPED;
    case OVERLOADED:
      return { ...(hasBegun(body) ? HAD_BEGUN : NO_ROOM), retryAfterMs: retryAfterOf(body) };
  }
  const decoded = body === undefined ? undefined : decodeValue(body);
  const data = decoded?.kind === "value" ? decoded.value : undefined;
  return { kind: "error", result: "answered", code, message, data };
}

/** A body can be invalid: not JSON, or rejected by the caller. The caller's code can also fail. */
function readBody(
  reply: Extract<Reply, { kind: "answered" }>,
  read: ResponseReader | undefined,
): AttemptEnd | PendingCheck {
  const decoded = decodeValue(reply.body, reply.headers);
  if (decoded.kind === "unreadable") return invalid([`the body is ${decoded.why}`]);
  if (read === undefined) return { kind: "ok", result: "answered", value: decoded.value };
  try {
    const given: unknown = read(decoded.value);
    return isThenable(given) ? { kind: "checking", check: given } : ofValidated(given);
  } catch (error) {
    return unchecked(textOf(error));
  }
}

/** The end that a reader's return value means. Plain JavaScript may return anything. */
function ofValidated(given: unknown): AttemptEnd {
  const { kind, value, problems } = Object(given) as { kind?: unknown; value?: unknown; problems?: unknown };
  if (kind === "valid") return { kind: "ok", result: "answered", value };
  if (kind === "invalid") return invalid(Array.isArray(problems) ? problems.map(textOf) : []);
  return unchecked('read must return { kind: "valid", value } or { kind: "invalid", problems }');
}

const invalid = (problems: readonly string[]): NoAnswer => ({
  ...MAYBE_EXECUTED,
  ...{ result: "invalid", reason: "invalid-response", problems },
  ...(problems.length > 0 && { detail: problems.join("; ") }),
});

const unchecked = (error: string): NoAnswer => ({
  ...MAYBE_EXECUTED,
  ...{ result: "unchecked", error },
  ...failedWhy("the check of the answer failed", error),
});

/** The end of an attempt whose reader has returned a promise. Never rejects. */
export function endOfCheck({ check }: PendingCheck): Promise<AttemptEnd> {
  // A thenable may throw, or call back twice: a promise around it does neither.
  const value = new Promise((resolve) => resolve(check));
  return value.then(ofValidated).catch((error: unknown) => unchecked(textOf(error)));
}

/** The outcome of the call that this attempt has answered. */
export function outcomeOf(end: Answer, instance: InstanceRef, attempts: number): Outcome {
  if (end.kind === "ok") return { kind: "ok", value: end.value, instance, attempts };
  const { kind, code, message, data } = end;
  return data === undefined
    ? { kind, code, message, instance, attempts }
    : { kind, code, message, data, instance, attempts };
}

/** Whether the instance may have executed the request, in whole or in part. */
export const mayHaveExecuted = (end: AttemptEnd): boolean => end.kind !== "none" || end.mayHaveExecuted;

const RETRIABLE: ReadonlySet<Result> = new Set(["no-responders", "draining", "rejected", "overloaded", "invalid"]);

/**
 * Whether the call goes on to another instance after this end, and whether the retry budget pays for it.
 *
 * A call goes on where another instance may do better, and nothing was executed. It was not delivered
 * (`no-responders`), or the instance has not begun it: it is leaving (`draining`, code 503), lacks the operation
 * (`rejected`, code 501) or has no room for it (`overloaded`, code 529). An idempotent call also goes on where it may
 * have been executed: after an `invalid` answer, or where the instance died with it (`no-responders` as well) or left
 * before it finished it (`draining`, code 504), or had begun it and was unavailable (`overloaded`).
 *
 * After 529 it is paid: it adds load where instances have too much of it. After an invalid answer it is free. The
 * breaker of such an instance stays closed, so it keeps its turns. Where it is one of two, half of the calls go on. A
 * budget of one in ten would let most of these fail.
 */
export function goingOn(end: NoAnswer, idempotent: boolean): "free" | "paid" | "no" {
  if (!RETRIABLE.has(end.result)) return "no";
  if (end.mayHaveExecuted && !idempotent) return "no";
  return end.result === "overloaded" ? "paid" : "free";
}
