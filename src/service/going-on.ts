// The decision after an attempt: whether the call goes on to another instance, and whether the retry budget pays for it.

import type { Result } from "../health/result.ts";
import { type AttemptEnd, mayHaveExecuted } from "./attempt.ts";

/** `paid`: the retry budget has to have room for it. */
export type GoingOn = "free" | "paid" | "no";

const RETRIABLE: ReadonlySet<Result> = new Set(["no-responders", "draining", "rejected", "overloaded", "invalid"]);

/**
 * A call goes on if nothing was executed. It was not delivered (`no-responders`), or the instance has not begun it: it is
 * leaving (`draining`, code 503), lacks the operation (`rejected`, code 501) or has no room for it (`overloaded`, code
 * 529). An idempotent call also goes on where it may have been executed: after an `invalid` answer, or where the instance
 * died with it (`no-responders` as well) or left before it finished it (`draining`, code 504).
 *
 * After 529 it is paid: it adds load where instances have too much of it. After an invalid answer it is free. An instance
 * that sends invalid answers keeps its turns, as its breaker stays closed. With a budget, most calls of two instances, one
 * of them such, would fail.
 */
export function goingOn(end: AttemptEnd, idempotent: boolean): GoingOn {
  if (!RETRIABLE.has(end.result)) return "no";
  if (mayHaveExecuted(end) && !idempotent) return "no";
  return end.result === "overloaded" ? "paid" : "free";
}
