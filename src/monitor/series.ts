// One series of the history as data: its buckets, and the latencies of the last minute.

import { type CallHistory, HISTORY_BUCKETS, type HistoryView } from "./history.ts";
import type { LatencyView, RecentLatency } from "./latency.ts";

export interface SeriesView extends HistoryView {
  /** Of the last 30 to 60 seconds. Null without a call in them. */
  readonly latency: LatencyView | null;
}

const NOTHING: HistoryView = {
  counts: new Array<number>(HISTORY_BUCKETS).fill(0),
  errors: new Array<number>(HISTORY_BUCKETS).fill(0),
  p99Ms: new Array<null>(HISTORY_BUCKETS).fill(null),
};

/** @param history undefined: nothing was ever counted. @param at `now` in the time of the history */
export const seriesView = (
  history: CallHistory | undefined,
  latency: RecentLatency | undefined,
  now: number,
  at: number,
): SeriesView => ({ ...(history?.read(at) ?? NOTHING), latency: latency?.view(now) ?? null });
