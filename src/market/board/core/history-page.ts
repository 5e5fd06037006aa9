// The view model of the history on the board without scripts: the same drawings and sentences that the browser makes of
// `/board/history` later.

import type { ServiceHistory } from "../../../monitor/service-history.ts";
import { type CallersTable, callersTable } from "../../web/core/callers-view.ts";
import { chartLabels, historyChart, timeAxis } from "../../web/core/history-chart.ts";
import {
  alternativeText,
  type BucketTexts,
  bucketTexts,
  historyRows,
  lastFullBucket,
  omittedText,
  pagesText,
  startText,
} from "../../web/core/history-text.ts";
import { latencyChart, latencyText } from "../../web/core/latency-chart.ts";
import { svgText } from "../../web/core/svg.ts";

export interface HistoryPage {
  readonly rows: readonly (BucketTexts & {
    readonly key: string;
    readonly title: string;
    readonly labels: string;
    readonly svg: string;
  })[];
  readonly axis: string;
  /** Empty: this Market has served no page. */
  readonly pages: string;
  readonly omitted: string;
  readonly start: string;
  /** An empty drawing: no call has a latency. */
  readonly latency: { readonly svg: string; readonly text: string };
  readonly callers: CallersTable;
  /** The last number of a bucket, for the control that moves the cursor. */
  readonly lastBucket: number;
}

/** @param timeOfDay of epoch ms, where the Market is */
export function historyPage(history: ServiceHistory, timeOfDay: (at: number) => string): HistoryPage {
  const { from, bucketMs, buckets, pages, omitted, all, latencyBuckets } = history;
  const text = latencyText(all.latency, "call");
  return {
    rows: historyRows(history).map((row) => ({
      ...{ key: row.key, title: row.title },
      ...bucketTexts(row, lastFullBucket(history), history),
      labels: svgText(chartLabels(row.scale)),
      svg: svgText(historyChart({ ...row, alternative: alternativeText(row, timeOfDay) })),
    })),
    axis: svgText(timeAxis({ from, to: from + bucketMs * buckets }, (at) => timeOfDay(at).slice(0, -SECONDS.length))),
    pages: pages === null ? "" : pagesText(pages),
    omitted: omittedText(history.instances.length, omitted),
    start: startText(history, timeOfDay),
    latency: { svg: all.latency === null ? "" : svgText(latencyChart(all.latency, latencyBuckets, text)), text },
    callers: callersTable(history.callers),
    lastBucket: buckets - 1,
  };
}

const SECONDS = ":00";
