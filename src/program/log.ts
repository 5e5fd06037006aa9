// What is printed, line by line: `LEVEL:logger:message` for people, one JSON object a line for machines.

import { isoTime } from "../clock.ts";
import { isPrinted, type LogFormat, type LogLevel } from "../settings.ts";

export interface Line {
  readonly level: LogLevel;
  /** Who speaks; undefined: the program itself, printed without level, as the original did with ASK, GOT and BAD. */
  readonly logger?: string;
  readonly text: string;
  /** The name of the event that it tells of, for machines. */
  readonly event?: string;
}

/** Prints a line, or not, if its level is not asked for. */
export type Say = (line: Line) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly render: (line: Line) => string;
  /** Gets each line with its end. */
  readonly write: (text: string) => void;
}

export function createLog({ level, render, write }: LogOptions): Say {
  return (line) => {
    if (isPrinted(line.level, level)) write(render(line));
  };
}

/** @param wall epoch ms, for the JSON format */
export function rendering(format: LogFormat, wall: () => number): (line: Line) => string {
  return format === "json" ? (line) => `${asJson(line, wall())}\n` : (line) => `${asText(line)}\n`;
}

export function asText({ level, logger, text }: Line): string {
  const printable = text.replace(CONTROL_CHARACTERS, "?");
  return logger === undefined ? printable : `${level}:${logger}:${printable}`;
}

/** Parts of a line may come from the bus: whoever answers must not start lines of its own, nor steer the terminal. */
const CONTROL_CHARACTERS = /\p{Cc}/gu;

function asJson({ level, logger, text, event }: Line, wallMs: number): string {
  return JSON.stringify({
    time: isoTime(wallMs),
    level: level.toLowerCase(),
    logger: logger ?? "market",
    ...(event === undefined ? {} : { event }),
    message: text.replace(/^- /, ""),
  });
}
