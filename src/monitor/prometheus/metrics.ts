// The metrics of a Market and of an instance in Prometheus' text format: their names, their values, their text. Nothing
// is counted here. Each value is read from the counters and the table that the board reads, when a scraper asks for it.
// This is the only importer of prom-client.

import { type Metric, Registry } from "prom-client";
import type { Breaker } from "../../health/breaker.ts";
import type { Member } from "../../health/member.ts";
import { SECOND_MS } from "../../util/format.ts";
import type { ServiceMonitor } from "../monitor.ts";
import { MAX_ROWS, type MonitorSource } from "../snapshot.ts";
import { STATES } from "../states.ts";
import { type CumulativeStats, DURATION_BOUNDS_S, OUTCOMES, SHORT_CIRCUITED } from "../stats.ts";

export type MetricType = "gauge" | "counter" | "histogram";

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly meaning: string;
}

const row = (name: string, type: MetricType, labels: string, meaning: string): MetricRow => ({
  name,
  type,
  labels: labels === "" ? [] : labels.split(" "),
  meaning,
});

/**
 * The metrics of a Market. docs/observing.md lists them, and docs/grafana.json shows them. Names follow Prometheus:
 * base units, `_total` for what only grows, and labels of few values.
 */
export const MARKET_METRICS = [
  row("dwc_up", "gauge", "", "1: connected to NATS; 0: not connected"),
  row("dwc_build_info", "gauge", "version", "1, with the version of the program"),
  row(
    "dwc_client_requests_total",
    "counter",
    "service instance outcome",
    "calls with their copies and hedges, by outcome",
  ),
  row(
    "dwc_client_hedges_total",
    "counter",
    "service instance",
    "calls that were late at another instance and were sent to this one as well (HEDGE=1)",
  ),
  row("dwc_client_request_duration_seconds", "histogram", "service instance", "duration of the calls"),
  row("dwc_breaker_state", "gauge", "service instance state", "processes with that number and a breaker in that state"),
  row("dwc_breaker_transitions_total", "counter", "service from to", "changes of a breaker's state"),
  row(
    "dwc_instance_last_heartbeat_timestamp_seconds",
    "gauge",
    "service instance",
    "time of the last heartbeat, in epoch seconds",
  ),
  row("dwc_instances", "gauge", "service status", "processes that are up, draining or gone"),
  row("dwc_events_total", "counter", "event", "events by name, with those that the rate limit suppressed"),
  row("dwc_board_viewers", "gauge", "", "open feeds of the board"),
  row(
    "dwc_board_viewers_dropped_total",
    "counter",
    "",
    "feeds that the Market closed because their reader had stopped reading",
  ),
] as const;

/** On an instance with METRICS_PORT. */
export const INSTANCE_METRICS = [
  row("dwc_up", "gauge", "", "1: connected to NATS; 0: not connected"),
  row("dwc_build_info", "gauge", "version", "1, with the version of the program"),
  row("dwc_server_requests_total", "counter", "service instance outcome", "requests by outcome: ok, error or expired"),
  row("dwc_server_processing_seconds_total", "counter", "service instance", "time spent on requests"),
] as const;

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** The end of a name in a histogram: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

const MEMBERSHIPS = [...new Set(Object.values(STATES).map(({ membership }) => membership))];
const BREAKERS = [...new Set(Object.values(STATES).flatMap(({ breaker }) => breaker ?? []))];

export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** @param wallOffsetMs from running time to epoch ms */
export function clientSamples(monitor: ServiceMonitor, { tracker }: MonitorSource, wallOffsetMs: number): Samples {
  const { service, version } = monitor.options;
  const members = [...tracker.all()];
  const byNumber = groupByNumber(members.filter(({ membership }) => membership.kind !== "gone").slice(0, MAX_ROWS));
  const totals = [...monitor.totals];
  return {
    dwc_up: [{ labels: {}, value: monitor.bus === "connected" ? 1 : 0 }],
    dwc_build_info: [{ labels: { version }, value: 1 }],
    dwc_client_requests_total: [
      ...totals.flatMap(([instance, total]) => outcomeSamples({ service, instance }, total)),
      { labels: { service, instance: "", outcome: SHORT_CIRCUITED.name }, value: monitor.shortCircuited },
      { labels: { service, instance: "", outcome: "failed" }, value: monitor.failed },
    ],
    dwc_client_request_duration_seconds: totals.flatMap(([instance, total]) =>
      durationSamples({ service, instance }, total),
    ),
    dwc_client_hedges_total: totals.map(([instance, { hedges }]) => ({ labels: { service, instance }, value: hedges })),
    dwc_breaker_state: [...byNumber].flatMap(([instance, group]) =>
      BREAKERS.map((state) => ({ labels: { service, instance, state }, value: count(group, state) })),
    ),
    dwc_breaker_transitions_total: [...monitor.transitions].map(([transition, value]) => {
      const [from = "", to = ""] = transition.split(">");
      return { labels: { service, from, to }, value };
    }),
    dwc_instance_last_heartbeat_timestamp_seconds: [...byNumber].map(([instance, group]) => {
      const receivedAt = Math.max(...group.map((member) => member.lastHeartbeatAt));
      return { labels: { service, instance }, value: Math.round(receivedAt + wallOffsetMs) / SECOND_MS };
    }),
    dwc_instances: MEMBERSHIPS.map((status) => ({
      labels: { service, status },
      value: members.filter(({ membership }) => membership.kind === status).length,
    })),
    dwc_events_total: [...monitor.eventCounts].map(([event, value]) => ({ labels: { event }, value })),
  };
}

type Labels = Readonly<Record<string, string | number>>;

const outcomeSamples = (labels: Labels, { outcomes }: CumulativeStats): readonly Sample[] =>
  OUTCOMES.map(({ name }) => ({ labels: { ...labels, outcome: name }, value: outcomes[name] }));

/** In Prometheus each bucket includes the ones below it. */
function durationSamples(labels: Labels, total: CumulativeStats): readonly Sample[] {
  let below = 0;
  const buckets = DURATION_BOUNDS_S.map((bound, place): Sample => {
    below += total.buckets[place] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: bound }, value: below };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: total.durations },
    { suffix: "_sum", labels, value: total.durationMs / SECOND_MS },
    { suffix: "_count", labels, value: total.durations },
  ];
}

const count = (members: readonly Member[], state: Breaker["kind"]): number =>
  members.filter(({ breaker }) => breaker.kind === state).length;

function groupByNumber(members: readonly Member[]): Map<number, Member[]> {
  const groups = new Map<number, Member[]>();
  for (const member of members) {
    const group = groups.get(member.who.instance);
    if (group === undefined) groups.set(member.who.instance, [member]);
    else group.push(member);
  }
  return groups;
}

export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

/** @param samples the current values. A metric without a sample keeps its name and help in the text. */
export function expose(
  rows: readonly MetricRow[],
  samples: () => Readonly<Record<string, readonly Sample[]>>,
): Exposition {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    text: () => {
      const now = samples();
      const registry = new Registry();
      for (const row of rows) registry.registerMetric(asMetric(row, now[row.name] ?? []));
      return registry.metrics();
    },
  };
}

/** The registry needs the name of a metric and the result of `get`. */
function asMetric({ name, type, meaning }: MetricRow, samples: readonly Sample[]): Metric {
  const values = samples.map(({ labels, value, suffix = "" }) => ({ metricName: name + suffix, labels, value }));
  const metric = {
    name,
    help: meaning,
    type,
    aggregator: "sum",
    get: async () => ({ name, help: meaning, type, values }),
  };
  return metric as unknown as Metric;
}
