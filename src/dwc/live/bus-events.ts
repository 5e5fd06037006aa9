// The events of the services on a bus, for `dwc events` without a Market: comings and goings, as a client of each service
// that makes no calls sees them.

import type { Clock } from "../../clock.ts";
import type { Bus } from "../../connect/index.ts";
import type { EventRecord } from "../../monitor/event-stream.ts";
import { eventLine, eventRow, type MonitorEvent } from "../../monitor/events.ts";
import { allHeartbeatsSubject, checkServiceName } from "../../protocol.ts";
import { type Client, type Message, openClient } from "../../service/index.ts";
import type { AbortSignal } from "../cli/core/command.ts";

/** On an open bus any client can send heartbeats of new services. */
const MAX_SERVICES = 100;

export interface EventFollower {
  /** The services that are known by now. */
  readonly services: readonly string[];
  /** Others are found by their heartbeats. */
  readonly beyond: boolean;
  readonly print: (event: EventRecord) => void;
  /** Undefined: until `until` is aborted. */
  readonly limitMs: number | undefined;
  readonly until: AbortSignal;
}

/** Resolves once the time is over, or the signal is aborted. */
export async function followServices(bus: Bus, clock: Clock, follower: EventFollower): Promise<void> {
  const clients = new Map<string, Client>();
  let id = 0;
  const print = (service: string, event: MonitorEvent): void => {
    const { name } = eventRow(event);
    // All clients are of one bus: the first one reports it.
    if (name === undefined || (event.kind === "bus" && service !== [...clients.keys()][0])) return;
    const { level, text } = eventLine(service, event);
    follower.print({ id: ++id, at: clock.wall(), name, level, text, ...subjectOf(event) });
  };
  const open = (service: string): void => {
    if (clients.has(service) || clients.size >= MAX_SERVICES || checkServiceName(service).kind === "bad") return;
    clients.set(service, openClient({ service, bus, clock, onEvent: (event) => print(service, event) }));
  };
  follower.services.forEach(open);
  const found = ({ subject }: Message): void => open(subject.split(".")[1] ?? "");
  const heartbeats = follower.beyond ? bus.subscribe(allHeartbeatsSubject("*"), found) : undefined;
  await ended(clock, follower);
  heartbeats?.close();
  for (const client of clients.values()) client.close();
}

const subjectOf = (event: MonitorEvent): Pick<EventRecord, "instance" | "incarnation"> =>
  "who" in event ? { instance: event.who.instance, incarnation: event.who.incarnation } : {};

function ended(clock: Clock, { limitMs, until }: EventFollower): Promise<void> {
  return new Promise((resolve) => {
    if (limitMs !== undefined) clock.after(limitMs, resolve);
    until.addEventListener("abort", () => resolve());
    if (until.aborted) resolve();
  });
}
