// The views that other Markets published. A view expires after twice the interval that its Market promises, as a heartbeat
// does. The table is bounded, and a Market in it keeps its place: unknown Markets, however many, evict none.

import { TokenBucket } from "../util/token-bucket.ts";
import type { PeerView } from "./peer-view.ts";

/** More Markets behind one balancer would need another kind of board. */
const MAX_MARKETS = 32;
/** One view may be lost. */
const LEASE_INTERVALS = 2;

/**
 * Parsing a view takes up to a millisecond, and every client on the bus may send views. Each known Market has a token bucket
 * of its own, and all unknown ones share another. A flood in any name suppresses no other Market, and costs at most 7 % of
 * a core.
 */
const KNOWN_MARKET_BURST = 4;
const KNOWN_MARKET_VIEWS_PER_SECOND = 2;
const UNKNOWN_MARKETS_BURST = 16;
const UNKNOWN_MARKETS_VIEWS_PER_SECOND = 4;

interface Entry {
  readonly view: PeerView;
  readonly expiresAt: number;
  readonly bucket: TokenBucket;
}

export class PeerMarkets {
  readonly #entries = new Map<string, Entry>();
  readonly #unknownMarkets = new TokenBucket(UNKNOWN_MARKETS_BURST, UNKNOWN_MARKETS_VIEWS_PER_SECOND);

  /** Whether the rate limits allow reading a view from this Market. */
  mayRead(market: string, now: number): boolean {
    return (this.#entries.get(market)?.bucket ?? this.#unknownMarkets).tryTake(now);
  }

  /** @returns whether the Market was unknown: it has not received our view either */
  receive(view: PeerView, now: number): boolean {
    const known = this.#entries.get(view.market);
    if (known !== undefined && view.seq <= known.view.seq) return false;
    if (view.state === "gone") {
      this.#entries.delete(view.market);
      return false;
    }
    if (known === undefined && this.#entries.size >= MAX_MARKETS) return false;
    const bucket = known?.bucket ?? new TokenBucket(KNOWN_MARKET_BURST, KNOWN_MARKET_VIEWS_PER_SECOND);
    this.#entries.set(view.market, { view, expiresAt: now + view.intervalMs * LEASE_INTERVALS, bucket: bucket });
    return known === undefined;
  }

  /** The views that have not expired, by name; evicts the others. */
  live(now: number): readonly PeerView[] {
    for (const [market, { expiresAt }] of this.#entries) if (now >= expiresAt) this.#entries.delete(market);
    const views = [...this.#entries.values()].map(({ view }) => view);
    return views.sort((a, b) => (a.name === b.name ? (a.market < b.market ? -1 : 1) : a.name < b.name ? -1 : 1));
  }
}
