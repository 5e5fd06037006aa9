// The errors of the typed layer: what a handler throws, and what a call rejects with.

import { DEFAULT_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS, OVERLOADED } from "../service/core/overload.ts";
import type { ErrorOutcome, Unanswered } from "../service/outcome.ts";
import { isIntegerIn } from "../util/json.ts";
import { outcomeText } from "./core/outcome-text.ts";

const [MIN_CODE, MAX_CODE] = [100, 999];

/**
 * The answer of a handler that cannot do what was asked: `throw new ServiceError(404, "no such order")`. Its caller gets
 * code, message and data. Any other error that a handler throws is a 500 "internal error", and is logged.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: number;
  readonly data: unknown;

  /**
   * @param code of HTTP. Four codes are the library's own, and are sent as 500: 499, 501, 503 and 504. One exception: the
   * 503 of an idempotent operation is sent as 529 (overloaded), and another instance executes the call. To say that nothing
   * was done, throw `overloaded()`
   * @param message one line of text
   * @param data any JSON value, but no bytes
   * @throws TypeError for a code that is no whole number from 100 to 999
   */
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    if (!isIntegerIn(code, MIN_CODE, MAX_CODE))
      throw new TypeError(
        `the code of a ServiceError must be a whole number from ${MIN_CODE} to ${MAX_CODE}, not ${code}`,
      );
    this.code = code;
    this.data = data;
  }
}

/**
 * What a handler throws that has not begun and has no room: its caller calls another instance at once, also for an
 * operation that is not idempotent, and avoids this one for a moment.
 * @param retryAfterMs for how long, from 0 to 5,000 ms
 */
export function overloaded(retryAfterMs: number = DEFAULT_RETRY_AFTER_MS): ServiceError {
  if (!isIntegerIn(retryAfterMs, 0, MAX_RETRY_AFTER_MS))
    throw new TypeError(`retryAfterMs must be a whole number from 0 to ${MAX_RETRY_AFTER_MS}, not ${retryAfterMs}`);
  return new ServiceError(OVERLOADED, "overloaded", { retryAfterMs });
}

/**
 * What `client.call` rejects with. Its message says what happened, at which instance, and whether the call may have been
 * executed.
 */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly service: string;
  readonly operation: string;
  readonly outcome: ErrorOutcome | Unanswered;

  constructor(service: string, operation: string, outcome: ErrorOutcome | Unanswered) {
    super(`${operation} of ${service} ${outcome.kind === "error" ? "was " : ""}${outcomeText(outcome)}`);
    this.service = service;
    this.operation = operation;
    this.outcome = outcome;
  }

  /** The code of the error that the service answered with. Undefined: it did not answer. */
  get code(): number | undefined {
    return this.outcome.kind === "error" ? this.outcome.code : undefined;
  }

  /** What the service sent along with its error. */
  get data(): unknown {
    return this.outcome.kind === "error" ? this.outcome.data : undefined;
  }

  /** False: no instance has begun it, so it can be repeated whatever it does. */
  get mayHaveExecuted(): boolean {
    return this.outcome.kind === "error" || this.outcome.mayHaveExecuted;
  }
}
