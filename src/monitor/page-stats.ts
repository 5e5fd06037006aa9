// The pages that a Market served, as it knows itself: how many, how long each took, and how many failed. A visitor whose
// request never arrived is in none of these numbers.

import { roundTo2 } from "../util/format.ts";
import { LastMinute } from "../util/last-minute.ts";
import { CallHistory } from "./history.ts";
import { RecentLatency } from "./latency.ts";
import { type SeriesView, seriesView } from "./series.ts";

export interface EndedPage {
  /** It was answered with an error of the Market: 500 or above. */
  readonly isFailed: boolean;
  readonly tookMs: number;
}

/** A series whose `counts` are pages, and whose `errors` are failed ones. */
export interface PagesView extends SeriesView {
  readonly lastMinute: {
    readonly pages: number;
    readonly failed: number;
    /** Of the last 30 to 60 seconds. Null without a page in them. */
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
  };
  /** Since the start of the Market. */
  readonly total: { readonly pages: number; readonly failed: number };
}

const SHOWN_QUANTILES = [0.5, 0.99] as const;

export class PageStats {
  readonly #history = new CallHistory();
  readonly #latency = new RecentLatency();
  readonly #pages = new LastMinute();
  readonly #failed = new LastMinute();
  readonly #total = { pages: 0, failed: 0 };

  /** @param at `now` in the time of the history */
  add({ isFailed, tookMs }: EndedPage, now: number, at: number): void {
    this.#total.pages += 1;
    this.#pages.add(now);
    this.#history.addCount(at);
    this.#history.addLatency(tookMs, at);
    this.#latency.add(tookMs, now);
    if (!isFailed) return;
    this.#total.failed += 1;
    this.#failed.add(now);
    this.#history.addError(at);
  }

  view(now: number, at: number): PagesView {
    const [p50, p99] = this.#latency.quantiles(SHOWN_QUANTILES, now) ?? [];
    return {
      ...seriesView(this.#history, this.#latency, now, at),
      lastMinute: {
        ...{ pages: this.#pages.sum(now), failed: this.#failed.sum(now) },
        ...{ p50Ms: p50 === undefined ? null : roundTo2(p50), p99Ms: p99 === undefined ? null : roundTo2(p99) },
      },
      total: { ...this.#total },
    };
  }
}
