// The metrics as Prometheus reads them: every published name and no other, with the right values.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expose, INSTANCE_METRICS, MARKET_METRICS, marketSamples } from "../../src/monitor/metrics.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";
import { repository } from "../support/repository.ts";

const test = suite("metrics");
const ALL = [...MARKET_METRICS, ...INSTANCE_METRICS];
const HISTOGRAM_ENDS = /_(bucket|sum|count)$/;

/** A Market with one instance that answered, hung, and had its breaker closed by a heartbeat. */
async function scrape(): Promise<string> {
  const monitor = new ServiceMonitor({ service: "ratings", version: "1.2.3", rules: DEFAULT_RULES, startedAt: 0 });
  const table = new HealthHarness();
  table.onEvent = (change) => monitor.recordEvent(change, 5000);
  monitor.recordEvent({ kind: "bus", status: "connected" }, 0);
  table.beats(1, 1000);
  const { who } = table.member(1);
  const attempt = { kind: "attempt", operation: "get", who, sentAs: "call", isRetry: false, isRefusal: false } as const;
  for (const tookMs of [3, 30, 300]) monitor.recordAttempt({ ...attempt, result: "answered", tookMs }, 2000);
  monitor.recordAttempt({ ...attempt, result: "timeout", tookMs: 1001 }, 3000);
  monitor.recordAttempt({ ...attempt, result: "no-responders", tookMs: 1 }, 3000);
  monitor.recordAttempt({ ...attempt, sentAs: "hedge", result: "answered", tookMs: 3 }, 3000);
  monitor.recordAttempt({ ...attempt, isRetry: true, result: "answered", tookMs: 3 }, 3000);
  monitor.recordAttempt({ kind: "short-circuited" }, 3000);
  monitor.recordCall({ operation: "get", result: "ok", tookMs: 30 });
  monitor.recordCall({ operation: "get", result: "no-instances", tookMs: 0 });
  table.hangs(1, 3000);
  table.beats(1, 5000);
  const rows = MARKET_METRICS.filter(({ name }) => !name.startsWith("dwc_board_"));
  return expose(rows, () => marketSamples(monitor, table, { now: 0, wallOffsetMs: 1_700_000_000_000 })).text();
}

/** Every value, by name and labels. */
const valuesOf = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(([, series = "", value]) => [series, Number(value)]));

test("each value is that of the calls and events before", async () => {
  const values = valuesOf(await scrape());
  const is = (series: string, value: number): void => assert.is(values.get(series), value, series);
  const one = 'service="ratings",instance="1"';
  is("dwc_up", 1);
  is('dwc_build_info{version="1.2.3"}', 1);
  const get = 'service="ratings",operation="get"';
  is(`dwc_client_calls_total{${get},outcome="ok"}`, 1);
  is(`dwc_client_calls_total{${get},outcome="no-instances"}`, 1);
  is(`dwc_client_call_duration_seconds_sum{${get}}`, 0.03);
  is(`dwc_client_requests_total{${get},instance="1",outcome="ok"}`, 5);
  is(`dwc_client_hedges_total{${get},instance="1"}`, 1);
  is(`dwc_client_retries_total{${get},instance="1"}`, 1);
  is(`dwc_client_requests_total{${get},instance="1",outcome="timeout"}`, 1);
  is(`dwc_client_requests_total{${get},instance="1",outcome="unreachable"}`, 1);
  is('dwc_client_requests_total{service="ratings",operation="",instance="",outcome="short_circuited"}', 1);
  is(`dwc_client_request_duration_seconds_bucket{${get},instance="1",le="0.005"}`, 3);
  is(`dwc_client_request_duration_seconds_bucket{${get},instance="1",le="0.5"}`, 5);
  is(`dwc_client_request_duration_seconds_bucket{${get},instance="1",le="+Inf"}`, 6);
  is(`dwc_client_request_duration_seconds_count{${get},instance="1"}`, 6);
  is(`dwc_client_request_duration_seconds_sum{${get},instance="1"}`, 1.34);
  is(`dwc_breaker_state{${one},state="probation"}`, 1);
  is(`dwc_breaker_state{${one},state="open"}`, 0);
  is('dwc_breaker_transitions_total{service="ratings",from="closed",to="open"}', 1);
  is('dwc_breaker_transitions_total{service="ratings",from="open",to="closed"}', 1);
  is(`dwc_instance_last_heartbeat_timestamp_seconds{${one}}`, 1_700_000_005);
  is('dwc_instances{service="ratings",status="up"}', 1);
  is(`dwc_calls_last_minute{${one},result="succeeded"}`, 4);
  is(`dwc_calls_last_minute{${one},result="failed"}`, 1);
  is(`dwc_instances_failing{${one}}`, 0);
  is('dwc_events_total{event="breaker.opened"}', 1);
  is('dwc_events_total{event="instance.lost"}', 0);
});

test("processes of one number are counted together, with their latest heartbeat; those that are gone are left out", () => {
  const monitor = new ServiceMonitor({ service: "ratings", version: "1.2.3", rules: DEFAULT_RULES, startedAt: 0 });
  const table = new HealthHarness();
  table.beats(1, 3000);
  table.beats(1, 2000, { incarnation: "1-b" });
  table.beats(2, 1000.4);
  for (const instance of [3, 4]) table.beats(instance, 1000);
  table.beats(3, 1000, { state: "draining" });
  table.beats(4, 1000, { state: "gone" });
  monitor.recordAttempt({ kind: "failed", detail: "the request was not sent" }, 0);
  const samples = marketSamples(monitor, table, { now: 0, wallOffsetMs: 5000 });
  const valuesOf = (name: string): readonly number[] => samples[name]?.map(({ value }) => value) ?? [];
  assert.equal(samples["dwc_up"], [{ labels: {}, value: 0 }]);
  assert.equal(valuesOf("dwc_instances"), [3, 1, 1], "up, draining, gone");
  assert.equal(
    samples["dwc_instance_last_heartbeat_timestamp_seconds"]?.map(({ labels, value }) => [labels["instance"], value]),
    [
      [1, 8],
      [2, 6],
      [3, 6],
    ],
  );
  const closed = samples["dwc_breaker_state"]?.filter(({ labels }) => labels["state"] === "closed");
  assert.equal(
    closed?.map(({ value }) => value),
    [2, 1, 1],
  );
  assert.equal(samples["dwc_client_requests_total"], [
    { labels: { service: "ratings", operation: "", instance: "", outcome: "short_circuited" }, value: 0 },
    { labels: { service: "ratings", operation: "", instance: "", outcome: "failed" }, value: 1 },
  ]);
});

test("every name and every label is published", async () => {
  const text = await scrape();
  const published = new Map<string, readonly string[]>(MARKET_METRICS.map(({ name, labels }) => [name, labels]));
  for (const [series] of valuesOf(text)) {
    const [, full = "", inside = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const labels = published.get(full) ?? published.get(full.replace(HISTOGRAM_ENDS, ""));
    assert.ok(labels !== undefined, full);
    const used = [...inside.matchAll(/(\w+)="/g)].map(([, label = ""]) => label).filter((label) => label !== "le");
    assert.equal(used, [...(labels ?? [])], series);
  }
});

const expressions: readonly string[] = JSON.parse(
  readFileSync(join(repository, "docs/grafana.json"), "utf8"),
).panels.flatMap((panel: { targets: { expr: string }[] }) => panel.targets.map(({ expr }) => expr));

test("the Grafana dashboard shows every metric, and none that does not exist", () => {
  const shown = new Set(expressions.flatMap((text) => text.match(/\bdwc_\w+/g) ?? []));
  const names = new Set<string>(ALL.map(({ name }) => name));
  for (const name of shown) assert.ok(names.has(name) || names.has(name.replace(HISTOGRAM_ENDS, "")), name);
  for (const name of names) assert.ok(shown.has(name) || shown.has(`${name}_bucket`), `${name} is not shown`);
});

test("the dashboard groups and selects by labels that its metrics have", () => {
  for (const text of expressions) {
    const metrics = (text.match(/\bdwc_\w+/g) ?? []).map((name) => name.replace(HISTOGRAM_ENDS, ""));
    const labels = ALL.filter(({ name }) => metrics.includes(name)).flatMap((row) => row.labels);
    const grouped = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
    const picked = [...text.matchAll(/[{,](\w+)[!=]/g)].map(([, label = ""]) => label);
    for (const label of [...grouped, ...picked])
      assert.ok(label === "le" || labels.includes(label), `${text}: ${label}`);
  }
});

/** Otherwise Prometheus keeps its own label of that name, and renames ours to exported_instance. */
test("the configuration for Prometheus keeps our labels, in every job", () => {
  const config = readFileSync(join(repository, "docs/prometheus.yml"), "utf8");
  const jobs = config.split("job_name:").slice(1);
  assert.is(jobs.length, 2);
  for (const job of jobs) assert.match(job, /\n {4}honor_labels: true\n/);
});

test("names follow the conventions of Prometheus", () => {
  for (const { name, type, labels, meaning } of ALL) {
    assert.match(name, /^dwc_[a-z]+(_[a-z]+)*$/);
    assert.is(name.endsWith("_total"), type === "counter", name);
    assert.not.match(name, /_(count|sum|bucket|gauge|histogram|ms|milliseconds|minutes)$/);
    assert.ok(meaning !== "" && labels.every((label) => label !== "le"), name);
  }
});

/** Scrapers reject a series that occurs twice, and a histogram whose buckets go down. */
test("no series occurs twice, and each bucket includes the ones below it", async () => {
  const lines = (await scrape()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const series = lines.map((line) => line.slice(0, line.lastIndexOf(" ")));
  assert.is(new Set(series).size, series.length);
  const buckets = [...valuesOf(await scrape())].filter(([name]) => name.includes("_bucket{"));
  assert.ok(buckets.length > 0);
  for (const [at, [name, value]] of buckets.entries()) assert.ok(value >= (buckets[at - 1]?.[1] ?? 0), name);
});

test.run();
