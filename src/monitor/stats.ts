// Counters and latencies of attempts by incarnation, for the board: it shows processes and evicts them. The metrics count by
// instance number (src/metrics): a metric must never go down.

import { type Attempt, type AttemptOutcomeName, isTimed, noOutcomes } from "../metrics/core/outcomes.ts";
import { isCallersFault } from "../service/core/error-codes.ts";
import { LastMinute } from "../util/last-minute.ts";
import { isFailing } from "./failing.ts";
import { CallHistory } from "./history.ts";
import { bucketOf, RecentLatency } from "./latency.ts";

/** The calls of the last minute, by how they ended. A call that another instance took over is in neither. */
export interface Ended {
  /** Answered, also with an error that is the caller's fault. */
  readonly succeeded: number;
  /** Answered with another error, or with an invalid response, or not in time. */
  readonly errors: number;
}

/** The attempts of one incarnation: about four kilobytes with its history, which it has from its first attempt on. */
export class AttemptStats {
  readonly outcomes = noOutcomes();
  /** Calls without copies and hedges: those that a caller waited for. */
  calls = 0;
  copies = 0;
  /** Hedges of calls to a late instance. That instance counts them as calls, so this one does not. */
  hedges = 0;
  readonly latency = new RecentLatency();
  /** Undefined: nothing was ever sent to it. */
  history: CallHistory | undefined;
  readonly #calls = new LastMinute();
  readonly #succeeded = new LastMinute();
  readonly #timeouts = new LastMinute();
  /** Errors that it answered with. A timeout has a state of its own: it opens the breaker. */
  readonly #wrong = new LastMinute();
  #lastError: Attempt["error"];

  /** @param at `now` in the time of the history */
  add(attempt: Attempt, outcome: AttemptOutcomeName, now: number, at: number = now): void {
    this.outcomes[outcome] += 1;
    this.history ??= new CallHistory();
    if (isTimed(outcome)) {
      const bucket = bucketOf(attempt.tookMs);
      this.latency.add(attempt.tookMs, now, bucket);
      this.history.addLatency(attempt.tookMs, at, bucket);
    }
    if (attempt.sentAs === "copy") this.copies += 1;
    if (attempt.sentAs === "hedge") this.hedges += 1;
    if (attempt.sentAs !== "call") return;
    this.calls += 1;
    this.#calls.add(now);
    this.history.addCount(at);
    if (this.#judge(attempt, outcome, now)) this.history.addError(at);
  }

  /** @returns whether it counts as an error */
  #judge({ error }: Attempt, outcome: AttemptOutcomeName, now: number): boolean {
    const isRight = outcome === "ok" || (outcome === "error" && error !== undefined && isCallersFault(error.code));
    if (isRight) this.#succeeded.add(now);
    else if (outcome === "timeout") this.#timeouts.add(now);
    else if (outcome === "error" || outcome === "invalid") {
      this.#wrong.add(now);
      this.#lastError = error;
    } else return false;
    return !isRight;
  }

  /** Calls of the last sixty seconds. */
  lastMinute(now: number): number {
    return this.#calls.sum(now);
  }

  ended(now: number): Ended {
    return { succeeded: this.#succeeded.sum(now), errors: this.#timeouts.sum(now) + this.#wrong.sum(now) };
  }

  /** Its last answer of the last minute that was an error or invalid, for a person. Undefined: there was none. */
  lastError(now: number): string | undefined {
    if (this.#wrong.sum(now) === 0) return undefined;
    return this.#lastError === undefined ? INVALID : shownError(this.#lastError);
  }

  isFailing(now: number): boolean {
    return isFailing(this.#calls.sum(now), this.#wrong.sum(now));
  }

  /** Calls in each of the last sixty seconds. The last entry is the current second. */
  seconds(now: number): readonly number[] {
    return this.#calls.seconds(now);
  }

  /** The last `count` of them. */
  lastSeconds(count: number, now: number): readonly number[] {
    return this.#calls.lastSeconds(count, now);
  }

  quantiles(shares: readonly number[], now: number): readonly number[] | undefined {
    return this.latency.quantiles(shares, now);
  }
}

const INVALID = "an invalid response";
/** A card of the board shows this much of it in a few lines. */
const MAX_ERROR_LENGTH = 100;

/** `500: no such table`. The instance chose the message. */
function shownError({ code, message }: NonNullable<Attempt["error"]>): string {
  const text = `${code}: ${message}`.replace(/\p{C}+/gu, " ");
  return text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}…` : text;
}
