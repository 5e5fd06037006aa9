// The rows of the history on the board, and what is said of them. The server makes the page without scripts with this
// file, and the browser loads it as compiled: the two cannot differ.

import type { SeriesView } from "../../../monitor/series.ts";
import type { ServiceHistory } from "../../../monitor/service-history.ts";
import type { Span } from "../../../monitor/spans.ts";
import { msText } from "./board-view.ts";
import { type ChartScale, niceTop, rateText } from "./history-chart.ts";
import { countText } from "./page-format.ts";

export interface HistoryRow {
  /** The incarnation, or `pages` or `all`. */
  readonly key: string;
  readonly title: string;
  readonly noun: "page" | "call";
  readonly series: SeriesView;
  readonly spans: readonly Span[];
  readonly scale: ChartScale;
}

type TimeText = (at: number) => string;

/** A scale that ends lower would make a few calls, or one error, look like many. */
const MIN_TOP_COUNT = 10;
const MIN_TOP_ERRORS = 10;

/** The pages, all calls, and the instances. Those have one scale. */
export function historyRows(history: ServiceHistory): readonly HistoryRow[] {
  const { pages, all, instances } = history;
  const shared = scaleOf(history, instances);
  return [
    ...(pages === null ? [] : [rowOf("pages", "Pages", pages, [], scaleOf(history, [pages]))]),
    rowOf("all", "All calls", all, all.spans, scaleOf(history, [all])),
    ...instances.map((one) => rowOf(one.incarnation, instanceTitle(one), one, one.spans, shared)),
  ];
}

const rowOf = (
  key: string,
  title: string,
  series: SeriesView,
  spans: readonly Span[],
  scale: ChartScale,
): HistoryRow => ({ key, title, noun: key === "pages" ? "page" : "call", series, spans, scale });

/** A process that is gone may have a successor with its number. */
const instanceTitle = ({ instance, state }: ServiceHistory["instances"][number]): string =>
  state === "lost" || state === "left" ? `Instance ${instance} (${state})` : `Instance ${instance}`;

function scaleOf(history: ServiceHistory, series: readonly SeriesView[]): ChartScale {
  const { from, bucketMs, buckets, requestTimeoutMs, startedAt } = history;
  const topOf = (values: (one: SeriesView) => readonly number[], min: number): number =>
    niceTop(Math.max(min, ...series.flatMap(values)));
  return {
    ...{ from, to: from + bucketMs * buckets, bucketMs, timeoutMs: requestTimeoutMs, startedAt },
    topCount: topOf(({ counts }) => counts, MIN_TOP_COUNT),
    topErrors: topOf(({ errors }) => errors, MIN_TOP_ERRORS),
  };
}

/** The last bucket that is full: what is shown without a cursor. */
export const lastFullBucket = ({ buckets }: Pick<ServiceHistory, "buckets">): number => buckets - 2;

/** The numbers of one bucket. */
export interface BucketTexts {
  /** `12/s` */
  readonly rate: string;
  readonly errors: string;
  readonly p99: string;
}

export function bucketTexts({ series, noun }: HistoryRow, bucket: number, history: ServiceHistory): BucketTexts {
  const errors = series.errors[bucket] ?? 0;
  return {
    rate: rateText(series.counts[bucket] ?? 0, filledMs(history, bucket)),
    errors: noun === "page" ? failedText(errors) : errors === 0 ? "no errors" : countText(errors, "error"),
    p99: `p99 ${msText(series.p99Ms[bucket] ?? undefined)}`,
  };
}

const failedText = (failed: number): string => (failed === 0 ? "none failed" : `${failed} failed`);

/** The last bucket is being filled: less than a second of it says little about a rate. */
const MIN_FILLED_MS = 1_000;
function filledMs({ from, at, bucketMs, buckets }: ServiceHistory, bucket: number): number {
  return bucket < buckets - 1 ? bucketMs : Math.min(bucketMs, Math.max(MIN_FILLED_MS, at - from - bucket * bucketMs));
}

/** `10:42:30 to 10:42:40` */
export function bucketTime({ from, bucketMs }: ServiceHistory, bucket: number, timeText: TimeText): string {
  const at = from + bucket * bucketMs;
  return `${timeText(at)} to ${timeText(at + bucketMs)}`;
}

/** `10:42:30 to 10:42:40, instance 2: 12 calls (1.2/s), 4 errors, p99 1.0 s. Fault: paused.` */
export function bucketText(row: HistoryRow, bucket: number, history: ServiceHistory, timeText: TimeText): string {
  const { rate, errors, p99 } = bucketTexts(row, bucket, history);
  const count = countText(row.series.counts[bucket] ?? 0, row.noun);
  const begin = history.from + bucket * history.bucketMs;
  if (begin + history.bucketMs <= history.startedAt)
    return `${bucketTime(history, bucket, timeText)}, ${row.title}: this Market had not started.`;
  const during = row.spans
    .filter(({ from, to }) => from < begin + history.bucketMs && (to === null || to >= begin))
    .map((span) => ` ${SPAN_NAMES[span.kind]}: ${span.text}.`);
  const head = `${bucketTime(history, bucket, timeText)}, ${row.title}: ${count} (${rate}), ${errors}, ${p99}.`;
  return head + during.join("");
}

const SPAN_NAMES: Readonly<Record<Span["kind"], string>> = {
  breaker: "Breaker open",
  fault: "Fault",
  bus: "Bus",
};

/** What a chart shows, in words. */
export function alternativeText({ title, noun, series, spans }: HistoryRow, timeText: TimeText): string {
  const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);
  const worst = Math.max(...series.p99Ms.map((ms) => ms ?? Number.NEGATIVE_INFINITY));
  const [count, errors] = [sum(series.counts), sum(series.errors)];
  const head = `${title}, the last 15 minutes: ${countText(count, noun)}`;
  if (count === 0 && spans.length === 0) return `${head}.`;
  const failed = noun === "page" ? failedText(errors) : errors === 0 ? "no errors" : countText(errors, "error");
  const slow = Number.isFinite(worst) ? `, p99 of ten seconds at most ${msText(worst)}` : "";
  return [`${head}, ${failed}${slow}.`, ...spans.map((span) => spanText(span, timeText))].join(" ");
}

/** `Breaker open: request timed out, 10:42:31 to 10:43:02.` */
export const spanText = ({ kind, text, from, to }: Span, timeText: TimeText): string =>
  `${SPAN_NAMES[kind]}: ${text}, ${to === null ? `since ${timeText(from)}` : `${timeText(from)} to ${timeText(to)}`}.`;

/** `120 pages in the last minute (2/s): none failed, p50 4.1 ms, p99 31 ms.` */
export function pagesText(pages: ServiceHistory["pages"]): string {
  const { pages: count, failed, p50Ms, p99Ms } = pages?.lastMinute ?? NO_PAGES;
  if (count === 0) return "No pages in the last minute.";
  const times = p50Ms === null || p99Ms === null ? "" : `, p50 ${msText(p50Ms)}, p99 ${msText(p99Ms)}`;
  return `${countText(count, "page")} in the last minute (${rateText(count, 60_000)}): ${failedText(failed)}${times}.`;
}

const NO_PAGES = { pages: 0, failed: 0, p50Ms: null, p99Ms: null };

/** What is shaded. Empty: the Market started before all that is shown. */
export const startText = ({ from, startedAt }: ServiceHistory, timeText: TimeText): string =>
  startedAt <= from ? "" : `Shaded: before this Market started at ${timeText(startedAt)}.`;

/** Which instances have no chart. */
export const omittedText = (shown: number, omitted: number): string =>
  omitted === 0
    ? ""
    : `${shown} of ${shown + omitted} instances have a chart: the worst ones, and those whose row is open in the table.`;
