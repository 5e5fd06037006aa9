// LOG_FORMAT=json: each line as one object, made by pino, in the fields that log collectors know. Pino only makes the
// text. The output is our own (line-writer.ts). Pino's either blocks on a slow reader or, with `maxLength`, drops lines;
// ours also logs how many it dropped, and finishes writing at exit.

import { isoTime } from "../clock.ts";
import type { LogLevel } from "../settings.ts";
import type { LogEntry } from "./log.ts";

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
      level: "debug", // what is not asked for does not come here
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
