// A token bucket: a burst, then a steady rate. Limits work that other processes can trigger.

import { SECOND_MS } from "./format.ts";

export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
  }

  /** Takes a token at `now` (running time in ms); false if there is none. */
  tryTake(now: number): boolean {
    const added = ((now - (this.#filledAt ?? now)) * this.#perSecond) / SECOND_MS;
    this.#tokens = Math.min(this.#capacity, this.#tokens + added);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** A caller sends a roll call when it connects and whenever a breaker opens. Tools send one query a second. */
const QUERY_BURST = 100;
/** More than all tools together need. The load is not measurable beside that of reading a flood. */
const QUERIES_PER_SECOND = 100;

/**
 * The limit for one kind of query that any client of the bus may send: a roll call, a query of the NATS service protocol, a
 * list of faults. One message of a few bytes makes every instance build and publish a reply. Without a limit, a flood of
 * them would leave no time for requests. A flood of one kind does not use up the limit of the others.
 */
export const queryLimit = (): TokenBucket => new TokenBucket(QUERY_BURST, QUERIES_PER_SECOND);
