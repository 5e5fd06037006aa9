// The one list of metrics, as they are published: docs/observing.md prints it, docs/grafana.json shows them, and tests
// compare the three. Names as Prometheus wants them: base units, `_total` on what only grows, and labels of few values.

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

/** On the Market. */
export const MARKET_METRICS = [
  row("dwc_up", "gauge", "", "1: the bus is there; 0: it is not"),
  row("dwc_build_info", "gauge", "version", "1, with the version of the program"),
  row(
    "dwc_client_requests_total",
    "counter",
    "service instance outcome",
    "calls, their copies and hedges, by what they came to",
  ),
  row(
    "dwc_client_hedges_total",
    "counter",
    "service instance",
    "calls that another was late with, asked of this one too (HEDGE=1)",
  ),
  row("dwc_client_request_duration_seconds", "histogram", "service instance", "how long they took"),
  row(
    "dwc_breaker_state",
    "gauge",
    "service instance state",
    "processes of that number whose breaker is in that state",
  ),
  row("dwc_breaker_transitions_total", "counter", "service from to", "changes of a breaker's state"),
  row(
    "dwc_instance_last_heartbeat_timestamp_seconds",
    "gauge",
    "service instance",
    "when it was last heard, in epoch seconds",
  ),
  row("dwc_instances", "gauge", "service status", "processes that are up, draining or gone"),
  row("dwc_events_total", "counter", "event", "events, by name, those among them that were too many to be told"),
  row("dwc_board_viewers", "gauge", "", "who watches the board now"),
  row("dwc_board_viewers_dropped_total", "counter", "", "viewers who had stopped reading and were let go"),
] as const;

/** On an instance, where METRICS_PORT is given. */
export const INSTANCE_METRICS = [
  row("dwc_up", "gauge", "", "1: the bus is there; 0: it is not"),
  row("dwc_build_info", "gauge", "version", "1, with the version of the program"),
  row(
    "dwc_server_requests_total",
    "counter",
    "service instance outcome",
    "requests that were ok, an error, or expired",
  ),
  row("dwc_server_processing_seconds_total", "counter", "service instance", "time spent on them"),
] as const;
