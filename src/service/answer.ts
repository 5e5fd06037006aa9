// What a reply on the bus means: to the one who asked, and to the health of the instance that was asked. The two differ:
// a refusal is an error to the caller and proof of life to the tracker.

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

/** 503 is how an instance says that it takes no more (README, "The protocol"). */
const isDraining = (reply: Reply): boolean => reply.kind === "refused" && reply.code === 503;

/** Not delivered, or not taken: asking another is safe for any verb. */
export const reachedNobody = (reply: Reply): boolean => reply.kind === "nobody" || isDraining(reply);

export function resultOf(reply: Reply): Result {
  if (isDraining(reply)) return "draining";
  switch (reply.kind) {
    case "answered":
    case "refused":
      return "answered";
    case "nobody":
    case "timeout":
      return reply.kind;
    case "away":
    case "cancelled":
      return "nothing";
  }
}

/** What counts as an answer of a service: only its caller knows. */
export type Accepts = (body: unknown) => boolean;

/** An answer that is none: not JSON, or nothing that its caller could use. An error that the service gave is none of these. */
export function isNonsense(answer: Answer, accepts: Accepts): boolean {
  if (answer.kind === "answered") return !accepts(answer.body);
  return answer.kind === "unanswered" && answer.why === "the answer was not readable";
}

export function readReply(reply: Reply, who: Who): Answer {
  switch (reply.kind) {
    case "answered": {
      const decoded = decodeBody(reply.body, LONGEST_BODY_BYTES);
      if (decoded.kind === "unreadable") return unanswered("the answer was not readable");
      return { kind: "answered", body: decoded.value, who };
    }
    case "refused":
      return { kind: "refused", code: reply.code, message: reply.message, who };
    case "timeout":
      return unanswered("request timed out");
    case "cancelled":
      return unanswered("the caller gave up");
    case "nobody":
      return unanswered("all services are down");
    case "away":
      return unanswered("the bus is away");
  }
}
