// The lines of one Ratings instance: of its events, and of each request. Any client of the bus can cause them at any
// rate, so each kind has a limit, and what is left out is printed as a number.

import type { Clock } from "../clock.ts";
import type { Log } from "../program/log.ts";
import type { ShutdownHooks } from "../program/program.ts";
import type { HandlerResult } from "../service/core/handler.ts";
import type { Trace } from "../trace/core/trace.ts";
import { LogRateLimiter } from "../util/throttle.ts";
import { type InstanceLogEvent, type InstanceWindow, instanceLine, leftOutLine, REQUEST_LEVEL } from "./core/lines.ts";
import { requestLine } from "./core/ratings.ts";

/** A busy shop asks an instance some fifty times a second. More lines than these are for counters, not for readers. */
const REQUEST_LINES = { maxPerWindow: 100, windowMs: 1_000 } as const;
const LEFT_OUT_EVERY_MS = 1_000;

export interface Teller {
  readonly event: (event: InstanceLogEvent, trace?: Trace) => void;
  readonly request: (request: unknown, handled: HandlerResult, trace?: Trace) => void;
}

export function openTeller(
  speaker: InstanceWindow,
  { clock, say }: { readonly clock: Clock; readonly say: Log },
  closers: ShutdownHooks,
): Teller {
  const limits = { event: new LogRateLimiter(), request: new LogRateLimiter(REQUEST_LINES) };
  const sayLeftOut = (now: number): void => {
    for (const limit of Object.values(limits))
      for (const { kind, count } of limit.suppressed(now)) say(leftOutLine(speaker, kind, count));
  };
  const stop = clock.every(LEFT_OUT_EVERY_MS, () => sayLeftOut(clock.now()));
  closers.push(() => {
    stop();
    sayLeftOut(Number.POSITIVE_INFINITY);
  });
  return {
    event: (event, trace) => {
      if (limits.event.admit(event.kind, clock.now())) say({ ...instanceLine(speaker, event), trace });
    },
    request: (request, handled, trace) => {
      const kind = handled.kind === "answer" ? "GET answered" : "GET refused";
      if (!limits.request.admit(kind, clock.now())) return;
      say({ level: REQUEST_LEVEL, text: requestLine(request, handled), trace });
    },
  };
}
