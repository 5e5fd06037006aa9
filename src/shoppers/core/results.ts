// The results of shoppers: of the last minute, and since the start.

import { bucketOf, LatencyCounts, RecentLatency } from "../../monitor/latency.ts";
import type { ShoppersReport } from "../../monitor/traffic.ts";
import { roundTo2 } from "../../util/format.ts";
import { LastMinute } from "../../util/last-minute.ts";
import type { PageOutcome } from "./shop-page.ts";

export interface Totals {
  readonly pages: number;
  readonly failed: number;
  readonly skipped: number;
  readonly fresh: number;
  readonly lastKnown: number;
  /** Of the pages that did not fail. Null: there is none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** How many pages failed for each reason, the most frequent first. */
  readonly failures: readonly (readonly [why: string, pages: number])[];
}

type Counted = "pages" | "failed" | "skipped" | "fresh" | "lastKnown";

/** A count of the last minute beside one since the start. */
class Count {
  readonly #lastMinute = new LastMinute();
  total = 0;

  add(now: number): void {
    this.#lastMinute.add(now);
    this.total += 1;
  }

  lastMinute(now: number): number {
    return this.#lastMinute.sum(now);
  }
}

/** A Market sends few different statuses; errors of sockets are as few. */
const MAX_REASONS = 50;
const SHOWN_QUANTILES = [0.5, 0.99] as const;

export class Results {
  readonly #counts: Readonly<Record<Counted, Count>> = {
    ...{ pages: new Count(), failed: new Count(), skipped: new Count() },
    ...{ fresh: new Count(), lastKnown: new Count() },
  };
  readonly #latency = new RecentLatency();
  readonly #allLatencies = new LatencyCounts();
  readonly #failures = new Map<string, number>();
  #lastFailure = "";

  /** @param tookMs from the begin of the request to the end of the page */
  add(outcome: PageOutcome, tookMs: number, now: number): void {
    this.#counts.pages.add(now);
    if (outcome.kind === "failed") this.#fail(outcome.why, now);
    else {
      // A failed page has no time: a refused connection takes none, and one that is late is cut off.
      this.#latency.add(tookMs, now);
      this.#allLatencies.add(tookMs, bucketOf(tookMs));
      for (let rating = 0; rating < outcome.fresh; rating++) this.#counts.fresh.add(now);
      for (let rating = 0; rating < outcome.lastKnown; rating++) this.#counts.lastKnown.add(now);
    }
  }

  /** A page was due and was not begun. */
  leaveOut(now: number): void {
    this.#counts.skipped.add(now);
  }

  /** Of the last minute. */
  report(now: number): ShoppersReport {
    const { pages, failed, skipped, fresh, lastKnown } = this.#counts;
    const failedPages = failed.lastMinute(now);
    return {
      ...{ pages: pages.lastMinute(now), failed: failedPages, skipped: skipped.lastMinute(now) },
      ...{ fresh: fresh.lastMinute(now), lastKnown: lastKnown.lastMinute(now) },
      lastFailure: failedPages === 0 ? null : this.#lastFailure,
      ...timesOf(this.#latency.quantiles(SHOWN_QUANTILES, now)),
    };
  }

  /** Since the start. */
  totals(): Totals {
    const { pages, failed, skipped, fresh, lastKnown } = this.#counts;
    return {
      ...{ pages: pages.total, failed: failed.total, skipped: skipped.total },
      ...{ fresh: fresh.total, lastKnown: lastKnown.total },
      ...timesOf(this.#allLatencies.quantiles(SHOWN_QUANTILES)),
      failures: [...this.#failures].sort(([, one], [, other]) => other - one),
    };
  }

  #fail(why: string, now: number): void {
    this.#counts.failed.add(now);
    this.#lastFailure = why;
    const reason = this.#failures.has(why) || this.#failures.size < MAX_REASONS ? why : "another reason";
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }
}

const timesOf = ([p50, p99]: readonly number[] = []): Pick<Totals, "p50Ms" | "p99Ms"> => ({
  p50Ms: p50 === undefined ? null : roundTo2(p50),
  p99Ms: p99 === undefined ? null : roundTo2(p99),
});
