// A token bucket that calls fill: it bounds what a client may send beyond its calls. The bucket of `src/util` is filled
// by time, so it would let a client of few calls double its load.

export interface BudgetRule {
  /** What each call adds. */
  readonly perCall: number;
  readonly atStart: number;
  /** The most that is saved. */
  readonly max: number;
}

export class CallBudget {
  readonly #rule: BudgetRule;
  #tokens: number;

  constructor(rule: BudgetRule) {
    this.#rule = rule;
    this.#tokens = rule.atStart;
  }

  /** Adds the part of one call. */
  earn(): void {
    this.#tokens = Math.min(this.#rule.max, this.#tokens + this.#rule.perCall);
  }

  /**
   * Takes one sending from the budget; false if fewer than `reserved` would be left.
   * @param reserved kept for other uses
   */
  trySpend(reserved = 0): boolean {
    if (this.#tokens < 1 + reserved) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Returns one sending to the budget: it was not made. */
  giveBack(): void {
    this.#tokens = Math.min(this.#rule.max, this.#tokens + 1);
  }
}

/** The most hedges that can be saved: enough for 32 pages of four calls, as many as a busy shop serves at once. */
export const MAX_SAVED_HEDGES = 128;
/** One call in ten may go on after an overload, or be hedged: as with the retry budgets of gRPC and Finagle. */
const RETRIES_PER_CALL = 0.1;
/**
 * Enough for two pages of a shop, of four calls each. Without it no call of a new client could go on after an overload.
 */
const INITIAL_RETRIES = 10;
/**
 * So many sendings are left to calls that go on after 529: no hedge takes them. With more, a new client could not send
 * the 8 hedges that it has at the start.
 */
export const RESERVED_RETRIES = 2;

/**
 * The retry budget: bounds what a client adds to the load of busy instances. Going on after an overload takes from it,
 * and so does a hedge. Going on after any other result is free (`goingOn`).
 * @param isHedging it then saves the hedges as well, because each hedge takes from both budgets. After a long calm a client
 * can send all of them, and still go on as often as a client without hedges.
 */
export const newRetryBudget = (isHedging: boolean): CallBudget =>
  new CallBudget({
    perCall: RETRIES_PER_CALL,
    atStart: INITIAL_RETRIES,
    max: INITIAL_RETRIES + (isHedging ? MAX_SAVED_HEDGES : 0),
  });
