// Whether a call goes on to another instance after an attempt, and at whose expense.

import type { Result } from "../health/tracker.ts";
import { type AttemptEnd, mayHaveExecuted } from "./attempt.ts";

/** `paid`: the retry budget has to have room for it. `free`: no instance was loaded by this attempt. */
export type GoingOn = "free" | "paid" | "no";

const RETRIABLE: ReadonlySet<Result> = new Set(["no-responders", "draining", "rejected", "overloaded", "invalid"]);

/**
 * A call goes on if nothing was executed. It was not delivered (`no-responders`), or the instance has not begun it: it is
 * leaving (`draining`, code 503), lacks the operation (`rejected`, code 501) or has no room for it (`overloaded`, code
 * 529). An idempotent call also goes on where it may have been executed: after an `invalid` answer, or where the instance
 * left before it finished the request (`draining`, code 504).
 *
 * Where instances are overloaded or of no use, each call that goes on adds to the load, so it is paid.
 */
export function goingOn(end: AttemptEnd, idempotent: boolean): GoingOn {
  if (!RETRIABLE.has(end.result)) return "no";
  const wasExecuted = mayHaveExecuted(end);
  if (wasExecuted && !idempotent) return "no";
  return wasExecuted || end.result === "overloaded" ? "paid" : "free";
}
