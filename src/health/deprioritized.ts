// The incarnations that a pick avoids for now, because they said that they are overloaded: each for as long as it asked
// for. An overloaded instance is alive and has refused one call. It is no member with an open breaker: where all are
// overloaded, calls still go to them in turn, because a refusal takes a millisecond and a slot may be free again.

import type { Incarnations } from "./balancer.ts";

/** Incarnations that are passed over for a while, as long as another one can take the call. */
export class Deprioritized implements Incarnations {
  /** Until when each is avoided. */
  readonly #overloadedUntil = new Map<string, number>();
  /** When the first of them ends. */
  #firstEndsAt = Number.POSITIVE_INFINITY;

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

  /** How many a pick avoids. */
  get size(): number {
    return this.#overloadedUntil.size;
  }

  /** Whether a pick avoids it. */
  has(incarnation: string): boolean {
    return this.#overloadedUntil.has(incarnation);
  }

  keys(): Iterable<string> {
    return this.#overloadedUntil.keys();
  }
}
