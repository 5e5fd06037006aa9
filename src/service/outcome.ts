// The end of a call, as its caller sees it. What it means for the health of an instance is in attempt.ts: the two differ,
// as an error of the service is an error to the caller and proof of life to the tracker.

import type { InstanceRef } from "../health/member.ts";
import type { Result } from "../health/result.ts";

/** How a call ended. `ask` resolves with one of the three, and never rejects. */
export type Outcome<T = unknown> = OkOutcome<T> | ErrorOutcome | Unanswered;

/** An instance has answered. */
export interface OkOutcome<T = unknown> {
  readonly kind: "ok";
  /** The value that the call's `read` found valid; without a `read`, the body. */
  readonly value: T;
  /** The instance that answered. */
  readonly instance: InstanceRef;
  /** How often the call was sent: to the instances that it left, to this one, and as a hedge. Copies do not count. */
  readonly attempts: number;
}

/** The service's own error: 404 unknown, 400 bad request, 500. */
export interface ErrorOutcome {
  readonly kind: "error";
  readonly code: number;
  readonly message: string;
  /** The body of the error, decoded. Left out if it has none, or none that can be read. */
  readonly data?: unknown;
  /** The instance that answered. */
  readonly instance: InstanceRef;
  /** As in `OkOutcome`. */
  readonly attempts: number;
}

/** No instance has answered. */
export interface Unanswered {
  readonly kind: "unanswered";
  readonly reason: UnansweredReason;
  /** More for a person, if there is more to say. */
  readonly detail?: string;
  /**
   * False: no instance has executed the request, or will. True: an instance may have, in whole or in part. The copies
   * of an idempotent call count as well (retests and newcomer probes).
   */
  readonly mayHaveExecuted: boolean;
  /** The instances that the call was sent to, in order: the first 8. Those of its copies are not among them. */
  readonly tried: readonly Tried[];
}

/** One sending of a call. */
export interface Tried {
  readonly instance: InstanceRef;
  /**
   * If the call ended before this sending did: `timeout` where its time was over, and else `inconclusive`. The result for the
   * health of the instance follows later, and may be another.
   */
  readonly result: Result;
}

/** Why there is no answer. */
export type UnansweredReason =
  /** No answer within the time of the call. */
  | "timeout"
  /** The caller has given up: its signal was aborted. */
  | "cancelled"
  /** The bus was disconnected or closed, before the call was sent or while it waited for its answer. */
  | "disconnected"
  /** No instance is known, or all that were are gone. */
  | "no-instances"
  /** Instances are known, and none of them has the operation. */
  | "no-such-operation"
  /** Each instance that has the operation is leaving. The last one may have left before it finished the call. */
  | "draining"
  /** Each instance that could take the call did not answer lately, and its breaker is open. */
  | "breakers-open"
  /** Each instance that could take the call replied that it is overloaded, and has not begun it. */
  | "overloaded"
  /** The bus does not permit the call, its answer, or the heartbeats of the service. `detail` says which right is missing. */
  | "denied"
  /** The answer was not readable, or `read` found it invalid, and no other instance could take the call. `detail` has the problems. */
  | "invalid-response"
  /** The call failed on its caller's own side, and says nothing about any instance. `detail` says what failed. */
  | "failed";

/** Why a call ended without an answer. */
export type Why = Pick<Unanswered, "reason" | "detail">;

const NONE: readonly never[] = [];

/** The end of a call that was sent to no instance. */
export const unsent = (why: Why): Unanswered => ({
  kind: "unanswered",
  ...why,
  mayHaveExecuted: false,
  tried: NONE,
});

/** What can fail on the caller's own side. */
export type FailedPart =
  | "the request cannot be written as JSON"
  | "the options of the call cannot be used"
  | "the request was not sent"
  | "the check of the answer failed"
  | "the call failed in its own process";

export const failedWhy = (part: FailedPart, detail: string): Required<Why> => ({
  reason: "failed",
  detail: `${part}: ${detail}`,
});

/**
 * Validates the body of an answer, once, and returns the value in it. If the body is invalid, an idempotent call goes
 * on to another instance. If the reader throws or rejects, the call fails. A promise is awaited as long as the call has
 * time.
 */
export type ResponseReader<T = unknown> = (body: unknown) => Validated<T> | PromiseLike<Validated<T>>;

/** What the check of a body has found. */
export type Validated<T = unknown> = ValidResponse<T> | InvalidResponse;

/** A body that the check accepts. */
export interface ValidResponse<T = unknown> {
  readonly kind: "valid";
  /** Any value, also undefined. */
  readonly value: T;
}

/** A body that the check rejects. */
export interface InvalidResponse {
  readonly kind: "invalid";
  /** What is wrong, each with its path, as `items[2].price: must be a number`. */
  readonly problems: readonly string[];
}
