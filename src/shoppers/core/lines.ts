// The lines of `make shoppers`: one line that is kept up to date, and a summary.

import type { ShoppersReport } from "../../monitor/traffic.ts";
import { pagesText, pageTimeText, rateText, ratingsText, skippedText } from "../../monitor/traffic-text.ts";
import { formatDuration } from "../../util/format.ts";
import { shownPage } from "./arguments.ts";
import type { Totals } from "./results.ts";

/** Of the last minute: `0 of 295 pages failed, p99 12 ms, p50 3.1 ms; 1180 ratings fresh, 0 last known` */
export function statusLine(report: ShoppersReport): string {
  if (report.pages + report.skipped === 0) return "no page has ended in the last minute";
  const p50 = report.p50Ms === null ? "" : `, p50 ${pageTimeText(report.p50Ms)}`;
  const parts = [`${pagesText(report)}${p50}`, ratingsText(report), skippedText(report)];
  return parts.filter((part) => part !== "").join("; ");
}

/** The pages since the start. */
export function summaryLines(totals: Totals, ranMs: number): readonly string[] {
  const { failures, p50Ms } = totals;
  const p50 = p50Ms === null ? "" : `, p50 ${pageTimeText(p50Ms)}`;
  const parts = [`${pagesText({ ...totals, lastFailure: null })}${p50}`, ratingsText(totals), skippedText(totals)];
  return [
    `shoppers: ${formatDuration(ranMs)}: ${parts.filter((part) => part !== "").join("; ")}`,
    ...failures.map(([why, count]) => `  ${count} failed: ${why}`),
  ];
}

export const startLine = (url: string, rate: number): string =>
  `shoppers: ${rateText(rate)} from ${shownPage(url)}; what came in the last minute (^C ends it):`;

/** One row of the terminal: a longer one could not be written over. */
export const fittedLine = (line: string, columns: number): string =>
  line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
