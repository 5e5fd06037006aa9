// An event as a line for people and as one for programs.

import type { EventRecord } from "../../../monitor/event-stream.ts";
import { type Line, oneLine } from "../../core/outcome.ts";

/** As wide as most names are. */
const NAME_WIDTH = "instance.returned".length;

/**
 * @param time of day, as the terminal's owner has it
 * @param room where a line is to end: then the name gives way, as the words say the same
 */
export function eventLine({ name, level, text }: EventRecord, time: string, room = Number.POSITIVE_INFINITY): Line {
  const said = text.replace(/^- /, "");
  const whole = `${time}  ${name.padEnd(NAME_WIDTH)}  ${said}`;
  const line = whole.length > room ? `${time}  ${said}` : whole;
  return level === "WARNING" || level === "ERROR" ? { text: line, tone: "warning" } : line;
}

export const eventJson = ({ id, at, name, level, text, instance, incarnation }: EventRecord): string =>
  oneLine({
    ...{ type: "event", id, at, name, level, text },
    ...{ instance: instance ?? null, incarnation: incarnation ?? null },
  });
