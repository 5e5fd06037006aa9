// Counters and latencies of attempts by incarnation, for the board: it shows processes and evicts them. The metrics count by
// instance number (src/metrics): a metric must never go down.

import { type Attempt, type AttemptOutcomeName, isTimed, noOutcomes } from "../metrics/core/outcomes.ts";
import { isCallersFault } from "../service/core/error-codes.ts";
import { LastMinute } from "../util/last-minute.ts";
import { isFailing } from "./failing.ts";

/** The calls of the last minute, by how they ended. A call that another instance took over is in neither. */
export interface Ended {
  /** Answered, also with an error that is the caller's fault. */
  readonly succeeded: number;
  /** Answered with another error, or with an invalid response, or not in time. */
  readonly errors: number;
}

/** The attempts of one incarnation: about two kilobytes, and only for incarnations that have been called. */
export class AttemptStats {
  readonly outcomes = noOutcomes();
  /** Calls without copies and hedges: those that a caller waited for. */
  calls = 0;
  copies = 0;
  /** Hedges of calls to a late instance. That instance counts them as calls, so this one does not. */
  hedges = 0;
  readonly #latency = new RecentLatency();
  readonly #calls = new LastMinute();
  readonly #succeeded = new LastMinute();
  readonly #timeouts = new LastMinute();
  /** Errors that it answered with. A timeout has a state of its own: it opens the breaker. */
  readonly #wrong = new LastMinute();
  #lastError: Attempt["error"];

  add(attempt: Attempt, outcome: AttemptOutcomeName, now: number): void {
    this.outcomes[outcome] += 1;
    if (isTimed(outcome)) this.#latency.add(attempt.tookMs, now);
    if (attempt.sentAs === "copy") this.copies += 1;
    if (attempt.sentAs === "hedge") this.hedges += 1;
    if (attempt.sentAs !== "call") return;
    this.calls += 1;
    this.#calls.add(now);
    this.#judge(attempt, outcome, now);
  }

  #judge({ error }: Attempt, outcome: AttemptOutcomeName, now: number): void {
    const isRight = outcome === "ok" || (outcome === "error" && error !== undefined && isCallersFault(error.code));
    if (isRight) this.#succeeded.add(now);
    else if (outcome === "timeout") this.#timeouts.add(now);
    else if (outcome === "error" || outcome === "invalid") {
      this.#wrong.add(now);
      this.#lastError = error;
    }
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
    return this.#latency.quantiles(shares, now);
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

/** No call over the bus is faster. */
const FIRST_BOUND_MS = 0.1;
const GROWTH = 1.25;
/** 0.1 ms × 1.25^63 is two minutes; the longest request timeout is one. */
const BUCKETS = 64;
/** Two windows of half a minute, one being filled and one full. A quantile covers the last 30 to 60 seconds. */
const LATENCY_WINDOW_MS = 30_000;
const LOG_GROWTH = Math.log(GROWTH);

/**
 * Latencies in buckets: adding one is an increment, and memory does not grow with calls. Each bucket is a quarter wider
 * than the one before it. So a quantile is right within an eighth, from a tenth of a millisecond up.
 */
export class RecentLatency {
  #filling = new Uint32Array(BUCKETS);
  #full = new Uint32Array(BUCKETS);
  #fillingMaxMs = 0;
  #fullMaxMs = 0;
  #windowStartedAt = Number.NEGATIVE_INFINITY;

  add(tookMs: number, now: number): void {
    this.#rotate(now);
    const bucket = bucketOf(tookMs);
    this.#fillingMaxMs = Math.max(this.#fillingMaxMs, tookMs);
    this.#filling[bucket] = (this.#filling[bucket] ?? 0) + 1;
  }

  /** Each quantile in ms, within an eighth. Undefined without a call in the two windows. */
  quantiles(shares: readonly number[], now: number): readonly number[] | undefined {
    this.#rotate(now);
    const counts = this.#counts();
    let total = 0;
    for (const count of counts) total += count;
    if (total === 0) return undefined;
    // The middle of the topmost bucket may lie above every value in it: a call of 1001 ms must not be shown as 1051.
    const maxMs = Math.max(this.#fillingMaxMs, this.#fullMaxMs);
    return shares.map((share) => Math.min(maxMs, quantile(counts, share * total)));
  }

  #counts(): Uint32Array {
    const counts = this.#filling.slice();
    for (let bucket = 0; bucket < BUCKETS; bucket++) counts[bucket] = (counts[bucket] ?? 0) + (this.#full[bucket] ?? 0);
    return counts;
  }

  #rotate(now: number): void {
    const age = now - this.#windowStartedAt;
    if (age < LATENCY_WINDOW_MS) return;
    const [older, newer] = [this.#full, this.#filling];
    this.#full = newer;
    this.#filling = older.fill(0);
    const isStale = age >= 2 * LATENCY_WINDOW_MS;
    if (isStale) newer.fill(0);
    this.#fullMaxMs = isStale ? 0 : this.#fillingMaxMs;
    this.#fillingMaxMs = 0;
    this.#windowStartedAt = isStale ? now : this.#windowStartedAt + LATENCY_WINDOW_MS;
  }
}

function bucketOf(tookMs: number): number {
  if (tookMs <= FIRST_BOUND_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(tookMs / FIRST_BOUND_MS) / LOG_GROWTH));
}

/** The middle of the bucket that holds the call of that rank. */
function quantile(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= rank && seen > 0) return middleOf(bucket);
  }
  return middleOf(BUCKETS - 1);
}

const middleOf = (bucket: number): number => FIRST_BOUND_MS * GROWTH ** (bucket - 0.5);
