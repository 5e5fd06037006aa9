// Parses the statistics of an instance (ADR-32). The input is untrusted.

import { fieldsOf } from "../../../util/json.ts";
import type { DiscoveredStats } from "./bus-result.ts";

export interface Stats {
  readonly service: string;
  readonly incarnation: string;
  readonly counts: DiscoveredStats;
}

const NS_PER_MS = 1_000_000;
/** Longer than any ISO time with a zone. */
const MAX_TIMESTAMP_LENGTH = 40;

/** Undefined: this is not the reply of an instance. */
export function parseStats(value: unknown, epochMs: (isoTime: string) => number): Stats | undefined {
  const { name, id, started, endpoints } = fieldsOf(value);
  if (typeof name !== "string" || typeof id !== "string") return undefined;
  const all = Array.isArray(endpoints) ? endpoints.map(fieldsOf) : [];
  const sum = (field: string): number => all.reduce((total, endpoint) => total + count(endpoint[field]), 0);
  const startedAt =
    typeof started === "string" && started.length <= MAX_TIMESTAMP_LENGTH ? epochMs(started) : Number.NaN;
  return {
    service: name,
    incarnation: id,
    counts: {
      startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
      requests: sum("num_requests"),
      errors: sum("num_errors"),
      processingMs: sum("processing_time") / NS_PER_MS,
      dropped: all.reduce((total, { data }) => total + count(Object(data).dropped_expired), 0),
    },
  };
}

const count = (value: unknown): number => (typeof value === "number" && value >= 0 && value < Infinity ? value : 0);
