// What is printed, line by line: `LEVEL:logger:message` for people. For machines it is one JSON object a line
// (json-lines.ts).

import { isPrinted, type LogLevel } from "../settings.ts";
import { withoutUserinfos } from "../util/printable.ts";

export interface LogEntry {
  readonly level: LogLevel;
  /** Who speaks; undefined: the program itself, printed without level, as the original did with ASK, GOT and BAD. */
  readonly logger?: string;
  readonly text: string;
  /** The name of the event that it tells of, for machines. */
  readonly event?: string;
  /** Which process the event is about, for machines: people read it in the words. */
  readonly about?: { readonly service: string; readonly instance: number; readonly incarnation: string } | undefined;
  /** The page or the request that it belongs to, for machines: what people read stays as short as it is. */
  readonly trace?: { readonly traceId: string; readonly requestId: string } | undefined;
}

/** Prints a line, or not, if its level is not asked for. */
export type Log = (line: LogEntry) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly render: (line: LogEntry) => string;
  /** Gets each line with its end. */
  readonly write: (text: string) => void;
}

export function createLog({ level, render, write }: LogOptions): Log {
  return (line) => {
    if (isPrinted(line.level, level)) write(render(withoutLogins(line)));
  };
}

/** Parts of a line may come from a library, or from a person who typed an address in the place of something else. */
function withoutLogins(line: LogEntry): LogEntry {
  const text = withoutUserinfos(line.text);
  return text === line.text ? line : { ...line, text };
}

export const textLine = (line: LogEntry): string => `${asText(line)}\n`;

export function asText({ level, logger, text }: LogEntry): string {
  const printable = text.replace(CONTROL_CHARACTERS, "?");
  return logger === undefined ? printable : `${level}:${logger}:${printable}`;
}

/** Parts of a line may come from the bus: whoever answers must not start lines of its own, nor steer the terminal. */
const CONTROL_CHARACTERS = /\p{Cc}/gu;
