// An event as a line of text, and as a line of JSON.

import type { EventRecord } from "../../../monitor/event-stream.ts";
import { type Line, oneLine } from "../../core/outcome.ts";

/** As wide as most names are. */
const NAME_WIDTH = "instance.returned".length;

/**
 * @param time the local time of day
 * @param room the maximal width: a longer line omits the name, as the text says the same
 */
export function eventLine({ name, level, text }: EventRecord, time: string, room = Number.POSITIVE_INFINITY): Line {
  const message = text.replace(/^- /, "");
  const whole = `${time}  ${name.padEnd(NAME_WIDTH)}  ${message}`;
  const line = whole.length > room ? `${time}  ${message}` : whole;
  return level === "WARNING" || level === "ERROR" ? { text: line, tone: "warning" } : line;
}

export const eventJson = ({ id, at, name, level, text, instance, incarnation }: EventRecord): string =>
  oneLine({
    ...{ type: "event", id, at, name, level, text },
    ...{ instance: instance ?? null, incarnation: incarnation ?? null },
  });
