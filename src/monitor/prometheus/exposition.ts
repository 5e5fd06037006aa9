// Metrics in Prometheus' text format; the only importer of prom-client. Nothing is counted here: each number is read
// off the same counters and the same table as the board, at the moment when somebody asks.

import { type Metric, Registry } from "prom-client";
import type { MetricRow } from "../../monitor/metric-names.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** The end of a histogram's names: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
}

/** @param samples what each metric is now; one that has none is left out of the answer's values, not of its names */
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

/** As the registry reads one: by its name, and by what `get` answers. */
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
