// What `make shoppers` prints: one line that is kept up to date, and a summary.

import type { ShoppersReport } from "../../monitor/traffic.ts";
import { pagesText, pageTimeText, rateText, ratingsText, skippedText } from "../../monitor/traffic-text.ts";
import { formatDuration } from "../../util/format.ts";
import type { Totals } from "./results.ts";

/** `last minute: 0 of 295 pages failed, p99 12 ms, p50 3.1 ms; 1180 ratings fresh, 0 last known` */
export function statusLine(report: ShoppersReport): string {
  if (report.pages + report.skipped === 0) return "no page has ended in the last minute";
  const p50 = report.p50Ms === null ? "" : `, p50 ${pageTimeText(report.p50Ms)}`;
  const parts = [`${pagesText(report)}${p50}`, ratingsText(report), skippedText(report)];
  return `last minute: ${parts.filter((part) => part !== "").join("; ")}`;
}

/** The pages since the start; the times are of the last minute, as no others are kept. */
export function summaryLines(totals: Totals, report: ShoppersReport, ranMs: number): readonly string[] {
  const { pages, failed, fresh, lastKnown, skipped, failures } = totals;
  const ofAll = { ...report, pages, failed, fresh, lastKnown, skipped, lastFailure: null, p99Ms: null };
  const { p50Ms, p99Ms } = report;
  const times =
    p50Ms === null || p99Ms === null ? [] : [`p50 ${pageTimeText(p50Ms)}, p99 ${pageTimeText(p99Ms)} (last minute)`];
  const parts = [pagesText(ofAll), ...times, ratingsText(ofAll), skippedText(ofAll)];
  return [
    `shoppers: ${formatDuration(ranMs)}: ${parts.filter((part) => part !== "").join("; ")}`,
    ...failures.map(([why, count]) => `  ${count} failed: ${why}`),
  ];
}

export const startLine = (url: string, rate: number): string => `shoppers: ${rateText(rate)} from ${url}; ^C ends it`;

/** One row of the terminal: a longer one could not be written over. */
export const fittedLine = (line: string, columns: number): string =>
  line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
