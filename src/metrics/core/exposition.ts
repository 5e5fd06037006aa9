// Metrics in the text format of Prometheus (version 0.0.4): their names, their values, their text.

export type MetricType = "gauge" | "counter" | "histogram";

export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly meaning: string;
}

/** @param labels the names, separated by spaces; empty: none */
export const row = (name: string, type: MetricType, labels: string, meaning: string): MetricRow => ({
  name,
  type,
  labels: labels === "" ? [] : labels.split(" "),
  meaning,
});

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** The end of a name in a histogram: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** By the name of the metric. */
export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** The value of the header `Content-Type` of a response with metrics. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** @returns the text, in the order of the rows. A metric without a sample keeps its name and help */
export const metricsText = (rows: readonly MetricRow[], samples: Samples): string =>
  rows.map((one) => metricText(one, samples[one.name] ?? [])).join("\n");

function metricText({ name, type, meaning }: MetricRow, samples: readonly Sample[]): string {
  const lines = samples.map(
    ({ labels, value, suffix = "" }) => `${name}${suffix}${labelsText(labels)} ${valueText(value)}\n`,
  );
  return `# HELP ${name} ${escaped(meaning)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value), true)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** A value may be any text: a line end or a quote in it would begin a series of its own. */
function escaped(text: string, isQuoted = false): string {
  const oneLine = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return isQuoted ? oneLine.replaceAll('"', '\\"') : oneLine;
}

function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
