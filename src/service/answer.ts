// The two meanings of a reply on the bus: the answer for the caller, and the result for the health of the instance. They
// differ: a refusal is an error to the caller and proof of life to the tracker. Both are read at once, because both need
// the decoded body.

import type { Reply } from "../bus/bus.ts";
import type { InstanceRef } from "../health/member.ts";
import type { Result } from "../health/tracker.ts";
import type { Decoded } from "../util/json.ts";
import { isThenable } from "../util/promises.ts";
import { decodeValue } from "./core/body.ts";
import { textOf } from "./guard.ts";

/** The end of a call, as its caller sees it. `body` is the value that the call's `read` returned: the body, by default. */
export type Answer<T = unknown> =
  | { readonly kind: "answered"; readonly body: T; readonly who: InstanceRef }
  /** `read` rejected this body, and no other instance could be called. */
  | { readonly kind: "invalid"; readonly body: unknown; readonly who: InstanceRef }
  /** The service's own error: 404 unknown, 400 bad request, 500. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string; readonly who: InstanceRef }
  | {
      readonly kind: "unanswered";
      readonly why: WhyUnanswered;
      /** More detail for a person, if there is any. */
      readonly detail?: string;
    }
  | FailedAnswer;

/** A failure on the caller's own side. It says nothing about any instance. */
export interface FailedAnswer {
  readonly kind: "failed";
  readonly why: WhyFailed;
  readonly detail: string;
}

export type WhyUnanswered =
  | "request timed out"
  | "all services are down"
  | "the bus is disconnected"
  | "the caller gave up"
  | "the answer was not readable"
  | "not permitted";

export type WhyFailed =
  | "the request cannot be written as JSON"
  | "the options of the call cannot be used"
  | "the request was not sent"
  | "the check of the answer failed"
  | "the call failed in its own process";

export const unanswered = (why: WhyUnanswered): Answer<never> => ({ kind: "unanswered", why });

export const failed = (why: WhyFailed, detail: string): FailedAnswer => ({ kind: "failed", why, detail });

/** One sending of a call to one instance, after its end. */
export interface CallAttempt {
  readonly answer: Answer;
  readonly result: Result;
}

/**
 * Reads the value in a body, which only the caller can do. `undefined` rejects the body, and the call goes on to another
 * instance. If it throws, the call fails.
 */
export type ResponseReader<T = unknown> = (body: unknown) => T | undefined;

/** The instance is leaving and has not begun the request (docs/protocol.md). */
const DRAINING = 503;
/** The instance left before it finished the request. It may have executed it all the same. */
export const UNFINISHED = 504;

/** The instance lacks the operation. */
export const NO_SUCH_OPERATION = 501;

/** @param who the instance that the call was sent to */
export function readAttempt(reply: Reply, who: InstanceRef, read: ResponseReader | undefined): CallAttempt {
  switch (reply.kind) {
    case "answered":
      return readBody(decodeValue(reply.body, reply.headers), who, read);
    case "service-error": {
      const { code, message } = reply;
      return { answer: { kind: "refused", code, message, who }, result: resultOf(code) };
    }
    case "timeout":
    case "receiver-died":
      return { answer: unanswered("request timed out"), result: "timeout" };
    case "no-responders":
      return { answer: unanswered("all services are down"), result: "no-responders" };
    case "disconnected":
      return { answer: unanswered("the bus is disconnected"), result: "inconclusive" };
    case "cancelled":
      return { answer: unanswered("the caller gave up"), result: "inconclusive" };
    case "unsent":
      return { answer: failed("the request was not sent", reply.why), result: "unsent" };
    case "denied":
      return { answer: { kind: "unanswered", why: "not permitted", detail: reply.why }, result: "denied" };
  }
}

function resultOf(code: number): Result {
  if (code === NO_SUCH_OPERATION) return "rejected";
  return code === DRAINING || code === UNFINISHED ? "draining" : "answered";
}

/** Whether the instance may have executed the request, in whole or in part. */
export const mayHaveExecuted = ({ answer, result }: CallAttempt): boolean =>
  result === "invalid" || (answer.kind === "refused" && answer.code === UNFINISHED);

/** A body can be invalid: not JSON, or rejected by the caller. The caller's code can also fail. */
function readBody(decoded: Decoded, who: InstanceRef, read: ResponseReader | undefined): CallAttempt {
  if (decoded.kind === "unreadable") return { answer: unanswered("the answer was not readable"), result: "invalid" };
  if (read === undefined) return { answer: { kind: "answered", body: decoded.value, who }, result: "answered" };
  try {
    const body = read(decoded.value);
    if (isThenable(body)) return rejectPromise(body);
    return body === undefined
      ? { answer: { kind: "invalid", body: decoded.value, who }, result: "invalid" }
      : { answer: { kind: "answered", body, who }, result: "answered" };
  } catch (error) {
    return { answer: failed("the check of the answer failed", textOf(error)), result: "unchecked" };
  }
}

/** A call that waited for the caller's code could not go on in time, so a promise is no value. */
function rejectPromise(promise: PromiseLike<unknown>): CallAttempt {
  promise.then(undefined, () => undefined);
  const detail = "read returned a promise: it must return the value, or undefined";
  return { answer: failed("the check of the answer failed", detail), result: "unchecked" };
}
