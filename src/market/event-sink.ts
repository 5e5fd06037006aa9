// The sink of a client's events. Each event is counted. It is published once: as a line of the log and as an event of the
// stream that board and terminals follow, with the same text and under the same rate limit.

import type { Clock } from "../clock.ts";
import type { InstanceRef } from "../health/member.ts";
import { type EventName, eventName } from "../monitor/event-names.ts";
import type { EventRecord } from "../monitor/event-stream.ts";
import type { ServiceMonitor } from "../monitor/service-monitor.ts";
import type { Log, LogEntry } from "../program/log.ts";
import type { ShutdownHooks } from "../program/program.ts";
import type { ClientEvent } from "../service/client-options.ts";
import type { Settings } from "../settings.ts";
import type { Trace } from "../trace/core/trace.ts";
import { LogRateLimiter } from "../util/throttle.ts";
import { clientLine, disabledEvents } from "./core/lines.ts";

/** The interval at which the number of suppressed lines is logged. */
const SUPPRESSED_REPORT_MS = 1_000;

/** Events that any client on the bus can cause are rate-limited; the others are not. */
const RATE_LIMITED_EVENTS = new Set<ClientEvent["kind"]>([
  ...(["joined", "returned", "draining", "left", "lost", "duplicate", "table-full"] as const),
  ...(["unreadable-heartbeat", "newcomers-throttled", "heartbeats-interrupted", "invalid-response", "faults"] as const),
]);

interface EventSinkDeps {
  readonly settings: Pick<Settings, "logLevel">;
  readonly clock: Clock;
  readonly say: Log;
}

export function createEventSink(
  monitor: ServiceMonitor,
  { settings, clock, say }: EventSinkDeps,
  closers: ShutdownHooks,
): (event: ClientEvent, trace?: Trace) => void {
  const limit = new LogRateLimiter();
  const disabled = disabledEvents(settings.logLevel);
  const publish = (name: EventName, line: LogEntry, about?: InstanceRef, trace?: Trace): void => {
    say({ ...line, event: name, about, trace });
    const { level, text } = line;
    const record = { at: Math.round(clock.wall()), name, level, text: text.replace(/^- /, "") };
    monitor.stream.add(about === undefined ? record : { ...record, ...idsOf(about) });
  };
  const flushSuppressed = (): void => {
    for (const suppressed of limit.suppressed(clock.now())) {
      monitor.countEvent("events.suppressed");
      publish("events.suppressed", suppressedLine(suppressed));
    }
  };
  closers.push(clock.every(SUPPRESSED_REPORT_MS, flushSuppressed));
  return (event, trace) => {
    if (disabled.has(event.kind)) return;
    const name = eventName(event);
    if (name === undefined) return say({ ...clientLine(monitor.options.service, event), trace });
    const now = clock.now();
    monitor.recordEvent(event, now);
    if (RATE_LIMITED_EVENTS.has(event.kind) && !limit.admit(event.kind, now)) return;
    publish(name, clientLine(monitor.options.service, event), "who" in event ? event.who : undefined, trace);
  };
}

const idsOf = ({ instance, incarnation }: InstanceRef): Partial<EventRecord> => ({ instance, incarnation });

function suppressedLine({ kind, count }: { readonly kind: string; readonly count: number }): LogEntry {
  return { level: "WARNING", logger: "membership", text: `- and ${count} more lines of the kind "${kind}"` };
}
