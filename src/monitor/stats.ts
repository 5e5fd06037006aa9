// Counters and latencies of attempts. An attempt costs one lookup in each of two maps and a few increments: 0.2 µs.
// Each attempt is counted twice. The board counts by incarnation: it shows processes and evicts them. The metrics count
// by instance number: a metric must never go down.

import type { AttemptOutcome } from "../service/client-options.ts";
import { SECOND_MS } from "../util/format.ts";

export const OUTCOMES = [
  { name: "ok", meaning: "the instance answered" },
  { name: "error", meaning: "the instance answered with an error of its service" },
  { name: "invalid", meaning: "the instance sent an invalid response; an idempotent call went to another instance" },
  { name: "timeout", meaning: "the instance did not answer within the request timeout" },
  { name: "unreachable", meaning: "no responders: the process is gone; the call went to another instance" },
  {
    name: "draining",
    meaning: "the instance rejected the call because it is leaving; the call went to another instance",
  },
  { name: "rejected", meaning: "the instance lacks the operation; the call went to another instance" },
  { name: "overloaded", meaning: "the instance had no room for the call; if it may, it went to another instance" },
  { name: "abandoned", meaning: "NATS disconnected, or the instance had no time left to answer" },
  { name: "denied", meaning: "NATS denied the call: the credentials of the caller do not permit it" },
  { name: "failed", meaning: "the caller failed by itself; without an instance if it failed before one was picked" },
] as const;
/** The outcome of a call without an attempt. */
export const SHORT_CIRCUITED = {
  name: "short_circuited",
  meaning: "no instance was eligible; it belongs to no instance",
};

export type AttemptOutcomeName = (typeof OUTCOMES)[number]["name"];
type Attempt = AttemptOutcome & { readonly kind: "attempt" };

/** Upper bounds in seconds: those that OpenTelemetry uses for calls. */
export const DURATION_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export const SPARK_SECONDS = 60;
/** The other outcomes have no duration: the call was not answered, or the caller did not wait until its end. */
const TIMED: ReadonlySet<AttemptOutcomeName> = new Set(["ok", "error", "invalid", "timeout"]);

export function outcomeOf({ result, isRefusal }: Attempt): AttemptOutcomeName {
  switch (result) {
    case "answered":
      return isRefusal ? "error" : "ok";
    case "no-responders":
      return "unreachable";
    case "inconclusive":
      return "abandoned";
    case "unsent":
    case "unchecked":
      return "failed";
    default:
      return result;
  }
}

/** The number of a second of running time. Only differences have a meaning. */
export const secondOf = (now: number): number => Math.floor(now / SECOND_MS);

type OutcomeCounts = Record<AttemptOutcomeName, number>;
const noOutcomes = (): OutcomeCounts => ({
  ...{ ok: 0, error: 0, invalid: 0, timeout: 0 },
  ...{ unreachable: 0, draining: 0, rejected: 0, overloaded: 0, abandoned: 0, denied: 0, failed: 0 },
});

/** The attempts of one incarnation: about a kilobyte, and only for incarnations that have been called. */
export class AttemptStats {
  readonly outcomes = noOutcomes();
  /** Calls without copies and hedges: those that a caller waited for. */
  calls = 0;
  copies = 0;
  /** Hedges of calls to a late instance. That instance counts them as calls, so this one does not. */
  hedges = 0;
  readonly #latency = new RecentLatency();
  readonly #seconds = new Uint32Array(SPARK_SECONDS);
  #second = 0;

  add(attempt: Attempt, outcome: AttemptOutcomeName, now: number): void {
    this.outcomes[outcome] += 1;
    if (TIMED.has(outcome)) this.#latency.add(attempt.tookMs, now);
    if (attempt.sentAs === "copy") this.copies += 1;
    if (attempt.sentAs === "hedge") this.hedges += 1;
    if (attempt.sentAs !== "call") return;
    this.calls += 1;
    this.#advanceTo(now);
    const place = this.#second % SPARK_SECONDS;
    this.#seconds[place] = (this.#seconds[place] ?? 0) + 1;
  }

  /** Calls in each of the last sixty seconds. The last entry is the current second. */
  seconds(now: number): readonly number[] {
    this.#advanceTo(now);
    const oldest = (this.#second + 1) % SPARK_SECONDS;
    return [...this.#seconds.subarray(oldest), ...this.#seconds.subarray(0, oldest)];
  }

  /** The last `count` of them. */
  lastSeconds(count: number, now: number): readonly number[] {
    this.#advanceTo(now);
    return Array.from({ length: count }, (_, place) => {
      const second = this.#second - (count - 1 - place);
      return this.#seconds[(second + SPARK_SECONDS) % SPARK_SECONDS] ?? 0;
    });
  }

  quantiles(shares: readonly number[], now: number): readonly number[] | undefined {
    return this.#latency.quantiles(shares, now);
  }

  /** Clears the seconds that have passed without a call. */
  #advanceTo(now: number): void {
    const second = secondOf(now);
    const passed = Math.min(second - this.#second, SPARK_SECONDS);
    for (let past = 0; past < passed; past++) this.#seconds[(second - past) % SPARK_SECONDS] = 0;
    if (second > this.#second) this.#second = second;
  }
}

/** The attempts of one instance number since the program started. */
export class CumulativeStats {
  readonly outcomes = noOutcomes();
  readonly buckets: number[] = DURATION_BOUNDS_S.map(() => 0);
  durations = 0;
  durationMs = 0;
  hedges = 0;

  add({ tookMs, sentAs }: Attempt, outcome: AttemptOutcomeName): void {
    this.outcomes[outcome] += 1;
    if (sentAs === "hedge") this.hedges += 1;
    if (!TIMED.has(outcome)) return;
    this.durations += 1;
    this.durationMs += tookMs;
    const place = DURATION_BOUNDS_S.findIndex((bound) => tookMs <= bound * SECOND_MS);
    if (place >= 0) this.buckets[place] = (this.buckets[place] ?? 0) + 1;
  }
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
