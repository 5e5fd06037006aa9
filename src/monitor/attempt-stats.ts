// Counters of attempts by outcome. An attempt costs one lookup in each of two maps and a few increments: 0.2 µs.
// Each attempt is counted twice. The board counts by incarnation: it shows processes and evicts them. The metrics count by
// instance number: a metric must never go down.

import type { AttemptOutcome } from "../service/client-options.ts";
import { SECOND_MS } from "../util/format.ts";
import { RecentLatency } from "./latency.ts";
export const OUTCOMES = [
  { name: "ok", meaning: "answered" },
  { name: "error", meaning: "answered with an error of the service's own" },
  { name: "invalid", meaning: "answered what its caller could not use; another was asked" },
  { name: "timeout", meaning: "not answered in time" },
  { name: "unreachable", meaning: "delivered to nobody: the process is dead; another was asked" },
  { name: "draining", meaning: "refused, as it is leaving; another was asked" },
  { name: "abandoned", meaning: "the bus went away, the caller gave up, or it had no time left to answer" },
  { name: "denied", meaning: "not permitted by the bus: whoever asks has not the credentials for it" },
  { name: "failed", meaning: "failed on the caller's own side; without an instance where none had been chosen yet" },
] as const;

export type AttemptOutcomeName = (typeof OUTCOMES)[number]["name"];
type Attempt = Extract<AttemptOutcome, { kind: "attempt" }>;

/** Upper bounds in seconds, as OpenTelemetry has them for calls. */
export const DURATION_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export const SPARK_SECONDS = 60;
/** Calls that were never answered, nor waited for to the end, have no duration. */
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

/** The number of a second of running time; only differences mean anything. */
export const secondOf = (now: number): number => Math.floor(now / SECOND_MS);

type OutcomeCounts = Record<AttemptOutcomeName, number>;
const noOutcomes = (): OutcomeCounts => ({
  ...{ ok: 0, error: 0, invalid: 0, timeout: 0 },
  ...{ unreachable: 0, draining: 0, abandoned: 0, denied: 0, failed: 0 },
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

  /** Calls in each of the last sixty seconds, the one that runs now last. */
  seconds(now: number): readonly number[] {
    this.#advanceTo(now);
    const oldest = (this.#second + 1) % SPARK_SECONDS;
    return [...this.#seconds.subarray(oldest), ...this.#seconds.subarray(0, oldest)];
  }

  /** The last few of them. */
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

  /** Seconds that have passed without a call are emptied. */
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
