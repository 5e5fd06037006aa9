// A line of the log: `LEVEL:logger:message` for people, or a JSON object for programs (jsonFormatter).

import { isoTime } from "../clock.ts";
import { isPrinted, type LogLevel } from "../settings.ts";
import { withoutUserinfos } from "../util/printable.ts";

export interface LogEntry {
  readonly level: LogLevel;
  /** Undefined: the program itself. Its lines have no level, like ASK, GOT and BAD in the original. */
  readonly logger?: string;
  readonly text: string;
  /** The published name of the event. Only JSON lines have it. */
  readonly event?: string;
  /** The process that the event is about. Only JSON lines have it, as the text names the process already. */
  readonly about?: { readonly service: string; readonly instance: number; readonly incarnation: string } | undefined;
  /** The page or the request of this line. Only JSON lines have it, so that lines for people stay short. */
  readonly trace?: { readonly traceId: string; readonly requestId: string } | undefined;
}

/** Prints a line, unless the log level excludes it. */
export type Log = (line: LogEntry) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly render: (line: LogEntry) => string;
  /** Receives each line with its newline. */
  readonly write: (text: string) => void;
}

export const createLog = ({ level, render, write }: LogOptions): Log =>
  filteredLog(level, (line) => write(render(line)));

/** Lines from `level` on, without passwords. */
export function filteredLog(level: LogLevel, take: (line: LogEntry) => void): Log {
  return (line) => {
    if (isPrinted(line.level, level)) take(withoutLogins(line));
  };
}

/** A part of a line may be an address with a password, from a library or from a user who typed one by mistake. */
function withoutLogins(line: LogEntry): LogEntry {
  const text = withoutUserinfos(line.text);
  return text === line.text ? line : { ...line, text };
}

export const textLine = (line: LogEntry): string => `${asText(line)}\n`;

export function asText({ level, logger, text }: LogEntry): string {
  const printable = text.replace(CONTROL_CHARACTERS, "?");
  return logger === undefined ? printable : `${level}:${logger}:${printable}`;
}

/** A part of a line may come from the bus. Its sender must not start lines of its own, nor control the terminal. */
const CONTROL_CHARACTERS = /\p{Cc}/gu;

// LOG_FORMAT=json: each line as one object, made by pino, in the fields that log collectors know. Pino only makes the
// text. The output is our own (output.ts). Pino's either blocks on a slow reader or, with `maxLength`, drops lines;
// ours also logs how many it dropped, and finishes writing at exit.

/** The process that logs. It is part of every line. */
export interface LogSource {
  readonly service: string;
  readonly instance?: number;
}

const METHODS = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error" } as const satisfies Record<
  LogLevel,
  string
>;
/** The levels as people read them in the other format. */
const SHOWN: Readonly<Record<string, string>> = { warn: "warning" };

/**
 * Loads pino here, so that programs without LOG_FORMAT=json do not load it: 3 MB on disk and 20 ms at the start.
 * @param wall epoch ms
 * @returns a line as text, with its end
 */
export async function jsonFormatter(source: LogSource, wall: () => number): Promise<(line: LogEntry) => string> {
  const { default: pino } = await import("pino");
  let made = "";
  const logger = pino(
    {
      level: "debug", // createLog has filtered by level already
      base: { ...source },
      messageKey: "message",
      timestamp: () => `,"time":"${isoTime(wall())}"`,
      formatters: { level: (label) => ({ level: SHOWN[label] ?? label }) },
    },
    {
      write: (text: string) => {
        made = text;
      },
    },
  );
  return (line) => {
    logger[METHODS[line.level]](fieldsOf(line, source), line.text.replace(/^- /, ""));
    return made;
  };
}

function fieldsOf({ logger, event, about, trace }: LogEntry, { service }: LogSource): object {
  return {
    logger: logger ?? service,
    ...(event === undefined ? {} : { event }),
    ...(about === undefined ? {} : { about: aboutOf(about) }),
    ...(trace === undefined ? {} : { trace_id: trace.traceId }),
    // Left out if it equals the trace id: most visitors send no id of their own.
    ...(trace === undefined || trace.requestId === trace.traceId ? {} : { request_id: trace.requestId }),
  };
}

/** Only these three fields of an instance are logged. */
function aboutOf({ service, instance, incarnation }: NonNullable<LogEntry["about"]>): object {
  return { service, instance, incarnation };
}
