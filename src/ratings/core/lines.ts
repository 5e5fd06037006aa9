// What the Ratings window shows, besides a line for each request. Events in, lines out.

import { shownAddress } from "../../bus/core/subjects.ts";
import { whyNeverStarted } from "../../bus/core/succession.ts";
import type { ProgramEvent } from "../../program/core/event-names.ts";
import type { LogEntry } from "../../program/log.ts";
import { faultText } from "../../service/core/fault-status.ts";
import type { InstanceEvent } from "../../service/instance-options.ts";
import type { LogLevel } from "../../settings.ts";
import { stackOf } from "../../util/errors.ts";
import { secondsText } from "../../util/format.ts";
import { shownUrl } from "../../util/printable.ts";

/** Whose window it is. */
export interface InstanceWindow {
  readonly instance: number;
  readonly pid: number;
  /** Where the bus is looked for, as the settings have it. */
  readonly natsUrls: readonly string[];
}

/** `leaving` and `left` are the program's own, around its goodbye. */
export type InstanceLogEvent = InstanceEvent | { readonly kind: "leaving" | "left" };

/** The level of the line of each request. */
export const REQUEST_LEVEL = "INFO";
/** A stack is read to here; the text of an error may hold what a caller sent. */
const LONGEST_STACK = 4_000;

const EVENTS = {
  waiting: "ratings.waiting",
  up: "ratings.up",
  resumed: "ratings.resumed",
  dropped: "ratings.dropped",
  failed: "ratings.failed",
  disconnected: "ratings.bus_disconnected",
  reconnected: "ratings.bus_reconnected",
  leaving: "ratings.leaving",
  left: "ratings.left",
  "takes faults": "ratings.takes_faults",
  "fault begins": "ratings.fault_begins",
  "fault ended": "ratings.fault_ended",
  killed: "ratings.killed",
} as const satisfies Readonly<Record<InstanceLogEvent["kind"], ProgramEvent>>;

const LEVELS: Partial<Record<InstanceLogEvent["kind"], LogLevel>> = {
  ...{ waiting: "WARNING", disconnected: "WARNING", failed: "ERROR" },
  // Also where only warnings are kept: who looks for a cause must not look for long.
  ...{ "takes faults": "WARNING", "fault begins": "WARNING", "fault ended": "WARNING", killed: "WARNING" },
};

export function instanceLine(speaker: InstanceWindow, event: InstanceLogEvent): LogEntry {
  return {
    level: LEVELS[event.kind] ?? "INFO",
    logger: "ratings",
    event: EVENTS[event.kind],
    text: `- instance ${speaker.instance} ${textOf(speaker, event)}`,
  };
}

/** Of lines that were not printed. */
export const leftOutLine = (speaker: InstanceWindow, kind: string, count: number): LogEntry => ({
  level: "WARNING",
  logger: "ratings",
  event: "ratings.lines_left_out",
  text: `- instance ${speaker.instance} printed no line for ${count} more of the kind "${kind}"`,
});

function textOf({ instance, pid, natsUrls }: InstanceWindow, event: InstanceLogEvent): string {
  const urls = natsUrls.map(shownUrl).join(", ");
  switch (event.kind) {
    case "waiting":
      return waitingText(natsUrls, event.trouble);
    case "up":
      return `is up: pid ${pid}, ${shownAddress(event.address)}`;
    case "resumed":
      return `resumed after a pause of ${secondsText(event.pausedMs)}`;
    case "dropped":
      return `dropped ${event.count} expired ${event.count === 1 ? "request" : "requests"}`;
    case "failed":
      return `failed on a request: ${stackOf(event.error).slice(0, LONGEST_STACK)}`;
    case "disconnected":
      return `lost the bus at ${urls}, and looks for it until it is back`;
    case "reconnected":
      return "is back on the bus";
    case "leaving":
      return "is leaving: it finishes what it has";
    case "left":
      return "has left";
    case "takes faults":
      return "takes faults from whoever may ask for them (CHAOS=1)";
    case "fault begins":
      return `begins a fault: ${faultText(event.fault)}, for ${secondsText(event.forMs)}`;
    case "fault ended":
      return `ended a fault: ${faultText(event.fault)} (${event.why})`;
    case "killed":
      return `is killed: start it again with  CHAOS=1 make startRatings INSTANCE=${instance}`;
  }
}

/** Only where nothing answers does it help to start a bus, and a Market does so at an address of its own machine alone. */
function waitingText(
  natsUrls: readonly string[],
  trouble: Extract<InstanceEvent, { kind: "waiting" }>["trouble"],
): string {
  const urls = natsUrls.map(shownUrl).join(", ");
  if (trouble !== undefined && trouble.kind !== "absent")
    return `waits for the bus at ${urls}, and tries again: ${trouble.message}`;
  return `waits for a bus at ${urls}${whyNeverStarted(natsUrls) === undefined ? ": start one with  make market" : ""}`;
}
