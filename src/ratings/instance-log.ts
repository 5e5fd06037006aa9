// Log of one Ratings instance: its events, and each request. Any client of the bus can cause lines at any rate. So each
// kind has a rate limit, and the number of suppressed lines is logged.

import type { Clock } from "../clock.ts";
import type { Trace } from "../connect/index.ts";
import type { Log } from "../program/log.ts";
import type { ShutdownHooks } from "../program/program.ts";
import { LogRateLimiter } from "../util/throttle.ts";
import {
  type InstanceLogEvent,
  type InstanceWindow,
  instanceLine,
  REQUEST_LEVEL,
  suppressedLine,
} from "./core/lines.ts";
import { type RequestEnd, requestLine } from "./core/ratings.ts";

/** A busy shop calls an instance some fifty times a second. Beyond this limit counters serve better than lines. */
const REQUEST_LINES = { maxPerWindow: 100, windowMs: 1_000 } as const;
const SUPPRESSED_EVERY_MS = 1_000;

export interface InstanceLog {
  readonly event: (event: InstanceLogEvent, trace?: Trace) => void;
  readonly request: (request: unknown, end: RequestEnd, trace?: Trace) => void;
}

export function openInstanceLog(
  speaker: InstanceWindow,
  { clock, say }: { readonly clock: Clock; readonly say: Log },
  closers: ShutdownHooks,
): InstanceLog {
  const limits = { event: new LogRateLimiter(), request: new LogRateLimiter(REQUEST_LINES) };
  const logSuppressed = (now: number): void => {
    for (const limit of Object.values(limits))
      for (const { kind, count } of limit.suppressed(now)) say(suppressedLine(speaker, kind, count));
  };
  const stop = clock.every(SUPPRESSED_EVERY_MS, () => logSuppressed(clock.now()));
  closers.push(() => {
    stop();
    logSuppressed(Number.POSITIVE_INFINITY);
  });
  return {
    event: (event, trace) => {
      if (limits.event.admit(event.kind, clock.now())) say({ ...instanceLine(speaker, event), trace });
    },
    request: (request, end, trace) => {
      const kind = end.kind === "answer" ? "GET answered" : "GET refused";
      if (!limits.request.admit(kind, clock.now())) return;
      say({ level: REQUEST_LEVEL, text: requestLine(request, end), trace });
    },
  };
}
