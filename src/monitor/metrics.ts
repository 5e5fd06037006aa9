// The metrics of a Market and of an instance of the shop. Nothing is counted here: each value is read from the counters and
// the table that the board reads, when a scraper asks for it.

import type { Member } from "../health/member.ts";
import { CLIENT_METRICS, clientSamples, type MeasuredMember } from "../metrics/core/client-metrics.ts";
import { METRICS_CONTENT_TYPE, type MetricRow, metricsText, row, type Samples } from "../metrics/core/exposition.ts";
import {
  instanceSamples,
  type MeasuredInstance,
  INSTANCE_METRICS as REQUEST_METRICS,
} from "../metrics/core/instance-metrics.ts";
import type { ServiceMonitor } from "./monitor.ts";
import type { MonitorSource } from "./snapshot.ts";

const PROGRAM_METRICS = [
  row("dwc_up", "gauge", "", "1: connected to NATS; 0: not connected"),
  row("dwc_build_info", "gauge", "version", "1, with the version of the program"),
] as const;

/** docs/observing.md lists them, and docs/grafana.json shows them. */
export const MARKET_METRICS = [
  ...PROGRAM_METRICS,
  ...CLIENT_METRICS,
  row(
    "dwc_calls_last_minute",
    "gauge",
    "service instance result",
    "calls of the last minute that succeeded or failed, as the board counts them",
  ),
  row("dwc_instances_failing", "gauge", "service instance", "processes with that number that are failing"),
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
export const INSTANCE_METRICS = [...PROGRAM_METRICS, ...REQUEST_METRICS] as const;

export const programSamples = (isConnected: boolean, version: string): Samples => ({
  dwc_up: [{ labels: {}, value: isConnected ? 1 : 0 }],
  dwc_build_info: [{ labels: { version }, value: 1 }],
});

/** The samples of an instance. @param isConnected its bus */
export const servedSamples = (instance: MeasuredInstance, isConnected: boolean, version: string): Samples => ({
  ...programSamples(isConnected, version),
  ...instanceSamples(instance),
});

/** @param wallOffsetMs from running time to epoch ms */
export function marketSamples(
  monitor: ServiceMonitor,
  { tracker }: MonitorSource,
  { now, wallOffsetMs }: { readonly now: number; readonly wallOffsetMs: number },
): Samples {
  const { service, version } = monitor.options;
  const members = [...tracker.all()].map(
    ({ who, membership, breaker, lastHeartbeatAt }): MeasuredMember => ({
      instance: who.instance,
      membership: membership.kind,
      breaker: breaker.kind,
      lastHeartbeatAt: lastHeartbeatAt + wallOffsetMs,
    }),
  );
  return {
    ...programSamples(monitor.bus === "connected", version),
    ...clientSamples(service, monitor.counts, members),
    ...callSamples(monitor, tracker.all(), now),
    dwc_events_total: [...monitor.eventCounts].map(([event, value]) => ({ labels: { event }, value })),
  };
}

/** So many numbers have samples of calls: any client of an open bus can send heartbeats of instances that do not exist. */
const MAX_NUMBERS = 1_000;

interface NumberCalls {
  succeeded: number;
  errors: number;
  failing: number;
}

function callSamples(monitor: ServiceMonitor, members: Iterable<Member>, now: number): Samples {
  const { service } = monitor.options;
  const byNumber = new Map<number, NumberCalls>();
  for (const { who } of members) {
    const ended = monitor.ended(who.incarnation, now);
    if (ended === undefined || (byNumber.size >= MAX_NUMBERS && !byNumber.has(who.instance))) continue;
    const sums = byNumber.get(who.instance) ?? { succeeded: 0, errors: 0, failing: 0 };
    sums.succeeded += ended.succeeded;
    sums.errors += ended.errors;
    sums.failing += monitor.isFailing(who.incarnation, now) ? 1 : 0;
    byNumber.set(who.instance, sums);
  }
  const all = [...byNumber].map(([instance, sums]) => ({ labels: { service, instance }, sums }));
  return {
    dwc_calls_last_minute: all.flatMap(({ labels, sums }) => [
      { labels: { ...labels, result: "succeeded" }, value: sums.succeeded },
      { labels: { ...labels, result: "failed" }, value: sums.errors },
    ]),
    dwc_instances_failing: all.map(({ labels, sums }) => ({ labels, value: sums.failing })),
  };
}

/** What a response with metrics holds. */
export interface Exposition {
  readonly contentType: string;
  text(): string;
}

/** @param samples the current values */
export const expose = (rows: readonly MetricRow[], samples: () => Samples): Exposition => ({
  contentType: METRICS_CONTENT_TYPE,
  text: () => metricsText(rows, samples()),
});
