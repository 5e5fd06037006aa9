// The door of the metrics (`datawire-connect/metrics`): Prometheus' text of the clients and instances of a program.

export { METRICS_CONTENT_TYPE } from "./core/exposition.ts";
export type { MeasuredInstance } from "./core/instance-metrics.ts";
export { type MeasuredClient, type MetricsOptions, metricsOf } from "./metrics-of.ts";
