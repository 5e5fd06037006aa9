// How long calls took, in buckets: adding one is an increment, and memory does not grow with calls. Each bucket is a
// quarter wider than the one before, so a quantile is right to within an eighth, from a tenth of a millisecond up.

/** Below this a call over the bus cannot be. */
const FIRST_BOUND_MS = 0.1;
const GROWTH = 1.25;
/** 0.1 ms × 1.25^63 is two minutes; the longest request timeout is one. */
const BUCKETS = 64;
/** Two windows of half a minute, one filling and one full: what is shown is of the last 30 to 60 seconds. */
const WINDOW_MS = 30_000;
const LOG_GROWTH = Math.log(GROWTH);

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

  /** Each quantile in ms, to within an eighth; undefined while there was no call lately. */
  quantiles(shares: readonly number[], now: number): readonly number[] | undefined {
    this.#rotate(now);
    const counts = this.#counts();
    let total = 0;
    for (const count of counts) total += count;
    if (total === 0) return undefined;
    // The middle of the topmost bucket may lie above all that is in it: a call of 1001 ms must not be shown as 1051.
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
    if (age < WINDOW_MS) return;
    const [older, newer] = [this.#full, this.#filling];
    this.#full = newer;
    this.#filling = older.fill(0);
    const isStale = age >= 2 * WINDOW_MS;
    if (isStale) newer.fill(0);
    this.#fullMaxMs = isStale ? 0 : this.#fillingMaxMs;
    this.#fillingMaxMs = 0;
    this.#windowStartedAt = isStale ? now : this.#windowStartedAt + WINDOW_MS;
  }
}

function bucketOf(tookMs: number): number {
  if (tookMs <= FIRST_BOUND_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(tookMs / FIRST_BOUND_MS) / LOG_GROWTH));
}

/** The middle of the bucket in which the call of that rank is. */
function quantile(counts: Uint32Array, rank: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= rank && seen > 0) return middleOf(bucket);
  }
  return middleOf(BUCKETS - 1);
}

const middleOf = (bucket: number): number => FIRST_BOUND_MS * GROWTH ** (bucket - 0.5);
