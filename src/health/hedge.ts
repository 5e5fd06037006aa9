// The hedging policy of a client: when a late call is sent to a second instance as well, and how often that may happen.
//
// A call is late beyond the p95 of its own instance's recent answers to the same operation: what takes 80 ms at every
// instance is not late after 20 ms. A budget bounds the price: one idempotent call in twenty is sent twice, and 8 more
// at the start. What is not spent is saved, for at most 128 hedges at once. Each hedge takes one from the retry budget
// as well (call-budget.ts). The retry budget earns twice as much as the hedge budget, so hedges leave half of what it
// earns to calls that go on after 529. Of what the retry budget has saved, hedges leave a reserve.
//
// A hedge that answers first has overtaken the instance of its call. That one is late at once (lateness.ts), and gets no
// new calls while another is not, until it answers. An instance that hangs thus costs hedges only for the calls that it
// has when it is first overtaken. Without this rule it would cost one for each call until its first timeout.

import { CallBudget, MAX_SAVED_HEDGES, RESERVED_RETRIES } from "./call-budget.ts";
import type { InstanceRef } from "./member.ts";

/** A call is late when it takes longer than this share of its instance's recent answers did. */
const QUANTILE = 0.95;
/** How many answers are recent: thirteen seconds at five calls a second. Three of them are above the p95. */
const WINDOW_SIZE = 64;
/** With fewer answers a p95 means nothing: a single slow answer would be it. */
const MIN_SAMPLES = 20;
/** The p95 is computed again after so many answers, because sorting costs 3 µs: shared by eight calls. */
const RECOMPUTE_EVERY = 8;

/**
 * No call is late sooner than this, unless half of its timeout is less. A busy event loop or a garbage collection takes
 * as long, and the lateness would be our own.
 */
const MIN_DELAY_MS = 10;
/**
 * Share of the timeout after which every call is late, whatever its instance's p95: the second request needs time, too.
 */
const MAX_SHARE = 0.5;
/** The same for an instance without a p95: 100 ms by default, longer than an answer within one region takes. */
const UNKNOWN_SHARE = 0.1;

/** What each call adds to the budget: one call in twenty may be sent twice. */
const BUDGET_PER_CALL = 0.05;
/**
 * Enough for two pages of a shop, of four calls each. Without it the first hedge could come only after 20 calls.
 */
const INITIAL_BUDGET = 8;

export class HedgePolicy {
  /**
   * By operation. Keyed by `Member.who`, one object for each member: an evicted one takes its latencies along.
   */
  readonly #latencies = new WeakMap<InstanceRef, Map<string, LatencyWindow>>();
  readonly #budget = new CallBudget({ perCall: BUDGET_PER_CALL, atStart: INITIAL_BUDGET, max: MAX_SAVED_HEDGES });
  readonly #retryBudget: CallBudget;

  /** @param retryBudget each hedge takes from it as well */
  constructor(retryBudget: CallBudget) {
    this.#retryBudget = retryBudget;
  }

  /** Adds to the budget, once for each call: not again if it goes on to another instance. */
  earn(): void {
    this.#budget.earn();
  }

  /** How long after sending, in ms, a call to this instance is late. @param timeoutMs how long its caller waits */
  lateAfterMs(who: InstanceRef, operation: string, timeoutMs: number): number {
    const expectedMs = this.#latencies.get(who)?.get(operation)?.p95Ms ?? timeoutMs * UNKNOWN_SHARE;
    return Math.min(Math.max(expectedMs, MIN_DELAY_MS), timeoutMs * MAX_SHARE);
  }

  /** Records an answer that arrived `tookMs` after its call was sent. Late answers count as well. */
  recordLatency(who: InstanceRef, operation: string, tookMs: number): void {
    const known = this.#latencies.get(who);
    const latencies = known?.get(operation);
    if (latencies !== undefined) latencies.add(tookMs);
    else if (known !== undefined) known.set(operation, new LatencyWindow(tookMs));
    else this.#latencies.set(who, new Map([[operation, new LatencyWindow(tookMs)]]));
  }

  /** Takes one hedge from the budget; false if there is none left. */
  trySpend(): boolean {
    if (!this.#budget.trySpend()) return false;
    if (this.#retryBudget.trySpend(RESERVED_RETRIES)) return true;
    this.#budget.giveBack();
    return false;
  }

  /** Returns one hedge to the budget: it was not sent. */
  giveBack(): void {
    this.#budget.giveBack();
    this.#retryBudget.giveBack();
  }
}

/** The recent latencies of one operation of one incarnation. */
class LatencyWindow {
  /** A ring buffer of 256 bytes. */
  readonly #tookMs = new Float32Array(WINDOW_SIZE);
  #answers = 0;
  /** Undefined with too few answers. */
  p95Ms: number | undefined;

  constructor(tookMs: number) {
    this.add(tookMs);
  }

  add(tookMs: number): void {
    this.#tookMs[this.#answers % WINDOW_SIZE] = tookMs;
    this.#answers += 1;
    const hasEnough = this.#answers >= MIN_SAMPLES;
    if (hasEnough && (this.p95Ms === undefined || this.#answers % RECOMPUTE_EVERY === 0))
      this.p95Ms = this.#computeP95();
  }

  #computeP95(): number | undefined {
    const sorted = this.#tookMs.slice(0, Math.min(this.#answers, WINDOW_SIZE)).sort();
    return sorted[Math.ceil(sorted.length * QUANTILE) - 1];
  }
}
