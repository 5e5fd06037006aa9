// The spans of a call, named by OpenTelemetry's conventions for remote calls. Each attempt is a client span of the caller.
// The handling in the instance is a server span below it. Both exist only where spans are exported.

import { type Headers, isHeaderValue } from "../bus/core/headers.ts";
import type { Result } from "../health/result.ts";
import type { Ticket } from "../health/ticket.ts";
import type { Span, Trace, TraceHeaders, Tracing } from "../trace/core/trace.ts";
import { passThroughTrace } from "../trace/core/trace.ts";
import { incoming } from "../trace/core/traceparent.ts";
import type { AttemptEnd } from "./attempt.ts";
import type { EncodedResult } from "./core/handler.ts";
import type { Guard } from "./guard.ts";

/** @param isCopy a retest or a newcomer probe: the caller does not wait for it */
export function startAttemptSpan(
  trace: Trace | undefined,
  operation: string,
  { who }: Ticket,
  isCopy: boolean,
): Span | undefined {
  return trace?.startSpan?.({
    name: `${who.service}/${operation}`,
    kind: "client",
    attributes: {
      ...rpc(who.service, operation),
      "server.address": who.address,
      "dwc.instance": who.instance,
      "dwc.incarnation": who.incarnation,
      "dwc.copy": isCopy,
    },
  });
}

/** The headers that travel: the two fields, if each is one line of text, and nothing else of a tracer's. */
export function carriedBy({ carried }: Trace): TraceHeaders | undefined {
  if (carried === undefined) return undefined;
  const { traceparent, tracestate } = carried;
  if (!isSendable(traceparent)) return undefined;
  return isSendable(tracestate) ? { traceparent, tracestate } : { traceparent };
}

const isSendable = (value: unknown): value is string => typeof value === "string" && isHeaderValue(value);

/**
 * The error of an attempt that got an error reply is its code. Any other failed attempt is named by its result, as in
 * the metrics.
 */
export function endAttemptSpan(span: Span, end: AttemptEnd, result: Result): void {
  const code = end.kind === "ok" ? undefined : end.code;
  if (code !== undefined) span.end(String(code));
  else span.end(result === "answered" ? undefined : result);
}

/** The trace of a request. Where spans are exported it is continued; elsewhere it is passed on. Undefined: it has none. */
export function traceOfRequest(
  tracing: Tracing | undefined,
  service: string,
  operation: string,
  headers: Headers,
): Trace | undefined {
  const traceparent = headers.get("traceparent");
  const given = traceparent === undefined ? undefined : incoming(traceparent, headers.get("tracestate"));
  if (tracing === undefined)
    return given === undefined ? undefined : passThroughTrace(given.traceId, given.traceId, given.carried);
  return tracing.serve(
    { name: `${service}/${operation}`, kind: "server", attributes: rpc(service, operation) },
    given?.carried,
  );
}

/** @param trace of traceOfRequest: if it is a span, the span ends with the answer */
export function endHandling(trace: Trace | undefined, encoded: EncodedResult): void {
  if (trace !== undefined && "end" in trace)
    (trace as Span).end(encoded.kind === "refusal" ? String(encoded.code) : undefined);
}

/**
 * Runs a handler within the span of its request: it is then the parent of the calls that the handler makes. A tracer is user
 * code: whatever it does, `act` runs once, and its result or error comes out.
 */
export function runWithin<T>(tracing: Tracing, span: Trace, guard: Guard, act: () => T): T {
  let ended: { readonly value: T } | { readonly error: unknown } | undefined;
  const once = (): void => {
    if (ended !== undefined) return;
    try {
      ended = { value: act() };
    } catch (error) {
      ended = { error };
    }
  };
  guard.run("tracing", () => tracing.within?.(span, once), undefined);
  once();
  return resultOf(ended);
}

function resultOf<T>(ended: { readonly value: T } | { readonly error: unknown } | undefined): T {
  if (ended !== undefined && "value" in ended) return ended.value;
  throw ended?.error;
}

const rpc = (service: string, operation: string): Record<string, string> => ({
  "rpc.system.name": "nats",
  "rpc.service": service,
  "rpc.method": operation,
});
