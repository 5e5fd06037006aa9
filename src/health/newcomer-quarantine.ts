// Quarantine for newcomers: incarnations that have sent heartbeats but never answered a call. Heartbeats are
// unauthenticated on an open bus, so anyone can add incarnations.
//
// While newcomers answer, they join the rotation at once. After several of them fail, the quarantine is active: calls
// go only to proven members, and a newcomer first gets a copy of a call whose result no caller waits for. Where no call
// may be copied, it gets one call in a hundred. The newcomer that answers is proven. Without a healthy proven member, newcomers get calls all the same. 10,000 forged incarnations
// that hang then cost four timeouts, as many as a page has calls, and one for each other call in flight by then. Without
// the quarantine they would cost 10,000.

import type { HealthEvent } from "./member.ts";
import type { Result } from "./tracker.ts";

/** Two hung newcomers can be an accident. Four are not. */
const FAILURES_TO_ACTIVATE = 4;
/** How long a failure counts. */
const REMEMBERED_MS = 60_000;

interface NewcomerFailure {
  readonly incarnation: string;
  readonly at: number;
}

export class NewcomerQuarantine {
  /**
   * The last four newcomers that failed, each with its latest failure, oldest first. Each counts once, however often it
   * fails, because its own breaker limits what it can cost.
   */
  #lastFailures: readonly NewcomerFailure[] = [];
  /** When the oldest of the last four failures happened. A field of its own, because each call reads only this. */
  #oldestFailedAt = Number.NEGATIVE_INFINITY;

  /** A newcomer failed a call: it hung, did not exist, was draining, or sent an invalid response. */
  recordFailure(incarnation: string, now: number): void {
    const others = this.#lastFailures.filter((failure) => failure.incarnation !== incarnation);
    this.#lastFailures = [...others, { incarnation, at: now }].slice(-FAILURES_TO_ACTIVATE);
    const [oldest] = this.#lastFailures;
    if (oldest !== undefined && this.#lastFailures.length === FAILURES_TO_ACTIVATE) this.#oldestFailedAt = oldest.at;
  }

  isActive(now: number): boolean {
    return now - this.#oldestFailedAt < REMEMBERED_MS;
  }
}

export const FAILURES: ReadonlySet<Result> = new Set(["invalid", "timeout", "no-responders", "draining"]);

/**
 * Whether a newcomer has failed by such an end of its call. A timeout counts also where it opens no breaker, as with a
 * failure limit above one: each of many newcomers would otherwise hang that often first. "No responders" and "draining"
 * count only if they change the membership: an instance without responders may be reconnecting.
 */
export const hasFailed = (result: Result, events: readonly HealthEvent[]): boolean =>
  result === "timeout" || result === "invalid" || (FAILURES.has(result) && events.length > 0);
