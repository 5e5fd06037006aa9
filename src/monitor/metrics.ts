// The metrics of a Market and of an instance of the shop. Nothing is counted here: each value is read from the counters and
// the table that the board reads, when a scraper asks for it.

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
export function marketSamples(monitor: ServiceMonitor, { tracker }: MonitorSource, wallOffsetMs: number): Samples {
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
    dwc_events_total: [...monitor.eventCounts].map(([event, value]) => ({ labels: { event }, value })),
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
