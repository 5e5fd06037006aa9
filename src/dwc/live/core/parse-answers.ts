// Parses what dwc receives: the board of a Market, and the statistics of an instance. The input is untrusted: any program
// may have that port or answer on the bus, or a Market of another version.

import type { EventRecord } from "../../../monitor/event-stream.ts";
import { type InstanceRow, SCHEMA_VERSION, type Snapshot } from "../../../monitor/snapshot.ts";
import { STATE_NAMES } from "../../../monitor/states.ts";
import { fieldsOf } from "../../../util/json.ts";
import type { DiscoveredStats } from "./live-types.ts";

export type MarketView = Pick<
  Snapshot,
  "service" | "at" | "bus" | "calls" | "turns" | "instances" | "omitted" | "events"
>;

/** Undefined: this is no board, or its schema version is unknown. */
export function parseMarketView(value: unknown): MarketView | undefined {
  const board = fieldsOf(value);
  const { schema_version, service, at, bus, calls, turns, instances, omitted, events } = board;
  const isBoard = schema_version === SCHEMA_VERSION && typeof service === "string" && typeof at === "number";
  if (!isBoard || !Array.isArray(instances) || !Array.isArray(events)) return undefined;
  if (typeof fieldsOf(calls)["lastMinute"] !== "number" || !isTurns(turns)) return undefined;
  return {
    ...{ service, at, calls: calls as MarketView["calls"], turns },
    bus: bus === "connected" || bus === "closed" ? bus : "disconnected",
    instances: instances.filter(isRow),
    omitted: typeof omitted === "number" ? omitted : 0,
    events: readEvents(events),
  };
}

export const readEvents = (events: unknown): readonly EventRecord[] =>
  Array.isArray(events) ? events.filter(isEvent) : [];

function isTurns(value: unknown): value is Snapshot["turns"] {
  const { ring, next, copies } = fieldsOf(value);
  return isTexts(ring) && isTexts(copies) && (next === null || typeof next === "string");
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** Checks the fields that dwc shows. A row that lacks one is omitted. */
function isRow(value: unknown): value is InstanceRow {
  const { instance, incarnation, address, state, membership, breaker, heartbeat, turn, calls, latency, faults } =
    fieldsOf(value);
  return (
    (faults === undefined || faults === null || (Array.isArray(faults) && faults.every(isFault))) &&
    typeof instance === "number" &&
    isTexts([incarnation, address, fieldsOf(membership)["kind"], fieldsOf(breaker)["kind"], fieldsOf(turn)["kind"]]) &&
    STATE_NAMES.some((known) => known === state) &&
    isNumbers(heartbeat, ["at", "expiresAt"]) &&
    isNumbers(calls, ["total", "lastMinute", "share"]) &&
    (latency === null || isNumbers(latency, ["p50Ms", "p99Ms"]))
  );
}

const isFault = (value: unknown): boolean => isTexts([fieldsOf(value)["text"]]) && isNumbers(value, ["endsAt"]);

function isNumbers(value: unknown, names: readonly string[]): boolean {
  const fields = fieldsOf(value);
  return names.every((name) => typeof fields[name] === "number");
}

function isEvent(value: unknown): value is EventRecord {
  const { id, at, name, level, text } = fieldsOf(value);
  return typeof id === "number" && typeof at === "number" && isTexts([name, level, text]);
}

// Parses the statistics of an instance (ADR-32). The input is untrusted.

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
