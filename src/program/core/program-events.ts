// The events of a program itself, one row each: docs/observing.md is made from it. Those of instances and breakers are in
// src/monitor/events.ts, those of a running instance in src/ratings/core/lines.ts. A published name keeps its meaning.

import type { LogLevel } from "../../settings.ts";
import type { LogEntry } from "../log.ts";

interface ProgramEventRow {
  readonly level: LogLevel;
  readonly meaning: string;
}

/** By published name. The part before the dot is the logger. */
export const PROGRAM_EVENTS = {
  "market.open": { level: "INFO", meaning: "the Market accepts requests" },
  "market.board": { level: "INFO", meaning: "the address of the board and the metrics" },
  "market.traffic": { level: "INFO", meaning: "the switch of traffic was set, or its shoppers ended" },
  "market.shoppers": { level: "INFO", meaning: "shoppers load pages; the lines of their pages are not printed" },
  "market.keys": { level: "WARNING", meaning: "the keys that sign carts are not stored: a restart empties all carts" },
  "market.failed": { level: "ERROR", meaning: "a request failed, and its client did not cause it" },
  "bus.server": { level: "INFO", meaning: "a `nats-server` on this machine was started, is awaited, or is taken over" },
  "bus.open": { level: "INFO", meaning: "the NATS server accepts every client that reaches it" },
  "bus.trouble": { level: "WARNING", meaning: "the NATS server refused something, or a connection to it failed" },
  "record.writing": { level: "INFO", meaning: "the decisions are recorded in a file" },
  "record.trouble": { level: "WARNING", meaning: "the decisions are not recorded, or not all of them" },
  "tracing.on": { level: "INFO", meaning: "spans are sent to a collector" },
  "tracing.off": {
    level: "WARNING",
    meaning: "spans are not sent, although they should be: the exporter is missing, or a variable has an unknown value",
  },
  "tracing.ignored": { level: "WARNING", meaning: "the value of a variable of OpenTelemetry is not obeyed" },
  "tracing.failing": { level: "WARNING", meaning: "the collector does not accept spans" },
  "tracing.back": { level: "INFO", meaning: "the collector accepts spans again" },
  "ratings.lines_left_out": {
    level: "WARNING",
    meaning: "the number of lines of one kind that the rate limit suppressed",
  },
  "ratings.ended": { level: "WARNING", meaning: "one of several instances of one command ended" },
  "ratings.metrics": { level: "INFO", meaning: "the address of an instance's metrics, or a WARNING that it has none" },
  "chaos.asked": { level: "WARNING", meaning: "a fault was requested on the board" },
  "log.dropped": { level: "WARNING", meaning: "lines are missing here: their reader was too slow" },
} as const satisfies Readonly<Record<string, ProgramEventRow>>;

export type ProgramEvent = keyof typeof PROGRAM_EVENTS;

/** @param text without the dash that precedes it */
export function programLine(event: ProgramEvent, text: string): LogEntry {
  const [logger = ""] = event.split(".");
  return { level: PROGRAM_EVENTS[event].level, logger, event, text: `- ${text}` };
}
