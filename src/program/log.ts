// What is printed, line by line: `LEVEL:logger:message` for people, one JSON object a line for machines.

import { isoTime } from "../clock.ts";
import type { LogFormat, LogLevel } from "../settings.ts";

export interface Line {
  readonly level: LogLevel;
  /** Who speaks; undefined: the program itself, printed without level, as the original did with ASK, GOT and BAD. */
  readonly logger?: string;
  readonly text: string;
}

/** Prints a line, or not, if its level is not asked for. */
export type Say = (line: Line) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Epoch ms, for the JSON format. */
  readonly wall: () => number;
  readonly write: (text: string) => void;
}

const RANK: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

export function createLog({ level, format, wall, write }: LogOptions): Say {
  const render = format === "json" ? (line: Line) => asJson(line, wall()) : asText;
  return (line) => {
    if (RANK[line.level] >= RANK[level]) write(`${render(line)}\n`);
  };
}

export function asText({ level, logger, text }: Line): string {
  const printable = text.replace(CONTROL_CHARACTERS, "?");
  return logger === undefined ? printable : `${level}:${logger}:${printable}`;
}

/** Parts of a line may come from the bus: whoever answers must not start lines of its own, nor steer the terminal. */
const CONTROL_CHARACTERS = /\p{Cc}/gu;

function asJson({ level, logger, text }: Line, wallMs: number): string {
  return JSON.stringify({
    time: isoTime(wallMs),
    level: level.toLowerCase(),
    logger: logger ?? "market",
    message: text.replace(/^- /, ""),
  });
}
