// The sink of a client's events. It counts each event, and publishes it once: as a line of the log and as an event of
// the stream that board and terminals follow, with the same text and under the same rate limit.

import { isState } from "../../activity/core/activity.ts";
import type { Clock } from "../../clock.ts";
import type { ClientEvent, InstanceRef, Trace } from "../../connect/index.ts";
import type { EventRecord } from "../../monitor/event-stream.ts";
import { type EventName, eventLine, eventRow, type MonitorEvent } from "../../monitor/events.ts";
import type { ServiceMonitor } from "../../monitor/monitor.ts";
import { isOfShoppers } from "../../monitor/traffic.ts";
import type { Log } from "../../program/log.ts";
import type { ShutdownHooks } from "../../program/program.ts";
import { isPrinted, type Settings } from "../../settings.ts";
import { LogRateLimiter } from "../../util/throttle.ts";
import type { MarketActivity } from "../activity.ts";

/** The interval at which the numbers of suppressed events are published, and clocks compared. */
const REPORT_INTERVAL_MS = 1_000;

interface EventSinkDeps {
  readonly settings: Pick<Settings, "logLevel">;
  readonly clock: Clock;
  readonly say: Log;
  /** Undefined: no program of ours has started this Market. */
  readonly activity?: Pick<MarketActivity, "onStep" | "onState"> | undefined;
}

export function createEventSink(
  monitor: ServiceMonitor,
  { settings, clock, say, activity }: EventSinkDeps,
  closers: ShutdownHooks,
): (event: ClientEvent, trace?: Trace) => void {
  const limit = new LogRateLimiter();
  monitor.keepTime(clock.now(), clock.wall());
  const { service } = monitor.options;
  const publish = (name: EventName, event: MonitorEvent, trace?: Trace): void => {
    const line = eventLine(service, event);
    const about = "who" in event ? event.who : undefined;
    say({ ...line, event: name, about, trace });
    if (event.kind !== "suppressed" && isState(event)) activity?.onState(event, trace);
    const { level, text } = line;
    const record = { at: Math.round(clock.wall()), name, level, text: text.replace(/^- /, "") };
    monitor.stream.add(about === undefined ? record : { ...record, ...idsOf(about) });
  };
  const everySecond = (): void => {
    monitor.keepTime(clock.now(), clock.wall());
    for (const { kind, count } of limit.suppressed(clock.now())) {
      const event = { kind: "suppressed", name: kind, count } as const;
      monitor.recordEvent(event, clock.now());
      publish("events.suppressed", event);
    }
  };
  closers.push(clock.every(REPORT_INTERVAL_MS, everySecond));
  return (event, trace) => {
    const row = eventRow(event);
    if (row.name === undefined) {
      activity?.onStep(event, trace);
      // Each call has these steps: at a level that is not printed, and for a page of shoppers, no line is made.
      if (isPrinted(row.level, settings.logLevel) && !isOfShoppers(trace)) say({ ...eventLine(service, event), trace });
      return;
    }
    const now = clock.now();
    monitor.recordEvent(event, now);
    if (row.isRateLimited && !limit.admit(row.name, now)) return;
    publish(row.name, event, trace);
  };
}

const idsOf = ({ instance, incarnation }: InstanceRef): Partial<EventRecord> => ({ instance, incarnation });
