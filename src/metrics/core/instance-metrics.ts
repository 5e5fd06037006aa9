// The metrics of an instance: names and values, by operation.

import type { ServiceStats } from "../../service/core/nats-service-info.ts";
import { SECOND_MS } from "../../util/format.ts";
import { row, type Samples } from "./exposition.ts";

export const INSTANCE_METRICS = [
  row(
    "dwc_server_requests_total",
    "counter",
    "service operation instance outcome",
    "requests by outcome: ok, error, overloaded or expired",
  ),
  row("dwc_server_processing_seconds_total", "counter", "service operation instance", "time spent on requests"),
  row("dwc_server_requests_waiting", "gauge", "service instance", "requests that wait for a slot of the limit"),
] as const;

/** The counts of an instance by operation. */
export interface MeasuredInstance {
  readonly service: string;
  readonly instance: number;
  readonly operationCounts: ReadonlyMap<string, ServiceStats>;
  /** Requests that wait for a slot of its limit. */
  readonly waiting: number;
}

export function instanceSamples({ service, instance, operationCounts, waiting }: MeasuredInstance): Samples {
  const all = [...operationCounts].map(([operation, counts]) => ({ labels: { service, operation, instance }, counts }));
  return {
    dwc_server_requests_total: all.flatMap(({ labels, counts: { requests, errors, overloaded, dropped } }) => [
      { labels: { ...labels, outcome: "ok" }, value: requests - errors },
      { labels: { ...labels, outcome: "error" }, value: errors },
      { labels: { ...labels, outcome: "overloaded" }, value: overloaded },
      { labels: { ...labels, outcome: "expired" }, value: dropped },
    ]),
    dwc_server_processing_seconds_total: all.map(({ labels, counts: { processingMs } }) => ({
      labels,
      value: processingMs / SECOND_MS,
    })),
    dwc_server_requests_waiting: [{ labels: { service, instance }, value: waiting }],
  };
}
