// What a reply on the bus means: to the one who asked, and to the health of the instance that was asked. The two differ:
// a refusal is an error to the caller and proof of life to the tracker. Read once, as bodies have to be decoded for it.

import type { Reply } from "../bus/bus.ts";
import type { InstanceRef } from "../health/member.ts";
import type { Result } from "../health/tracker.ts";
import { decodeBody, MAX_BODY_BYTES } from "./body.ts";
import { isThenable, textOf } from "./guard.ts";

/** How a call ended for the one who asked. */
export type Answer =
  | { readonly kind: "answered"; readonly body: unknown; readonly who: InstanceRef }
  /** The service's own error: 404 unknown, 400 bad request, 500. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string; readonly who: InstanceRef }
  | {
      readonly kind: "unanswered";
      readonly why: WhyUnanswered;
      /** For a person, where there is more to say. */
      readonly detail?: string;
    }
  /** It failed on the caller's own side: it says nothing about any instance. */
  | { readonly kind: "failed"; readonly why: WhyFailed; readonly detail: string };

export type WhyUnanswered =
  | "request timed out"
  | "all services are down"
  | "the bus is away"
  | "the caller gave up"
  | "the answer was not readable"
  | "not permitted";

export type WhyFailed =
  | "the request cannot be written as JSON"
  | "the options of the call cannot be used"
  | "the request was not sent"
  | "the check of the answer failed"
  | "the call failed in its own process";

export const unanswered = (why: WhyUnanswered): Answer => ({ kind: "unanswered", why });

export const failed = (why: WhyFailed, detail: string): Extract<Answer, { kind: "failed" }> => ({
  ...{ kind: "failed", why, detail },
});

/** What came of sending a call to one instance. */
export interface CallAttempt {
  readonly answer: Answer;
  readonly result: Result;
}

/** What counts as an answer of a service: only its caller knows. One that throws ends the call as failed. */
export type ResponseValidator = (body: unknown) => boolean;

/** How an instance says that it takes no more, and has not begun (docs/protocol.md). */
const DRAINING = 503;
/** And that it leaves without having finished what it had begun: it may have done it all the same. */
export const UNFINISHED = 504;

/** What `reply` is to the caller, and what it says of `who`, the instance that was asked. */
export function readAttempt(reply: Reply, who: InstanceRef, accepts: ResponseValidator): CallAttempt {
  switch (reply.kind) {
    case "answered":
      return readBody(reply.body, who, accepts);
    case "service-error": {
      const { code, message } = reply;
      const isLeaving = code === DRAINING || code === UNFINISHED;
      return { answer: { kind: "refused", code, message, who }, result: isLeaving ? "draining" : "answered" };
    }
    case "timeout":
    case "receiver-died":
      return { answer: unanswered("request timed out"), result: "timeout" };
    case "no-responders":
      return { answer: unanswered("all services are down"), result: "no-responders" };
    case "away":
      return { answer: unanswered("the bus is away"), result: "inconclusive" };
    case "cancelled":
      return { answer: unanswered("the caller gave up"), result: "inconclusive" };
    case "unsent":
      return { answer: failed("the request was not sent", reply.why), result: "unsent" };
    case "denied":
      return { answer: { kind: "unanswered", why: "not permitted", detail: reply.why }, result: "denied" };
  }
}

/** Whether the instance may have done, or half done, what it was asked. */
export const mayHaveExecuted = ({ answer, result }: CallAttempt): boolean =>
  result === "nonsense" || (answer.kind === "refused" && answer.code === UNFINISHED);

/** An answer may be none: not JSON, or nothing that its caller could use. Its caller may be unable to tell. */
function readBody(bytes: Uint8Array, who: InstanceRef, accepts: ResponseValidator): CallAttempt {
  const decoded = decodeBody(bytes, MAX_BODY_BYTES);
  if (decoded.kind === "unreadable") return { answer: unanswered("the answer was not readable"), result: "nonsense" };
  const answer: Answer = { kind: "answered", body: decoded.value, who };
  try {
    const isAccepted: unknown = accepts(decoded.value);
    if (isThenable(isAccepted)) return asynchronousCheck(isAccepted);
    return { answer, result: isAccepted ? "answered" : "nonsense" };
  } catch (error) {
    return { answer: failed("the check of the answer failed", textOf(error)), result: "unchecked" };
  }
}

/** A promise would count as true, whatever it comes to. */
function asynchronousCheck(check: PromiseLike<unknown>): CallAttempt {
  check.then(undefined, () => undefined);
  const detail = "accepts gave a promise: it has to say true or false at once";
  return { answer: failed("the check of the answer failed", detail), result: "unchecked" };
}
