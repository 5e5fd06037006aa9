// What a reply on the bus means: to the one who asked, and to the health of the instance that was asked. The two differ:
// a refusal is an error to the caller and proof of life to the tracker. Read once, as bodies have to be decoded for it.

import type { Reply } from "../bus/bus.ts";
import type { Who } from "../health/member.ts";
import type { Result } from "../health/ticket.ts";
import { decodeBody, LONGEST_BODY_BYTES } from "./body.ts";

/** How a call ended for the one who asked. */
export type Answer =
  | { readonly kind: "answered"; readonly body: unknown; readonly who: Who }
  /** The service's own error: 404 unknown, 400 bad request, 500. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string; readonly who: Who }
  | { readonly kind: "unanswered"; readonly why: WhyUnanswered };

export type WhyUnanswered =
  | "request timed out"
  | "all services are down"
  | "the bus is away"
  | "the caller gave up"
  | "the answer was not readable";

export const unanswered = (why: WhyUnanswered): Answer => ({ kind: "unanswered", why });

/** What came of sending a call to one instance. */
export interface Attempt {
  readonly answer: Answer;
  readonly result: Result;
}

/** What counts as an answer of a service: only its caller knows. */
export type Accepts = (body: unknown) => boolean;

/** How an instance says that it takes no more, and has not begun (docs/protocol.md). */
const DRAINING = 503;
/** And that it leaves without having finished what it had begun: it may have done it all the same. */
export const UNFINISHED = 504;

/** What `reply` is to the caller, and what it says of `who`, the instance that was asked. */
export function readAttempt(reply: Reply, who: Who, accepts: Accepts): Attempt {
  switch (reply.kind) {
    case "answered":
      return readBody(reply.body, who, accepts);
    case "refused": {
      const { code, message } = reply;
      const isLeaving = code === DRAINING || code === UNFINISHED;
      return { answer: { kind: "refused", code, message, who }, result: isLeaving ? "draining" : "answered" };
    }
    case "timeout":
    case "lost":
      return { answer: unanswered("request timed out"), result: "timeout" };
    case "nobody":
      return { answer: unanswered("all services are down"), result: "nobody" };
    case "away":
      return { answer: unanswered("the bus is away"), result: "nothing" };
    case "cancelled":
      return { answer: unanswered("the caller gave up"), result: "nothing" };
  }
}

/** Whether the instance may have done, or half done, what it was asked. */
export const mayBeDone = ({ answer, result }: Attempt): boolean =>
  result === "nonsense" || (answer.kind === "refused" && answer.code === UNFINISHED);

/** An answer may be none: not JSON, or nothing that its caller could use. */
function readBody(bytes: Uint8Array, who: Who, accepts: Accepts): Attempt {
  const decoded = decodeBody(bytes, LONGEST_BODY_BYTES);
  if (decoded.kind === "unreadable") return { answer: unanswered("the answer was not readable"), result: "nonsense" };
  const answer: Answer = { kind: "answered", body: decoded.value, who };
  return { answer, result: accepts(decoded.value) ? "answered" : "nonsense" };
}
