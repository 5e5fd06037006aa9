// The lines of a Ratings instance, besides those of its requests: one row for each event.

import { whyNeverStarted } from "../../bus/server/core/succession.ts";
import type { InstanceEvent } from "../../connect/index.ts";
import { programLine } from "../../program/core/program-events.ts";
import type { LogEntry } from "../../program/log.ts";
import { faultText, shownAddress } from "../../protocol.ts";
import type { LogLevel } from "../../settings.ts";
import { stackOf } from "../../util/errors.ts";
import { secondsText } from "../../util/format.ts";
import { shownUrl } from "../../util/printable.ts";

/** The process that prints the lines. */
export interface InstanceWindow {
  readonly instance: number;
  readonly pid: number;
  /** The addresses of NATS, as in the settings. */
  readonly natsUrls: readonly string[];
}

/** `leaving` and `left` are emitted by the program itself, around the goodbye of the instance. */
export type InstanceLogEvent = InstanceEvent | { readonly kind: "leaving" | "left" };

/** The level of the line of each request. */
export const REQUEST_LEVEL = "INFO";
/** A longer stack is cut: the text of an error may contain the body of a request. */
const MAX_STACK = 4_000;

type EventByKind = { readonly [E in InstanceLogEvent as E["kind"]]: E };

interface InstanceEventRow<E> {
  readonly name: string;
  readonly level: LogLevel;
  readonly text: (event: E, window: InstanceWindow) => string;
  readonly meaning: string;
}

/**
 * One row for each kind; docs/observing.md is made from it. Faults are warnings: they are in the log even at LOG_LEVEL=warning,
 * for a reader who looks for the cause of a failure.
 */
export const INSTANCE_EVENTS = {
  waiting: {
    name: "ratings.waiting",
    level: "WARNING",
    text: ({ trouble }, { natsUrls }) => waitingText(natsUrls, trouble),
    meaning: "an instance waits for NATS",
  },
  up: {
    name: "ratings.up",
    level: "INFO",
    text: ({ address }, { pid }) => `is up: pid ${pid}, ${shownAddress(address)}`,
    meaning: "an instance accepts requests",
  },
  resumed: {
    name: "ratings.resumed",
    level: "INFO",
    text: ({ pausedMs }) => `resumed after a pause of ${secondsText(pausedMs)}`,
    meaning: "the process runs again after a pause",
  },
  dropped: {
    name: "ratings.dropped",
    level: "INFO",
    text: ({ count }) => `dropped ${count} expired ${count === 1 ? "request" : "requests"}`,
    meaning: "the instance dropped requests whose callers had stopped waiting",
  },
  failed: {
    name: "ratings.failed",
    level: "ERROR",
    text: ({ error }) => `failed on a request: ${stackOf(error).slice(0, MAX_STACK)}`,
    meaning: "the instance failed on a request",
  },
  "handler-overdue": {
    name: "ratings.handler_overdue",
    level: "WARNING",
    text: ({ ranMs }) => `has not answered a request for ${secondsText(ranMs)}, and handles another one in its place`,
    meaning: "a request took longer than its caller waited, and its place under the limit was given to another",
  },
  disconnected: {
    name: "ratings.bus_disconnected",
    level: "WARNING",
    text: (_, { natsUrls }) => `lost the bus at ${shownUrls(natsUrls)}, connecting again until it is back`,
    meaning: "the instance lost its connection to NATS",
  },
  reconnected: {
    name: "ratings.bus_reconnected",
    level: "INFO",
    text: () => "is back on the bus",
    meaning: "the instance is connected to NATS again",
  },
  leaving: {
    name: "ratings.leaving",
    level: "INFO",
    text: () => "is leaving: it finishes its running requests",
    meaning: "the instance accepts no new requests",
  },
  left: {
    name: "ratings.left",
    level: "INFO",
    text: () => "has left",
    meaning: "the instance has finished its running requests",
  },
  "takes faults": {
    name: "ratings.takes_faults",
    level: "WARNING",
    text: () => "takes faults (CHAOS=1): every client with the permission can send them",
    meaning: "the instance takes faults on purpose (CHAOS=1)",
  },
  "fault begins": {
    name: "ratings.fault_begins",
    level: "WARNING",
    text: ({ fault, forMs }) => `begins a fault: ${faultText(fault)}, for ${secondsText(forMs)}`,
    meaning: "a fault began; the line has its duration",
  },
  "fault ended": {
    name: "ratings.fault_ended",
    level: "WARNING",
    text: ({ fault, why }) => `ended a fault: ${faultText(fault)} (${why})`,
    meaning: "a fault ended, or was reset",
  },
  killed: {
    name: "ratings.killed",
    level: "WARNING",
    text: (_, { instance }) => `is killed: start it again with  CHAOS=1 make startRatings INSTANCE=${instance}`,
    meaning: "the instance kills itself: that fault was sent to it",
  },
} as const satisfies { readonly [K in keyof EventByKind]: InstanceEventRow<EventByKind[K]> };

/** The compiler does not see that the row belongs to the event: hence the cast. */
const rowOf = (event: InstanceLogEvent): InstanceEventRow<InstanceLogEvent> =>
  INSTANCE_EVENTS[event.kind] as unknown as InstanceEventRow<InstanceLogEvent>;

export function instanceLine(window: InstanceWindow, event: InstanceLogEvent): LogEntry {
  const { name, level, text } = rowOf(event);
  return { level, logger: "ratings", event: name, text: `- instance ${window.instance} ${text(event, window)}` };
}

/** The line for lines that the rate limit suppressed. */
export const suppressedLine = ({ instance }: InstanceWindow, kind: string, count: number): LogEntry =>
  programLine("ratings.lines_left_out", `instance ${instance} printed no line for ${count} more of the kind "${kind}"`);

const shownUrls = (natsUrls: readonly string[]): string => natsUrls.map(shownUrl).join(", ");

/** A Market starts a server only where nothing answers, and only at an address of its own machine. */
function waitingText(natsUrls: readonly string[], trouble: EventByKind["waiting"]["trouble"]): string {
  const urls = shownUrls(natsUrls);
  if (trouble !== undefined && trouble.kind !== "absent")
    return `waits for the bus at ${urls}, trying again: ${trouble.message}`;
  return `waits for a bus at ${urls}${whyNeverStarted(natsUrls) === undefined ? ": start one with  make market" : ""}`;
}
