// What the other Markets have told, as long as it counts: twice the interval that each promises, as with heartbeats. The
// table is bounded, and whoever is in it keeps his place: strangers, however many, push nobody out.

import { TokenBucket } from "../health/token-bucket.ts";
import type { ToldView } from "./told-view.ts";

/** More Markets behind one balancer would want another kind of board. */
const MOST_MARKETS = 32;
/** One view may be lost. */
const LEASE_INTERVALS = 2;

/**
 * Reading a view takes up to a millisecond, and anybody may send some. Each that is known has an allowance of its own, and
 * strangers have one together: whoever floods, in whichever name, keeps no other unheard, and costs 7 % of a core at most.
 */
const EACH_AT_ONCE = 4;
const EACH_PER_SECOND = 2;
const STRANGERS_AT_ONCE = 16;
const STRANGERS_PER_SECOND = 4;

interface Entry {
  readonly view: ToldView;
  readonly countsUntil: number;
  readonly allowance: TokenBucket;
}

export class OtherMarkets {
  readonly #entries = new Map<string, Entry>();
  readonly #strangers = new TokenBucket(STRANGERS_AT_ONCE, STRANGERS_PER_SECOND);

  /** Whether a view that came in this name should be read at all. */
  mayRead(market: string, now: number): boolean {
    return (this.#entries.get(market)?.allowance ?? this.#strangers).tryTake(now);
  }

  /** @returns whether it is one that was not known: it has not heard of us either */
  heard(view: ToldView, now: number): boolean {
    const known = this.#entries.get(view.market);
    if (known !== undefined && view.seq <= known.view.seq) return false;
    if (view.state === "gone") {
      this.#entries.delete(view.market);
      return false;
    }
    if (known === undefined && this.#entries.size >= MOST_MARKETS) return false;
    const allowance = known?.allowance ?? new TokenBucket(EACH_AT_ONCE, EACH_PER_SECOND);
    this.#entries.set(view.market, { view, countsUntil: now + view.intervalMs * LEASE_INTERVALS, allowance });
    return known === undefined;
  }

  /** Those that still count, by name; forgets the others. */
  live(now: number): readonly ToldView[] {
    for (const [market, { countsUntil }] of this.#entries) if (now >= countsUntil) this.#entries.delete(market);
    const views = [...this.#entries.values()].map(({ view }) => view);
    return views.sort((a, b) => (a.name === b.name ? (a.market < b.market ? -1 : 1) : a.name < b.name ? -1 : 1));
  }
}
