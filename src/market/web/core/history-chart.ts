// The chart of one series over the last fifteen minutes. From top to bottom: faults, open breakers, calls as bars upwards,
// errors as bars downwards, p99 as a line on a logarithmic scale. All charts have the same time axis. The place says
// what is what, and the colour repeats it.

import type { HistoryView } from "../../../monitor/history.ts";
import type { Span } from "../../../monitor/spans.ts";
import { msText } from "./board-view.ts";
import { percent, type Shape, shape } from "./svg.ts";

/** From top to bottom, in px. */
const FAULT_Y = 7;
const BREAKER_Y = 20;
const CALLS = { top: 30, height: 34 } as const;
const ERRORS = { top: 65, height: 16 } as const;
const P99 = { top: 89, height: 34 } as const;
export const CHART_HEIGHT = 126;
/** Bars narrower than their bucket can be counted. */
const BAR = { inset: 0.08, width: 0.84 } as const;
/** A single call or error is seen. */
const MIN_BAR_HEIGHT = 2;
/** The lowest p99 of the scale. A faster one is drawn at the bottom. */
const MIN_MS = 0.5;
/** The scale of p99 ends at twice the request timeout. */
const TIMEOUTS_SHOWN = 2;
const HALF_GLYPH_PX = 4;
const END_TICK_PX = 4;

export interface ChartScale {
  /** Epoch ms of the left and the right edge. */
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
  /** The counts and the errors of one bucket at full height. */
  readonly topCount: number;
  readonly topErrors: number;
  readonly timeoutMs: number;
  /** Epoch ms: of the time before it nothing is known. */
  readonly startedAt: number;
}

export interface ChartOptions {
  readonly series: HistoryView;
  readonly spans: readonly Span[];
  readonly scale: ChartScale;
  /** What it shows, for those who do not see it. */
  readonly alternative: string;
}

/** 1, 2 or 5 times a power of ten: the first that is not below `value`. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** An SVG as wide as its frame. Bars are stretched with it, texts and lines are not. */
export function historyChart({ series, spans, scale, alternative }: ChartOptions): Shape {
  const attributes = { class: "chart", width: "100%", height: CHART_HEIGHT, role: "img", "aria-label": alternative };
  const placed = spans.map((span) => placedSpan(span, scale));
  return shape(
    "svg",
    attributes,
    ...beforeStart(scale),
    ...grid(scale),
    lane(CALLS, "chart-calls", series.counts.length, barsUp(series.counts, scale.topCount)),
    lane(ERRORS, "chart-errors", series.counts.length, barsDown(series.errors, scale.topErrors)),
    lane(P99, "chart-p99", series.counts.length, steps(series.p99Ms, scale)),
    ...placed.flatMap((span) => drawnSpan(span)),
    shape("line", { class: "chart-cursor", visibility: "hidden", y1: 0, y2: CHART_HEIGHT }),
  );
}

interface Lane {
  readonly top: number;
  readonly height: number;
}

/** A part whose units are buckets across and px down. */
const lane = ({ top, height }: Lane, className: string, buckets: number, d: string): Shape =>
  shape(
    "svg",
    {
      ...{ class: className, x: 0, y: top, width: "100%", height },
      ...{ viewBox: `0 0 ${buckets} ${height}`, preserveAspectRatio: "none" },
    },
    shape("path", { d }),
  );

const barHeight = (value: number, top: number, height: number): number =>
  Math.max(MIN_BAR_HEIGHT, Math.min(height, Math.round((value / top) * height)));

const barsUp = (counts: readonly number[], top: number): string =>
  bars(counts, (count, x) => {
    const height = barHeight(count, top, CALLS.height);
    return `M${x} ${CALLS.height}v-${height}h${BAR.width}v${height}z`;
  });

const barsDown = (errors: readonly number[], top: number): string =>
  bars(errors, (count, x) => {
    const height = barHeight(count, top, ERRORS.height);
    return `M${x} 0v${height}h${BAR.width}v-${height}z`;
  });

const bars = (values: readonly number[], draw: (value: number, x: number) => string): string =>
  values.map((value, bucket) => (value === 0 ? "" : draw(value, bucket + BAR.inset))).join("");

/** The distance of a latency from the top of its lane. */
function p99Y(ms: number, { timeoutMs }: ChartScale): number {
  const share = Math.log(ms / MIN_MS) / Math.log((timeoutMs * TIMEOUTS_SHOWN) / MIN_MS);
  return Math.round((1 - Math.min(1, Math.max(0, share))) * P99.height * 10) / 10;
}

/** A level for each bucket, joined where two are side by side. */
function steps(p99Ms: readonly (number | null)[], scale: ChartScale): string {
  let path = "";
  for (const [bucket, ms] of p99Ms.entries()) {
    if (ms === null) continue;
    const isJoined = bucket > 0 && p99Ms[bucket - 1] !== null;
    const y = p99Y(ms, scale);
    path += `${isJoined ? `V${y}` : `M${bucket} ${y}`}H${bucket + 1}`;
  }
  return path;
}

// Axes.

/** Nothing is drawn there, and that does not mean that there were no calls. */
function beforeStart({ from, to, startedAt }: ChartScale): readonly Shape[] {
  const share = Math.min(1, (startedAt - from) / (to - from));
  const box = { x: 0, y: CALLS.top, width: percent(share), height: CHART_HEIGHT - CALLS.top };
  return share <= 0 ? [] : [shape("rect", { class: "chart-before", ...box })];
}

const across = (className: string, y: number): Shape =>
  shape("line", { class: className, x1: 0, x2: "100%", y1: y, y2: y });

const grid = (scale: ChartScale): readonly Shape[] => [
  across("chart-grid", CALLS.top),
  across("chart-base", CALLS.top + CALLS.height + 0.5),
  across("chart-grid chart-timeout", P99.top + p99Y(scale.timeoutMs, scale)),
  across("chart-base", P99.top + P99.height + 0.5),
];

/** `20/s`: the counts of a bucket, by the second. */
export function rateText(count: number, overMs: number): string {
  const rate = (count * 1000) / overMs;
  return `${rate < 10 ? String(Math.round(rate * 10) / 10) : Math.round(rate)}/s`;
}

export const LABELS_WIDTH = 44;

/** What the lines of a chart stand for. Beside it, so that no text lies on a line. */
export function chartLabels(scale: ChartScale): Shape {
  const attributes = { class: "chart-labels", width: LABELS_WIDTH, height: CHART_HEIGHT, "aria-hidden": "true" };
  return shape(
    "svg",
    attributes,
    labelAt(CALLS.top, rateText(scale.topCount, scale.bucketMs)),
    labelAt(P99.top + p99Y(scale.timeoutMs, scale), msText(scale.timeoutMs)),
  );
}

const LABEL_GAP_PX = 6;
const labelAt = (y: number, text: string): Shape =>
  shape("text", { class: "chart-scale", x: LABELS_WIDTH - LABEL_GAP_PX, y: y + 4, "text-anchor": "end" }, text);

// What lay over the calls.

const GLYPHS: Readonly<Record<Span["kind"], string>> = { breaker: "✕", fault: "◆", bus: "✕" };

interface PlacedSpan extends Pick<Span, "kind"> {
  /** Shares of the width. Undefined: outside of the chart. */
  readonly begin: number | undefined;
  readonly end: number | undefined;
}

function placedSpan({ kind, from, to }: Span, scale: ChartScale): PlacedSpan {
  const shareOf = (at: number): number | undefined => {
    const share = (at - scale.from) / (scale.to - scale.from);
    return share < 0 || share > 1 ? undefined : share;
  };
  return { kind, begin: shareOf(from), end: to === null ? undefined : shareOf(to) };
}

/** A bar from its beginning to its end, a hairline through the lanes where it began, and its sign there. */
function drawnSpan({ kind, begin, end }: PlacedSpan): readonly Shape[] {
  const y = kind === "fault" ? FAULT_Y : BREAKER_Y;
  const [x1, x2] = [percent(begin ?? 0), percent(end ?? 1)];
  const bar = shape("line", { class: `chart-span chart-${kind}`, x1, x2, y1: y, y2: y });
  const tick = { class: `chart-end chart-${kind}`, x1: x2, x2, y1: y - END_TICK_PX, y2: y + END_TICK_PX };
  return [
    ...(begin === undefined ? [] : [shape("line", { class: "chart-began", x1, x2: x1, y1: y, y2: CHART_HEIGHT })]),
    bar,
    ...(end === undefined ? [] : [shape("line", tick)]),
    ...(begin === undefined
      ? []
      : [shape("text", { class: `chart-glyph chart-${kind}`, x: x1, y: y + HALF_GLYPH_PX }, GLYPHS[kind])]),
  ];
}

// The time below all charts.

const TIME_EVERY_MS = 300_000;
const TICK_EVERY_MS = 60_000;
export const AXIS_HEIGHT = 22;

/** The axis: a tick for every minute, and a time for every five. @param timeText of epoch ms */
export function timeAxis({ from, to }: Pick<ChartScale, "from" | "to">, timeText: (at: number) => string): Shape {
  const first = Math.ceil(from / TICK_EVERY_MS) * TICK_EVERY_MS;
  const count = Math.floor((to - first) / TICK_EVERY_MS) + 1;
  const ticks = Array.from({ length: count }, (_, place) => first + place * TICK_EVERY_MS);
  const drawn = ticks.flatMap((at) => {
    const share = (at - from) / (to - from);
    return at % TIME_EVERY_MS === 0 ? [tick(share, 7), axisTime(share, timeText(at))] : [tick(share, 4)];
  });
  return shape("svg", { class: "chart-axis", width: "100%", height: AXIS_HEIGHT, "aria-hidden": "true" }, ...drawn);
}

const tick = (share: number, length: number): Shape =>
  shape("line", { class: "chart-tick", x1: percent(share), x2: percent(share), y1: 0, y2: length });

/** Closer to an edge than this, a text in the middle of its tick would be cut off. */
const EDGE_SHARE = 0.08;

function axisTime(share: number, text: string): Shape {
  const anchor = share < EDGE_SHARE ? "start" : share > 1 - EDGE_SHARE ? "end" : "middle";
  return shape("text", { class: "chart-time", x: percent(share), y: AXIS_HEIGHT - 2, "text-anchor": anchor }, text);
}
