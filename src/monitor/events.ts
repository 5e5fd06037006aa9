// The events of a client, one row each. The log line, the event on board and terminal, the metric `dwc_events_total`
// and docs/observing.md are derived from this table. A ClientEvent without a row is a compile error. A published name
// keeps its meaning.

import type { BusStatus } from "../bus/bus.ts";
import { shownAddress } from "../bus/core/subjects.ts";
import { faultText } from "../faults/core/faults.ts";
import type { InstanceRef } from "../health/member.ts";
import type { LogEntry } from "../program/log.ts";
import type { ClientEvent } from "../service/client-options.ts";
import type { LogLevel } from "../settings.ts";
import { countWords, secondsText } from "../util/format.ts";

/** Emitted by the sink itself: so many events of one name were not logged. */
export interface SuppressedEvents {
  readonly kind: "suppressed";
  readonly name: string;
  readonly count: number;
}

export type MonitorEvent = ClientEvent | SuppressedEvents;

/** One row for each kind, and one for each status of the bus. */
type EventByKey = {
  readonly [E in MonitorEvent as E extends { readonly kind: "bus" } ? `bus ${BusStatus}` : E["kind"]]: E;
};

type Logger = "DWC" | "resolver" | "membership" | "bus" | "chaos";

/** A step of a call. It changes nothing: it is logged, and neither counted nor published. */
interface StepRow<E> {
  readonly level: LogLevel;
  readonly logger: Logger;
  readonly text: (event: E, service: string) => string;
  readonly name?: undefined;
}

interface EventRow<E> {
  readonly name: string;
  readonly level: LogLevel | ((event: E) => LogLevel);
  readonly logger: Logger;
  /** Any client on the bus can cause the event as often as it likes. */
  readonly isRateLimited?: true;
  readonly text: (event: E, service: string) => string;
  readonly meaning: string;
}

type StepKind = "resolving" | "resolved" | "using" | "hedging";

export const EVENTS = {
  resolving: {
    level: "DEBUG",
    logger: "DWC",
    text: (_, service) => `DWC resolving ${service}`,
  },
  resolved: {
    level: "DEBUG",
    logger: "DWC",
    text: ({ live }, service) => `DWC resolved ${service} => [${listed(live())}]`,
  },
  using: {
    level: "INFO",
    logger: "resolver",
    text: ({ who }, service) => `${service} using instance ${who.instance}: ${address(who)}`,
  },
  hedging: {
    level: "DEBUG",
    logger: "resolver",
    text: ({ who, late, afterMs }) =>
      `${named(late)} has not answered for ${Math.round(afterMs)} ms, calling instance ${who.instance} too: ${address(who)}`,
  },
  opened: {
    name: "breaker.opened",
    level: "WARNING",
    logger: "resolver",
    text: ({ who, why }) => `OPEN ${breaker(who)} (${why})`,
    meaning: "a call to an instance timed out: it gets no calls until its breaker closes",
  },
  retesting: {
    name: "breaker.retesting",
    level: "WARNING",
    logger: "resolver",
    text: ({ who }) => `RETEST ${breaker(who)}`,
    meaning: "a copy of a call was sent to an instance with an open breaker",
  },
  closed: {
    name: "breaker.closed",
    level: "INFO",
    logger: "resolver",
    text: ({ who, why }) => `CLOSE ${breaker(who)} (${why})`,
    meaning: "an instance gets calls again, on probation: a heartbeat arrived, or it answered the retest",
  },
  late: {
    name: "instance.late",
    level: "INFO",
    logger: "resolver",
    isRateLimited: true,
    text: ({ who, owes, quietMs }) =>
      `${named(who)} is late: it owes ${countWords(owes, "answer")} for ${Math.round(quietMs)} ms: ${address(who)}`,
    meaning: "an instance owes an answer for too long: it gets no new calls while another instance is not late",
  },
  "on-time": {
    name: "instance.on_time",
    level: "INFO",
    logger: "resolver",
    isRateLimited: true,
    text: ({ who, lateMs }) => `${named(who)} is late no more, after ${Math.round(lateMs)} ms: ${address(who)}`,
    meaning: "a late instance has answered",
  },
  warned: {
    name: "instance.warned",
    level: "INFO",
    logger: "resolver",
    isRateLimited: true,
    text: ({ who, by, quietMs }) =>
      `${named(who)} is late for ${by}, which waits for an answer for ${Math.round(quietMs)} ms: ${address(who)}`,
    meaning: "another caller warns of an instance: it gets no new calls while another instance is not late",
  },
  "warning-over": {
    name: "instance.warning_over",
    level: "INFO",
    logger: "resolver",
    isRateLimited: true,
    text: ({ who, why }) => `${named(who)} is warned of no more (${why}): ${address(who)}`,
    meaning:
      "a warning does not count any more: the instance has answered, the other caller took it back or was wrong, or its time is over",
  },
  joined: {
    name: "instance.joined",
    level: "INFO",
    logger: "membership",
    isRateLimited: true,
    text: ({ who }) => `${named(who)} joined: ${address(who)}`,
    meaning: "the first heartbeat of a process arrived",
  },
  returned: {
    name: "instance.returned",
    level: "INFO",
    logger: "membership",
    isRateLimited: true,
    text: ({ who }) => `${named(who)} returned: ${address(who)}`,
    meaning: "a heartbeat of a lost instance arrived",
  },
  draining: {
    name: "instance.draining",
    level: "INFO",
    logger: "membership",
    isRateLimited: true,
    text: ({ who }) => `${named(who)} is leaving: ${address(who)}`,
    meaning: "an instance said goodbye: it finishes its running calls and gets no new ones",
  },
  left: {
    name: "instance.left",
    level: "INFO",
    logger: "membership",
    isRateLimited: true,
    text: ({ who }) => `${named(who)} left: ${address(who)}`,
    meaning: "an instance that had said goodbye ended",
  },
  lost: {
    name: "instance.lost",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ who, why, silentMs }) =>
      `${named(who)} lost: ${address(who)} (${why === "no heartbeat" ? `no heartbeat for ${secondsText(silentMs)}` : why})`,
    meaning: "an instance ended without a goodbye: no heartbeat in time, or no responders at its subject",
  },
  duplicate: {
    name: "instance.duplicate",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ who, other }) => `${named(who)} runs twice, and both get calls: ${address(who)} and ${address(other)}`,
    meaning: "two live processes have the same number; both get calls",
  },
  "table-full": {
    name: "instance.rejected",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ who, limit }) => `${named(who)} rejected: the table is full with ${limit} instances`,
    meaning: "the table is full of instances that have answered, and a newcomer was rejected",
  },
  "invalid-response": {
    name: "instance.invalid_response",
    level: "WARNING",
    logger: "resolver",
    isRateLimited: true,
    text: ({ who }) => `${named(who)} sent an invalid response: ${address(who)}`,
    meaning: "an instance sent an invalid answer; an idempotent call went on to another instance",
  },
  faults: {
    name: "instance.faults",
    level: ({ faults }) => (faults.length === 0 ? "INFO" : "WARNING"),
    logger: "chaos",
    isRateLimited: true,
    text: ({ who, faults }) =>
      `${named(who)} ${faults.length === 0 ? "takes faults, and none is on" : `has faults on: ${faults.map(faultText).join("; ")}`}`,
    meaning: "an instance with CHAOS=1 reported its active faults",
  },
  "unreadable-heartbeat": {
    name: "heartbeat.unreadable",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ subject, why }, service) => `${service} heartbeat unreadable: ${why} (on ${subject})`,
    meaning: "a message on a heartbeat subject was not a valid heartbeat",
  },
  "unreadable-warning": {
    name: "warning.unreadable",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ subject, why }, service) => `${service} warning unreadable: ${why} (on ${subject})`,
    meaning: "a message on a subject of warnings was not a valid warning",
  },
  "newcomers-throttled": {
    name: "heartbeat.throttled",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: (_, service) => `${service} heartbeat of a newcomer dropped: more newcomers than the rate limit allows`,
    meaning: "the heartbeat of an unknown instance was dropped: too many newcomers at once",
  },
  "heartbeats-interrupted": {
    name: "heartbeat.interrupted",
    level: "WARNING",
    logger: "membership",
    isRateLimited: true,
    text: ({ interruptedMs }) =>
      `no heartbeats received for ${secondsText(interruptedMs)}: more were sent than the Market could read`,
    meaning: "heartbeats were not received for a while, although the bus was connected",
  },
  "bus connected": {
    name: "bus.connected",
    level: "INFO",
    logger: "bus",
    text: () => "connected",
    meaning: "the Market is connected to NATS",
  },
  "bus disconnected": {
    name: "bus.disconnected",
    level: "WARNING",
    logger: "bus",
    text: () => "disconnected: no instance can be called until NATS is back",
    meaning: "the Market is not connected to NATS: it can call no instance",
  },
  "bus closed": {
    name: "bus.closed",
    level: "INFO",
    logger: "bus",
    text: () => "closed",
    meaning: "the Market closed its connection",
  },
  suppressed: {
    name: "events.suppressed",
    level: "WARNING",
    logger: "membership",
    text: ({ name, count }) => `${count} more events ${name} in that second, not logged one by one`,
    meaning: "the number of events of one name that the rate limit suppressed",
  },
} as const satisfies {
  readonly [K in keyof EventByKey]: K extends StepKind ? StepRow<EventByKey[K]> : EventRow<EventByKey[K]>;
};

export type EventName = (typeof EVENTS)[Exclude<keyof typeof EVENTS, StepKind>]["name"];

type Row = StepRow<MonitorEvent> | (EventRow<MonitorEvent> & { readonly name: EventName });
const rows = Object.values(EVENTS) as readonly unknown[] as readonly Row[];

/** The published events, in the order of the table. */
export const PUBLISHED_EVENTS = rows.filter((row) => row.name !== undefined);

const keyOf = (event: MonitorEvent): keyof typeof EVENTS => (event.kind === "bus" ? `bus ${event.status}` : event.kind);

/** The compiler does not see that the row belongs to the event: hence the cast. */
export const eventRow = (event: MonitorEvent): Row => EVENTS[keyOf(event)] as unknown as Row;

/** @param service the name that is called, as it stands in the lines */
export function eventLine(service: string, event: MonitorEvent): LogEntry {
  const { level, logger, text } = eventRow(event);
  return {
    level: typeof level === "function" ? level(event) : level,
    logger,
    text: `${logger === "DWC" ? "" : "- "}${text(event, service)}`,
  };
}

/**
 * A longer list is cut in the line. Any client can send heartbeats, and would make a list of ten thousand for each
 * call.
 */
const MAX_LISTED = 20;

function listed(live: readonly InstanceRef[]): string {
  const shown = live.slice(0, MAX_LISTED).map(address).join(", ");
  return live.length > MAX_LISTED ? `${shown} and ${live.length - MAX_LISTED} more` : shown;
}

const address = (who: InstanceRef): string => shownAddress(who.address);
const named = (who: InstanceRef): string => `${who.service} instance ${who.instance}`;
const breaker = (who: InstanceRef): string => `breaker on [${who.service} at ${address(who)}]`;
