// The text of metrics, as Prometheus reads it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { metricsText, row } from "../../src/metrics/core/exposition.ts";
import { DURATION_BOUNDS_S, Histogram } from "../../src/metrics/core/histogram.ts";

const test = suite("exposition");

test("each metric has its help, its type and its samples, in the order of the rows", () => {
  const rows = [row("b_total", "counter", "service", "what b counts"), row("a", "gauge", "", "what a is")];
  assert.is(
    metricsText(rows, { a: [{ labels: {}, value: 0.5 }], b_total: [{ labels: { service: "shop" }, value: 3 }] }),
    [
      "# HELP b_total what b counts",
      "# TYPE b_total counter",
      'b_total{service="shop"} 3',
      "",
      "# HELP a what a is",
      "# TYPE a gauge",
      "a 0.5",
      "",
    ].join("\n"),
  );
});

test("a metric without a sample keeps its name and help", () => {
  assert.is(metricsText([row("a", "gauge", "", "what a is")], {}), "# HELP a what a is\n# TYPE a gauge\n");
});

test("no value of a label can end it, and no help its line", () => {
  const hostile = 'x"} 1\nforged_total{a="\\';
  const text = metricsText([row("a", "gauge", "name", "one \\ two\nthree")], {
    a: [{ labels: { name: hostile }, value: 1 }],
  });
  assert.is(
    text,
    ["# HELP a one \\\\ two\\nthree", "# TYPE a gauge", 'a{name="x\\"} 1\\nforged_total{a=\\"\\\\"} 1', ""].join("\n"),
  );
});

test("numbers beyond all numbers are written as Prometheus reads them", () => {
  const samples = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((value) => ({
    labels: {},
    value,
  }));
  const [, , ...lines] = metricsText([row("a", "gauge", "", "a")], { a: samples }).split("\n");
  assert.equal(lines, ["a +Inf", "a -Inf", "a NaN", ""]);
});

test("a duration on the upper bound of a bucket is in that bucket, a longer one in the next", () => {
  for (const [place, bound] of DURATION_BOUNDS_S.entries()) {
    const histogram = new Histogram();
    const [on, above] = [bound * 1_000, bound * 1_000 + 0.001];
    for (const tookMs of [on, above]) histogram.add(tookMs);
    const expected = DURATION_BOUNDS_S.map((_, at) => (at === place || at === place + 1 ? 1 : 0));
    assert.equal([histogram.buckets, histogram.count, histogram.sumMs], [expected, 2, on + above], `${bound} s`);
  }
});

test("each bucket of the text includes the ones below it, and the last includes all", () => {
  const histogram = new Histogram();
  for (const tookMs of [1, 30, 30, 60_000]) histogram.add(tookMs);
  const values = histogram.samples({}).map(({ labels, suffix, value }) => [labels["le"] ?? suffix, value]);
  assert.equal(values.slice(0, 4), [
    [0.005, 1],
    [0.01, 1],
    [0.025, 1],
    [0.05, 3],
  ]);
  assert.equal(values.slice(-3), [
    ["+Inf", 4],
    ["_sum", 60.061],
    ["_count", 4],
  ]);
});

test.run();
