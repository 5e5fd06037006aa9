// Parses what dwc receives: the board of a Market, and the statistics of an instance. The input is untrusted: any program
// may have that port or answer on the bus, or a Market of another version.

import * as v from "valibot";
import type { EventRecord } from "../../../monitor/event-stream.ts";
import { type InstanceRow, SCHEMA_VERSION, type Snapshot } from "../../../monitor/snapshot.ts";
import { STATE_NAMES } from "../../../monitor/states.ts";
import { type Fields, fieldsOf } from "../../../util/json.ts";
import { MAX_OPERATIONS } from "../../../util/operation-name.ts";
import type { DiscoveredStats, LastMinuteStats, OperationStats } from "./live-types.ts";

export type MarketView = Pick<
  Snapshot,
  "service" | "at" | "bus" | "busSince" | "calls" | "turns" | "instances" | "omitted" | "events"
>;

const numbers = <Name extends string>(...names: readonly Name[]) => v.looseObject(v.entriesFromList(names, v.number()));
const kind = v.looseObject({ kind: v.string() });

/** A Market of an earlier version does not count them. */
const ended = { succeeded: v.optional(v.number()), errors: v.optional(v.number()) };

/** The fields that dwc shows. */
const row = v.looseObject({
  ...{ instance: v.number(), incarnation: v.string(), address: v.string(), state: v.picklist(STATE_NAMES) },
  ...{ membership: kind, breaker: kind, turn: kind },
  heartbeat: numbers("at", "expiresAt"),
  calls: v.looseObject({
    ...numbers("total", "lastMinute", "share").entries,
    ...ended,
    lastError: v.nullish(v.string()),
  }),
  latency: v.nullable(numbers("p50Ms", "p99Ms")),
  late: v.nullish(numbers("owes", "since")),
  faults: v.nullish(v.array(v.looseObject({ text: v.string(), endsAt: v.number() }))),
});

const event = v.looseObject({
  ...{ id: v.number(), at: v.number(), name: v.string(), level: v.string(), text: v.string() },
});

/** The value as it is. `looseObject` returns one with another order of fields, which the JSON output would show. */
const unchanged = <T>(schema: v.GenericSchema<unknown, T>) => v.custom<T>((value) => v.is(schema, value));

const board = v.object({
  ...{ schema_version: v.literal(SCHEMA_VERSION), service: v.string(), at: v.number() },
  bus: v.fallback(v.picklist(["connected", "disconnected", "closed"]), "disconnected"),
  // A Market of an earlier version does not send it.
  busSince: v.fallback(v.nullable(v.number()), null),
  calls: unchanged(v.looseObject({ ...numbers("lastMinute").entries, ...ended })),
  turns: unchanged(
    v.looseObject({ ring: v.array(v.string()), next: v.nullable(v.string()), copies: v.array(v.string()) }),
  ),
  ...{ instances: v.array(v.unknown()), omitted: v.fallback(v.number(), 0), events: v.array(v.unknown()) },
});

/** Undefined: this is no board, or its schema version is unknown. A row or an event that lacks a field is omitted. */
export function parseMarketView(value: unknown): MarketView | undefined {
  const read = v.safeParse(board, value);
  if (!read.success) return undefined;
  const { schema_version: _version, instances, events, ...view } = read.output;
  return {
    ...(view as object as Omit<MarketView, "instances" | "events">),
    instances: instances.filter((one): one is InstanceRow => v.is(row, one)),
    events: readEvents(events),
  };
}

export const readEvents = (events: unknown): readonly EventRecord[] =>
  Array.isArray(events) ? events.filter((one): one is EventRecord => v.is(event, one)) : [];

// Parses the statistics of an instance (ADR-32). The input is untrusted.

export interface Stats {
  readonly service: string;
  readonly incarnation: string;
  /** Undefined: it does not say. */
  readonly instance: number | undefined;
  readonly counts: DiscoveredStats;
}

const NS_PER_MS = 1_000_000;
/** Longer than any ISO time with a zone. */
const MAX_TIMESTAMP_LENGTH = 40;

/** Undefined: this is not the reply of an instance. */
export function parseStats(value: unknown, epochMs: (isoTime: string) => number): Stats | undefined {
  const { name, id, started, endpoints, metadata } = fieldsOf(value);
  if (typeof name !== "string" || typeof id !== "string") return undefined;
  const all = Array.isArray(endpoints) ? endpoints.map(fieldsOf) : [];
  const byOperation = all.slice(0, MAX_OPERATIONS).map(operationStats);
  const sum = (field: string): number => all.reduce((total, endpoint) => total + count(endpoint[field]), 0);
  const startedAt =
    typeof started === "string" && started.length <= MAX_TIMESTAMP_LENGTH ? epochMs(started) : Number.NaN;
  return {
    service: name,
    incarnation: id,
    instance: numberIn(metadata),
    counts: {
      startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
      requests: sum("num_requests"),
      errors: sum("num_errors"),
      processingMs: sum("processing_time") / NS_PER_MS,
      dropped: all.reduce((total, { data }) => total + count(Object(data).dropped_expired), 0),
      ...withRecent(sumOfRecent(byOperation.flatMap(({ lastMinute }) => lastMinute ?? []))),
      byOperation,
    },
  };
}

function numberIn(metadata: unknown): number | undefined {
  const { instance } = fieldsOf(metadata);
  return typeof instance === "string" && /^[1-9]\d{0,5}$/.test(instance) ? Number(instance) : undefined;
}

function operationStats(endpoint: Fields): OperationStats {
  const { name, num_requests, num_errors, last_error, processing_time, data } = endpoint;
  return {
    name: textOf(name),
    requests: count(num_requests),
    errors: count(num_errors),
    lastError: textOf(last_error),
    processingMs: count(processing_time) / NS_PER_MS,
    ...withRecent(recentStats(fieldsOf(data)["last_minute"])),
  };
}

const withRecent = (lastMinute: LastMinuteStats | undefined): { readonly lastMinute?: LastMinuteStats } =>
  lastMinute === undefined ? {} : { lastMinute };

/** Undefined: the instance does not count the last minute. */
function recentStats(value: unknown): LastMinuteStats | undefined {
  const { num_requests, num_errors, caller_errors, last_error } = fieldsOf(value);
  if (typeof num_requests !== "number") return undefined;
  const requests = count(num_requests);
  const errors = Math.min(requests, Math.max(0, count(num_errors) - count(caller_errors)));
  return { requests, errors, lastError: textOf(last_error) || null };
}

/** Of all operations, with the last error of the one that has most. */
function sumOfRecent(all: readonly LastMinuteStats[]): LastMinuteStats | undefined {
  const [worst] = all.toSorted((a, b) => b.errors - a.errors);
  const sum = (field: "requests" | "errors"): number => all.reduce((total, one) => total + one[field], 0);
  return worst && { requests: sum("requests"), errors: sum("errors"), lastError: worst.lastError };
}

const MAX_TEXT_LENGTH = 200;
const textOf = (value: unknown): string => (typeof value === "string" ? value.slice(0, MAX_TEXT_LENGTH) : "");

const count = (value: unknown): number => (typeof value === "number" && value >= 0 && value < Infinity ? value : 0);
