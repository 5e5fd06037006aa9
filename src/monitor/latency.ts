// Latencies counted in buckets: adding one is an increment, and memory does not grow with calls. Each bucket is a quarter
// wider than the one before it. So a quantile is right within an eighth, from a tenth of a millisecond up.

import { roundTo2 } from "../util/format.ts";

/** No call over the bus is faster. The first bucket has the calls up to this. */
export const FIRST_BOUND_MS = 0.1;
export const GROWTH = 1.25;
/** 0.1 ms × 1.25^63 is two minutes; the longest request timeout is one. */
const BUCKETS = 64;
/** Two windows of half a minute, one being filled and one full. A quantile covers the last 30 to 60 seconds. */
const LATENCY_WINDOW_MS = 30_000;
const LOG_GROWTH = Math.log(GROWTH);

const SHOWN_QUANTILES = [0.5, 0.99] as const;

/** The number of the bucket of a latency, from 0. */
export function bucketOf(tookMs: number): number {
  if (tookMs <= FIRST_BOUND_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(tookMs / FIRST_BOUND_MS) / LOG_GROWTH));
}

/** The middle of a bucket. */
const middleOf = (bucket: number): number => FIRST_BOUND_MS * GROWTH ** (bucket - 0.5);

/** The calls in each bucket from the bucket `first` on, up to the last one that has a call. */
export interface LatencyView {
  readonly first: number;
  readonly counts: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The latencies of one window of time: a quarter of a kilobyte. */
export class LatencyCounts {
  readonly #counts = new Uint32Array(BUCKETS);
  #maxMs = 0;

  /** @param bucket of `tookMs` */
  add(tookMs: number, bucket: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (tookMs > this.#maxMs) this.#maxMs = tookMs;
  }

  clear(): void {
    if (this.#maxMs === 0 && this.#counts[0] === 0) return;
    this.#counts.fill(0);
    this.#maxMs = 0;
  }

  /** Each quantile in ms, within an eighth. Undefined without a call. */
  quantiles(shares: readonly number[]): readonly number[] | undefined {
    let total = 0;
    for (const count of this.#counts) total += count;
    if (total === 0) return undefined;
    // The middle of the topmost bucket may lie above every value in it: a call of 1001 ms must not be shown as 1051.
    return shares.map((share) => Math.min(this.#maxMs, this.#middleAt(share * total)));
  }

  /** Undefined without a call. */
  view(): LatencyView | undefined {
    const counts = [...this.#counts];
    const first = counts.findIndex((count) => count > 0);
    if (first < 0) return undefined;
    const [p50 = 0, p99 = 0] = this.quantiles(SHOWN_QUANTILES) ?? [];
    return {
      ...{ first, counts: counts.slice(first, counts.findLastIndex((count) => count > 0) + 1) },
      ...{ p50Ms: roundTo2(p50), p99Ms: roundTo2(p99), maxMs: roundTo2(this.#maxMs) },
    };
  }

  /** These latencies and those of another window. */
  with(other: LatencyCounts): LatencyCounts {
    const sum = new LatencyCounts();
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      sum.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    sum.#maxMs = Math.max(this.#maxMs, other.#maxMs);
    return sum;
  }

  /** The middle of the bucket that holds the call of that rank. */
  #middleAt(rank: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank && seen > 0) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }
}

/** The latencies of the last 30 to 60 seconds. */
export class RecentLatency {
  #filling = new LatencyCounts();
  #full = new LatencyCounts();
  #windowStartedAt = Number.NEGATIVE_INFINITY;

  /** @param bucket of `tookMs`, for a caller that has it already */
  add(tookMs: number, now: number, bucket: number = bucketOf(tookMs)): void {
    this.#rotate(now);
    this.#filling.add(tookMs, bucket);
  }

  /** Each quantile in ms, within an eighth. Undefined without a call in the two windows. */
  quantiles(shares: readonly number[], now: number): readonly number[] | undefined {
    return this.#both(now).quantiles(shares);
  }

  /** Undefined without a call in the two windows. */
  view(now: number): LatencyView | undefined {
    return this.#both(now).view();
  }

  #both(now: number): LatencyCounts {
    this.#rotate(now);
    return this.#filling.with(this.#full);
  }

  #rotate(now: number): void {
    const age = now - this.#windowStartedAt;
    if (age < LATENCY_WINDOW_MS) return;
    const [older, newer] = [this.#full, this.#filling];
    this.#full = newer;
    this.#filling = older;
    older.clear();
    const isStale = age >= 2 * LATENCY_WINDOW_MS;
    if (isStale) newer.clear();
    this.#windowStartedAt = isStale ? now : this.#windowStartedAt + LATENCY_WINDOW_MS;
  }
}
