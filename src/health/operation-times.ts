// The recent response times of one operation, at several instances. Its only figure is the p99 of the middle instance.
//
// Memory: 15 windows of 128 times, some 10 kB for each operation, however many instances there are.

/** With an odd number there is a middle one. More would make the figure a little better, and sorting dearer. */
const MAX_INSTANCES = 15;
/** How many answers of an instance are recent. The second largest of 128 is the p99: one outlier does not set it. */
const WINDOW_SIZE = 128;
/** With fewer answers a p99 means nothing. */
const MIN_SAMPLES = 20;
/** The figures are computed again after so many answers of an instance. */
const RECOMPUTE_EVERY = 16;
/**
 * An instance without an answer for so long, and for so many answers of all, is replaced: it may have ended, or have no such
 * operation any more. The time alone was rejected: of an operation that is called once a minute, the instance that answered
 * last would set the figure alone.
 */
const STALE_AFTER_MS = 60_000;
const STALE_AFTER_ANSWERS = WINDOW_SIZE;

export class OperationTimes {
  readonly #windows = new Map<string, Window>();
  /** Of the middle instance, in ms; of an even number the lower one of the two. Undefined with too few answers. */
  p99Ms: number | undefined;
  /** Of all instances, also of those that do not count. */
  #answers = 0;
  /** No window is stale before. */
  #staleAt = Number.POSITIVE_INFINITY;

  /** @param incarnation of the first answer, which took `tookMs` */
  constructor(incarnation: string, tookMs: number, now: number) {
    this.record(incarnation, tookMs, now);
  }

  /** Adds an answer of an instance that took `tookMs`. Beyond fifteen instances, those of the others do not count. */
  record(incarnation: string, tookMs: number, now: number): void {
    this.#answers += 1;
    const window = this.#windows.get(incarnation) ?? this.#open(incarnation, now);
    if (window === undefined) return;
    window.lastAnswer = this.#answers;
    if (window.add(tookMs, now)) this.#recompute(now);
  }

  #open(incarnation: string, now: number): Window | undefined {
    // After a deployment all fifteen may have ended: then none of them has another answer that would compute again.
    if (this.#windows.size >= MAX_INSTANCES && now > this.#staleAt) this.#dropStale(now);
    if (this.#windows.size >= MAX_INSTANCES) return undefined;
    const window = new Window(now);
    this.#windows.set(incarnation, window);
    this.#staleAt = Math.min(this.#staleAt, now + STALE_AFTER_MS);
    return window;
  }

  #dropStale(now: number): void {
    this.#staleAt = Number.POSITIVE_INFINITY;
    for (const [incarnation, { lastAt, lastAnswer }] of this.#windows) {
      const isStale = now - lastAt > STALE_AFTER_MS && this.#answers - lastAnswer > STALE_AFTER_ANSWERS;
      if (isStale) this.#windows.delete(incarnation);
      else this.#staleAt = Math.min(this.#staleAt, lastAt + STALE_AFTER_MS);
    }
  }

  #recompute(now: number): void {
    this.#dropStale(now);
    const figures = [...this.#windows.values()].flatMap(({ p99Ms }) => p99Ms ?? []);
    figures.sort((a, b) => a - b);
    this.p99Ms = figures[(figures.length - 1) >> 1];
  }
}

/** The recent times of one instance. */
class Window {
  /** A ring buffer of 512 bytes. */
  readonly #tookMs = new Float32Array(WINDOW_SIZE);
  #answers = 0;
  p99Ms: number | undefined;
  lastAt: number;
  /** The number of its last answer, among those of all instances. */
  lastAnswer = 0;

  constructor(now: number) {
    this.lastAt = now;
  }

  /** @returns whether `p99Ms` was computed again */
  add(tookMs: number, now: number): boolean {
    this.#tookMs[this.#answers % WINDOW_SIZE] = tookMs;
    this.#answers += 1;
    this.lastAt = now;
    const isDue = this.#answers === MIN_SAMPLES || this.#answers % RECOMPUTE_EVERY === 0;
    if (this.#answers < MIN_SAMPLES || !isDue) return false;
    this.p99Ms = secondLargest(this.#tookMs.subarray(0, Math.min(this.#answers, WINDOW_SIZE)));
    return true;
  }
}

function secondLargest(values: Float32Array): number {
  let [largest, second] = [0, 0];
  for (const value of values) {
    if (value > largest) [largest, second] = [value, largest];
    else if (value > second) second = value;
  }
  return second;
}
