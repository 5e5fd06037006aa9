// Quarantine for newcomers: incarnations that have sent heartbeats but never answered a call. Heartbeats are
// unauthenticated on an open bus, so anyone can add incarnations.
//
// A newcomer joins the rotation at once. After several newcomers have failed, the quarantine is active:
// - Calls go only to members that have answered: the proven ones. Without a healthy one of these, they go to newcomers.
// - A newcomer gets a probe: a copy of a call, whose answer no caller waits for. If it answers, it is proven. Where no
//   call may be copied, one call in a hundred is a probe.
//
// 10,000 forged incarnations that hang then cost four timeouts, and one for each other call in flight by then. Without
// the quarantine they would cost 10,000.

import type { Result } from "./result.ts";

/** Two hung newcomers can be an accident. Four are not. */
const FAILURES_TO_ACTIVATE = 4;
/** How long a failure counts. */
const REMEMBERED_MS = 60_000;

interface NewcomerFailure {
  readonly incarnation: string;
  readonly at: number;
}

/** The latest failures of newcomers, and whether they are enough for a quarantine. */
export class NewcomerQuarantine {
  /**
   * The last four newcomers that failed, each with its latest failure, oldest first. Each counts once, however often it
   * fails, because its own breaker limits what it can cost.
   */
  #lastFailures: readonly NewcomerFailure[] = [];
  /** When the oldest of the last four failures happened. A field of its own, because each call reads only this. */
  #oldestFailedAt = Number.NEGATIVE_INFINITY;

  /** Records that a newcomer failed a call: it hung, did not exist, was draining, or sent an invalid response. */
  recordFailure(incarnation: string, now: number): void {
    const others = this.#lastFailures.filter((failure) => failure.incarnation !== incarnation);
    this.#lastFailures = [...others, { incarnation, at: now }].slice(-FAILURES_TO_ACTIVATE);
    const [oldest] = this.#lastFailures;
    if (oldest !== undefined && this.#lastFailures.length === FAILURES_TO_ACTIVATE) this.#oldestFailedAt = oldest.at;
  }

  /** Whether four newcomers have failed within a minute before `now` (ms, running time). */
  isActive(now: number): boolean {
    return now - this.#oldestFailedAt < REMEMBERED_MS;
  }
}

/** Whether this result counts as the failure of a newcomer. @param isOut the result took it out of the rotation */
export function failsAsNewcomer(result: Result, isOut: boolean): boolean {
  switch (result) {
    case "invalid":
    // Also a timeout that opens no breaker, with a `failureLimit` above one: else each newcomer could hang that often.
    case "timeout":
      return true;
    // An instance without responders may only be reconnecting, and then stays up.
    case "no-responders":
    case "draining":
      return isOut;
    case "answered":
    case "rejected":
    case "overloaded":
    case "unchecked":
    case "inconclusive":
    case "unsent":
    case "denied":
      return false;
  }
}
