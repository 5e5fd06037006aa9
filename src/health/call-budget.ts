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

  /** Takes one sending from the budget; false if there is none left. */
  trySpend(): boolean {
    if (this.#tokens < 1) return false;
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
 * The retry budget: bounds what a client adds to the load of busy instances. Going on after an overload takes from it,
 * and so does a hedge. Going on after any other result is free (`goingOn`).
 * @param isHedging the hedges that are saved must be in it as well
 */
export const newRetryBudget = (isHedging: boolean): CallBudget =>
  new CallBudget({
    perCall: RETRIES_PER_CALL,
    atStart: INITIAL_RETRIES,
    max: isHedging ? MAX_SAVED_HEDGES : INITIAL_RETRIES,
  });
