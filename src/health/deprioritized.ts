// The incarnations that a pick avoids for now: those that said they are overloaded, each for as long as it asked for,
// and those that owe an answer which a hedge has given (hedge.ts).
//
// An overloaded instance is alive and has refused one call. It is no member with an open breaker: where all are
// overloaded, calls still go to them in turn, because a refusal takes a millisecond and a slot may be free again.

import type { Incarnations } from "./balancer.ts";

/** Incarnations that are passed over for a while, as long as another one can take the call. */
export class Deprioritized implements Incarnations {
  readonly #late: Incarnations | undefined;
  /** Until when each is avoided. */
  readonly #overloadedUntil = new Map<string, number>();
  /** When the first of them ends. */
  #firstEndsAt = Number.POSITIVE_INFINITY;

  /** @param late those that a hedge has overtaken. Undefined without hedging */
  constructor(late: Incarnations | undefined) {
    this.#late = late;
  }

  /** Adds an incarnation that has refused a call as overloaded, and asks for none for `retryAfterMs`. */
  addOverloaded(incarnation: string, retryAfterMs: number, now: number): void {
    const until = now + retryAfterMs;
    this.#overloadedUntil.set(incarnation, until);
    this.#firstEndsAt = Math.min(this.#firstEndsAt, until);
  }

  /** Those that a pick avoids at `now`. Undefined: none. */
  at(now: number): Deprioritized | undefined {
    if (now >= this.#firstEndsAt) this.#dropEnded(now);
    return this.size === 0 ? undefined : this;
  }

  #dropEnded(now: number): void {
    this.#firstEndsAt = Number.POSITIVE_INFINITY;
    for (const [incarnation, until] of this.#overloadedUntil) {
      if (now >= until) this.#overloadedUntil.delete(incarnation);
      else this.#firstEndsAt = Math.min(this.#firstEndsAt, until);
    }
  }

  /** Whether it is avoided because it is overloaded. */
  isOverloaded(incarnation: string): boolean {
    return this.#overloadedUntil.has(incarnation);
  }

  /** How many a pick avoids. One that is overloaded and late counts twice: callers only compare it with 0. */
  get size(): number {
    return this.#overloadedUntil.size + (this.#late?.size ?? 0);
  }

  /** Whether a pick avoids it. */
  has(incarnation: string): boolean {
    return this.#overloadedUntil.has(incarnation) || this.#late?.has(incarnation) === true;
  }

  keys(): Iterable<string> {
    return new Set([...this.#overloadedUntil.keys(), ...(this.#late?.keys() ?? [])]);
  }
}
