// The drawings of the history: every bucket has its place, marks are at their time, and words say the same.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type ChartScale,
  historyChart,
  niceTop,
  rateText,
  timeAxis,
} from "../../../src/market/web/core/history-chart.ts";
import {
  alternativeText,
  bucketText,
  historyRows,
  pagesText,
  startText,
} from "../../../src/market/web/core/history-text.ts";
import { latencyBarText, latencyChart, latencyText } from "../../../src/market/web/core/latency-chart.ts";
import { type Shape, shape, svgText } from "../../../src/market/web/core/svg.ts";
import type { ServiceHistory } from "../../../src/monitor/service-history.ts";
import type { Span } from "../../../src/monitor/spans.ts";

const test = suite("the history's drawings");

const FROM = 1_700_000_000_000;
const BUCKETS = 90;
const SCALE: ChartScale = {
  ...{ from: FROM, to: FROM + 900_000, bucketMs: 10_000 },
  ...{ topCount: 100, topErrors: 10, timeoutMs: 1_000, startedAt: FROM },
};
const zeros = (): number[] => new Array<number>(BUCKETS).fill(0);
const nulls = (): (number | null)[] => new Array<number | null>(BUCKETS).fill(null);
const timeText = (at: number): string => `${(at - FROM) / 1_000} s`;

const allOf = (drawn: Shape): readonly Shape[] => [
  drawn,
  ...drawn.children.flatMap((child) => (typeof child === "string" ? [] : allOf(child))),
];
const withClass = (drawn: Shape, name: string): readonly Shape[] =>
  allOf(drawn).filter(({ attributes }) =>
    String(attributes["class"] ?? "")
      .split(" ")
      .includes(name),
  );
const pathOf = (drawn: Shape, name: string): string => {
  const [path] = withClass(drawn, name)[0]?.children ?? [];
  return path === undefined || typeof path === "string" ? "" : String(path.attributes["d"]);
};

function draw(more: { counts?: number[]; errors?: number[]; p99Ms?: (number | null)[] }, spans: readonly Span[] = []) {
  const series = { counts: zeros(), errors: zeros(), p99Ms: nulls(), ...more };
  return historyChart({ series, spans, scale: SCALE, alternative: "words" });
}

test("bars are at their bucket: calls upwards, errors downwards, and one is seen", () => {
  const counts = zeros();
  [counts[0], counts[1], counts[89]] = [100, 1, 50];
  const errors = zeros();
  errors[1] = 10;
  const drawn = draw({ counts, errors });
  assert.is(pathOf(drawn, "chart-calls"), "M0.08 34v-34h0.84v34zM1.08 34v-2h0.84v2zM89.08 34v-17h0.84v17z");
  assert.is(pathOf(drawn, "chart-errors"), "M1.08 0v16h0.84v-16z");
  assert.is(pathOf(draw({}), "chart-calls"), "");
});

test("p99 is a level for each bucket, with gaps where there is none, the timeout at its line", () => {
  const p99Ms = nulls();
  [p99Ms[3], p99Ms[4], p99Ms[7]] = [1_000, 0.5, 99_999];
  const drawn = draw({ p99Ms });
  const [timeout] = withClass(drawn, "chart-timeout");
  const timeoutY = Math.round((Number(timeout?.attributes["y1"]) - 89) * 10) / 10;
  assert.is(pathOf(drawn, "chart-p99"), `M3 ${timeoutY}H4V34H5M7 0H8`);
});

test("a mark is where it began and ended; what began before, or lasts, reaches the edge", () => {
  const spanOf = (from: number, to: number | null, kind: Span["kind"] = "breaker"): Span => ({
    ...{ kind, text: "request timed out" },
    ...{ from: FROM + from, to: to === null ? null : FROM + to },
  });
  const drawn = draw({}, [spanOf(90_000, 450_000), spanOf(-5_000, 45_000), spanOf(810_000, null, "fault")]);
  const ends = withClass(drawn, "chart-span").map(({ attributes: { x1, x2 } }) => [x1, x2]);
  assert.equal(ends, [
    ["10%", "50%"],
    ["0%", "5%"],
    ["90%", "100%"],
  ]);
  const glyphs = withClass(drawn, "chart-glyph").map(({ attributes, children }) => [attributes["x"], children[0]]);
  assert.equal(glyphs, [
    ["10%", "✕"],
    ["90%", "◆"],
  ]);
  assert.is(withClass(drawn, "chart-end").length, 2);
});

test("what was before the Market started is shaded, and no number is claimed for it", () => {
  const series = { counts: zeros(), errors: zeros(), p99Ms: nulls() };
  const drawnFrom = (startedAt: number) =>
    withClass(historyChart({ series, spans: [], scale: { ...SCALE, startedAt }, alternative: "" }), "chart-before").map(
      ({ attributes }) => attributes["width"],
    );
  assert.equal([drawnFrom(FROM), drawnFrom(FROM + 90_000), drawnFrom(FROM + 9e9)], [[], ["10%"], ["100%"]]);
  const history = { ...historyWith(zeros()), startedAt: FROM + 95_000 };
  const [row] = historyRows(history);
  if (row === undefined) throw new Error("no row");
  assert.is(bucketText(row, 8, history, timeText), "80 s to 90 s, Pages: this Market had not started.");
  assert.match(bucketText(row, 9, history, timeText), /Pages: 0 pages/);
  assert.is(startText(history, timeText), "Shaded: before this Market started at 95 s.");
  assert.is(startText(historyWith(zeros()), timeText), "");
});

test("the axis has a tick for every minute and a time for every five, at their places", () => {
  const axis = timeAxis(SCALE, timeText);
  assert.equal([withClass(axis, "chart-tick").length, withClass(axis, "chart-time").length], [15, 3]);
  for (const { attributes, children } of withClass(axis, "chart-time")) {
    const seconds = Number.parseInt(String(children[0]), 10);
    assert.is((seconds * 1_000 + FROM) % 300_000, 0);
    assert.ok(Math.abs(Number.parseFloat(String(attributes["x"])) - seconds / 9) < 0.01);
  }
});

test("a scale ends at 1, 2 or 5 times a power of ten, and holds its values", () => {
  for (let value = 0; value < 3_000; value += 0.7) {
    const top = niceTop(value);
    assert.ok(top >= value && (value <= 1 || top < value * 2.5 + 1), `${top} for ${value}`);
    assert.match(String(top), /^[125]0*$/);
  }
  assert.equal([rateText(20, 10_000), rateText(200, 10_000), rateText(3, 60_000)], ["2/s", "20/s", "0.1/s"]);
});

test("text in a drawing is escaped", () => {
  assert.is(
    svgText(shape("text", { "aria-label": `"<&>'` }, "<b>")),
    '<text aria-label="&quot;&lt;&amp;&gt;&#39;">&lt;b&gt;</text>',
  );
});

const seriesOf = (counts: number[], errors: number[], p99Ms: (number | null)[]) => ({
  ...{ counts, errors, p99Ms },
  latency: { first: 20, counts: [10, 0, 30], p50Ms: 12, p99Ms: 13, maxMs: 13 },
});

function historyWith(counts: number[], spans: readonly Span[] = []): ServiceHistory {
  const series = seriesOf(counts, zeros(), nulls());
  return {
    ...{ schema_version: 1, service: "ratings", at: FROM + 895_000, from: FROM, bucketMs: 10_000, buckets: BUCKETS },
    ...{ latencyBuckets: { firstBoundMs: 0.1, growth: 1.25 }, requestTimeoutMs: 1_000, startedAt: FROM - 1 },
    all: { ...series, spans: [] },
    pages: {
      ...series,
      lastMinute: { pages: 120, failed: 1, p50Ms: 4.12, p99Ms: 31 },
      total: { pages: 500, failed: 1 },
    },
    instances: [1, 2].map((instance) => ({
      ...{ instance, incarnation: `${instance}-a`, state: instance === 2 ? "lost" : "healthy", spans },
      ...series,
    })),
    ...{ omitted: 0, callers: null },
  };
}

test("pages, all calls and instances are rows; instances have one scale", () => {
  const counts = zeros();
  counts[5] = 37;
  const rows = historyRows(historyWith(counts));
  assert.equal(
    rows.map(({ title }) => title),
    ["Pages", "All calls", "Instance 1", "Instance 2 (lost)"],
  );
  assert.is(rows[2]?.scale, rows[3]?.scale);
  assert.is(rows[2]?.scale.topCount, 50);
});

test("words say what the cursor is at, and what a chart shows", () => {
  const counts = zeros();
  [counts[5], counts[89]] = [37, 5];
  const spans: readonly Span[] = [
    { kind: "fault", text: "paused", from: FROM + 55_000, to: FROM + 75_000 },
    { kind: "breaker", text: "request timed out", from: FROM + 61_000, to: null },
  ];
  const history = historyWith(counts, spans);
  const [pages, , row] = historyRows(history);
  if (row === undefined || pages === undefined) throw new Error("no row");
  assert.is(
    bucketText(row, 5, history, timeText),
    "50 s to 60 s, Instance 1: 37 calls (3.7/s), no errors, p99 –. Fault: paused.",
  );
  assert.match(bucketText(row, 6, history, timeText), /Fault: paused\. Breaker open: request timed out\.$/);
  assert.match(bucketText(row, 4, history, timeText), /p99 –\.$/);
  assert.match(bucketText(row, 89, history, timeText), /5 calls \(1\/s\)/, "half of that bucket is over");
  assert.match(bucketText(pages, 5, history, timeText), /Pages: 37 pages \(3.7\/s\), none failed/);
  assert.is(
    alternativeText(row, timeText),
    "Instance 1, the last 15 minutes: 42 calls, no errors. Fault: paused, 55 s to 75 s. Breaker open: request timed out, since 61 s.",
  );
  assert.is(pagesText(history.pages), "120 pages in the last minute (2/s): 1 failed, p50 4.1 ms, p99 31 ms.");
});

test("the histogram has a bar for each bucket, and says what each holds", () => {
  const { latency } = seriesOf(zeros(), zeros(), nulls());
  const buckets = { firstBoundMs: 0.1, growth: 1.25 };
  const bars = withClass(latencyChart(latency, buckets, "words"), "latency-bar");
  assert.equal(
    bars.map(({ attributes }) => attributes["height"]),
    [27, 0, 80],
  );
  assert.is(
    latencyText(latency, "call"),
    "40 calls: half took at most 12 ms, 99 of 100 at most 13 ms, the longest 13 ms.",
  );
  assert.is(latencyBarText(latency, 0, buckets, "call"), "6.9 ms to 8.7 ms: 10 calls.");
  assert.is(latencyText(null, "page"), "No page of the last minute has a latency.");
});

test.run();
