// The two meanings of a reply on the bus: the end of the attempt for the caller, and the result for the health of the
// instance. They differ: an error of the service is an error to the caller and proof of life to the tracker. Both are read
// at once, because both need the decoded body.

import type { Reply } from "../bus/bus.ts";
import type { Cancel } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import type { Result } from "../health/result.ts";
import { isThenable } from "../util/promises.ts";
import { decodeValue } from "./core/body.ts";
import { OVERLOADED, retryAfterOf } from "./core/overload.ts";
import { textOf } from "./guard.ts";
import { failedWhy, type Outcome, type ResponseReader, type Why } from "./outcome.ts";

/** The end of one sending of a call to one instance. */
export type AttemptEnd =
  | { readonly kind: "ok"; readonly result: "answered"; readonly value: unknown }
  | {
      readonly kind: "error";
      readonly result: "answered";
      readonly code: number;
      readonly message: string;
      readonly data: unknown;
    }
  | NoAnswer
  | OverloadedEnd;

/** There was no answer, or none that the caller can use. */
export interface NoAnswer extends Why {
  readonly kind: "none";
  readonly result: Exclude<Result, "overloaded">;
  /** The instance may have executed the request, in whole or in part. */
  readonly mayHaveExecuted: boolean;
  /** Of a reply by which the protocol itself refuses the request. */
  readonly code?: number;
  /** What is wrong with an invalid response. */
  readonly problems?: readonly string[];
  /** What the caller's own code has thrown. */
  readonly error?: string;
}

/** The instance has no room for the request, and has not begun it. */
export interface OverloadedEnd extends Omit<NoAnswer, "result"> {
  readonly result: "overloaded";
  /** How long it asks to get no calls, in ms. */
  readonly retryAfterMs: number;
}

/** The instance is leaving and has not begun the request (docs/protocol.md). */
export const DRAINING = 503;
/** The instance left before it finished the request. It may have executed it all the same. */
export const UNFINISHED = 504;
/** The handler stopped, because the caller's time was over or the caller had given up. */
export const STOPPED = 499;
/** The instance lacks the operation. */
export const NO_SUCH_OPERATION = 501;

// The ends that carry nothing, each made once.
const DEAD: NoAnswer = { kind: "none", result: "no-responders", reason: "no-instances", mayHaveExecuted: false };
const TIMEOUT: NoAnswer = { kind: "none", result: "timeout", reason: "timeout", mayHaveExecuted: true };
// Its breaker must not open: another call found no responders, so the process is dead, not hung. A call that goes nowhere
// else has waited until its timeout.
const RECEIVER_DIED: NoAnswer = {
  ...TIMEOUT,
  result: "no-responders",
  detail: "the instance died before it answered",
};
const CANCELLED: NoAnswer = { kind: "none", result: "inconclusive", reason: "cancelled", mayHaveExecuted: true };
const CUT_OFF: NoAnswer = { kind: "none", result: "inconclusive", reason: "disconnected", mayHaveExecuted: true };
const NEVER_SENT: NoAnswer = { ...CUT_OFF, mayHaveExecuted: false };
const LEAVING: NoAnswer = {
  ...{ kind: "none", result: "draining", reason: "draining" },
  ...{ code: DRAINING, mayHaveExecuted: false },
};
const LEFT: NoAnswer = {
  ...LEAVING,
  ...{ code: UNFINISHED, mayHaveExecuted: true },
  detail: "the instance left before it finished the request",
};
const WAS_STOPPED: NoAnswer = {
  ...{ ...TIMEOUT, code: STOPPED },
  detail: "the instance stopped when the time of the caller was over, or the caller had given up",
};
const LACKS_OPERATION: NoAnswer = {
  ...{ kind: "none", result: "rejected", reason: "no-such-operation" },
  ...{ code: NO_SUCH_OPERATION, mayHaveExecuted: false },
};
const NO_ROOM: Omit<OverloadedEnd, "retryAfterMs"> = {
  ...({ kind: "none", result: "overloaded", reason: "overloaded" } as const),
  ...{ code: OVERLOADED, mayHaveExecuted: false },
};

/** An answer whose reader has returned a promise. The instance is alive: what the answer is worth is known later. */
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
        ...{ kind: "none", result: "unsent", mayHaveExecuted: false, error: reply.why },
        ...failedWhy("the request was not sent", reply.why),
      };
    case "denied":
      return {
        ...{ kind: "none", result: "denied", reason: "denied", detail: reply.why },
        mayHaveExecuted: reply.ofReplies === true && wasSent,
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
      return { ...NO_ROOM, retryAfterMs: retryAfterOf(body) };
  }
  const decoded = body === undefined ? undefined : decodeValue(body);
  const data = decoded?.kind === "value" ? decoded.value : undefined;
  return { kind: "error", result: "answered", code, message, data };
}

/** The outcome of a call that this attempt has answered. */
export function outcomeOf(
  end: Exclude<AttemptEnd, NoAnswer | OverloadedEnd>,
  instance: InstanceRef,
  attempts: number,
): Outcome {
  if (end.kind === "ok") return { kind: "ok", value: end.value, instance, attempts };
  const { kind, code, message, data } = end;
  return data === undefined
    ? { kind, code, message, instance, attempts }
    : { kind, code, message, data, instance, attempts };
}

/** Whether the instance may have executed the request, in whole or in part. */
export const mayHaveExecuted = (end: AttemptEnd): boolean => end.kind !== "none" || end.mayHaveExecuted;

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

/** Reads what a reader returned: plain JavaScript may return anything. */
function ofValidated(given: unknown): AttemptEnd {
  const { kind, value, problems } = Object(given) as { kind?: unknown; value?: unknown; problems?: unknown };
  if (kind === "valid") return { kind: "ok", result: "answered", value };
  if (kind === "invalid") return invalid(Array.isArray(problems) ? problems.map(textOf) : []);
  return unchecked('read must return { kind: "valid", value } or { kind: "invalid", problems }');
}

const invalid = (problems: readonly string[]): NoAnswer => ({
  ...{ kind: "none", result: "invalid", reason: "invalid-response", mayHaveExecuted: true },
  ...(problems.length > 0 && { detail: problems.join("; ") }),
  problems,
});

/** The check did not end within the time of its attempt. */
const CHECK_IS_LATE: NoAnswer = {
  ...{ kind: "none", result: "unchecked", reason: "timeout", mayHaveExecuted: true },
  detail: "the check of the answer took too long",
};

/**
 * Awaits an asynchronous check.
 * @param startTimer starts the timer that ends the wait
 * @param onEnd is called once in time. If it was called with a timeout, it may be called again: `isLate`
 */
export function awaitCheck(
  { check }: PendingCheck,
  startTimer: (act: () => void) => Cancel,
  onEnd: (end: AttemptEnd, isLate: boolean) => void,
): void {
  let isLate = false;
  const cancel = startTimer(() => {
    isLate = true;
    onEnd(CHECK_IS_LATE, false);
  });
  const settle = (end: AttemptEnd): void => {
    cancel();
    onEnd(end, isLate);
  };
  // A thenable may throw, or call back twice: a promise around it does neither.
  new Promise((resolve) => resolve(check))
    .then(ofValidated)
    .then(settle, (error: unknown) => settle(unchecked(textOf(error))));
}

const unchecked = (error: string): NoAnswer => ({
  ...{ kind: "none", result: "unchecked", mayHaveExecuted: true, error },
  ...failedWhy("the check of the answer failed", error),
});
