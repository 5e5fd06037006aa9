// The calls of the last fifteen minutes, in ninety buckets of ten seconds. Adding one is an increment. Only the bucket
// that is being filled has its latencies. Of each other one its p99 is left: four bytes instead of a quarter kilobyte.

import { bucketOf, LatencyCounts } from "./latency.ts";

export const HISTORY_BUCKET_MS = 10_000;
export const HISTORY_BUCKETS = 90;
export const HISTORY_MS: number = HISTORY_BUCKET_MS * HISTORY_BUCKETS;
const P99 = [0.99] as const;

/** The number of the bucket of a moment. */
export const historyBucketOf = (at: number): number => Math.floor(at / HISTORY_BUCKET_MS);

/** The buckets, the oldest first. The last one is being filled. */
export interface HistoryView {
  readonly counts: readonly number[];
  readonly errors: readonly number[];
  /** Null: no call with a latency ended in that bucket. */
  readonly p99Ms: readonly (number | null)[];
}

/** About two kilobytes, for any number of calls. */
export class CallHistory {
  readonly #counts = new Uint32Array(HISTORY_BUCKETS);
  readonly #errors = new Uint32Array(HISTORY_BUCKETS);
  /** NaN: no call with a latency. Of the bucket that is being filled it is stale. */
  readonly #p99Ms = new Float32Array(HISTORY_BUCKETS).fill(Number.NaN);
  readonly #latency = new LatencyCounts();
  #bucket = 0;

  addCount(at: number): void {
    const place = this.#placeAt(at);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  addError(at: number): void {
    const place = this.#placeAt(at);
    this.#errors[place] = (this.#errors[place] ?? 0) + 1;
  }

  /** @param bucket of `tookMs`, for a caller that has it already */
  addLatency(tookMs: number, at: number, bucket: number = bucketOf(tookMs)): void {
    this.#placeAt(at);
    this.#latency.add(tookMs, bucket);
  }

  /** p99 is right within an eighth, and never above the longest call of its bucket. */
  read(at: number): HistoryView {
    this.#p99Ms[this.#placeAt(at)] = this.#currentP99();
    return {
      counts: this.#inOrder(this.#counts),
      errors: this.#inOrder(this.#errors),
      p99Ms: this.#inOrder(this.#p99Ms).map((p99) => (Number.isNaN(p99) ? null : Math.round(p99 * 100) / 100)),
    };
  }

  #inOrder(ring: Uint32Array | Float32Array): readonly number[] {
    const oldest = (this.#bucket + 1) % HISTORY_BUCKETS;
    return [...ring.subarray(oldest), ...ring.subarray(0, oldest)];
  }

  #currentP99(): number {
    return this.#latency.quantiles(P99)?.[0] ?? Number.NaN;
  }

  #placeAt(at: number): number {
    const bucket = historyBucketOf(at);
    if (bucket > this.#bucket) this.#advanceTo(bucket);
    return this.#bucket % HISTORY_BUCKETS;
  }

  /** Ends the bucket that was filled, and clears those after it. */
  #advanceTo(bucket: number): void {
    this.#p99Ms[this.#bucket % HISTORY_BUCKETS] = this.#currentP99();
    this.#latency.clear();
    const first = Math.max(this.#bucket + 1, bucket - HISTORY_BUCKETS + 1);
    for (let one = first; one <= bucket; one++) {
      const place = one % HISTORY_BUCKETS;
      this.#counts[place] = 0;
      this.#errors[place] = 0;
      this.#p99Ms[place] = Number.NaN;
    }
    this.#bucket = bucket;
  }
}
