// What a trace shows of a call, in the words of OpenTelemetry's conventions for remote calls: each attempt at an
// instance is a span of its caller's, and the handling one of the instance's, below it. Only where spans are sent.

import type { Ticket } from "../health/tracker.ts";
import type { Span, Trace, TraceHeaders, Tracing } from "../trace/core/trace.ts";
import { passThroughTrace } from "../trace/core/trace.ts";
import { incomingInBody } from "../trace/core/traceparent.ts";
import type { CallAttempt } from "./answer.ts";
import type { EncodedResult } from "./core/handler.ts";

const METHOD = "get";

/** @param isCopy a retest or a trial, which nobody waits for */
export function startAttemptSpan(trace: Trace | undefined, { who }: Ticket, isCopy: boolean): Span | undefined {
  return trace?.startSpan?.({
    name: `${who.service}/${METHOD}`,
    kind: "client",
    attributes: {
      ...rpc(who.service),
      "server.address": who.address,
      "dwc.instance": who.instance,
      "dwc.incarnation": who.incarnation,
      "dwc.copy": isCopy,
    },
  });
}

/** What of a trace travels: its two fields, if they are texts, and nothing else that a tracer may have put there. */
export function carriedBy({ carried }: Trace): TraceHeaders | undefined {
  if (carried === undefined) return undefined;
  const { traceparent, tracestate } = carried;
  if (typeof traceparent !== "string") return undefined;
  return typeof tracestate === "string" ? { traceparent, tracestate } : { traceparent };
}

/** An error of the service's own has its code; what is no answer is named as the metrics have it. */
export function endAttemptSpan(span: Span, { answer, result }: CallAttempt): void {
  if (answer.kind === "refused") span.end(String(answer.code));
  else span.end(result === "answered" ? undefined : result);
}

/** Where the request of a body belongs: continued where spans are sent, and else only known; undefined: to no trace. */
export function traceOfRequest(tracing: Tracing | undefined, service: string, request: unknown): Trace | undefined {
  const came = incomingInBody(request);
  if (tracing === undefined)
    return came === undefined ? undefined : passThroughTrace(came.traceId, came.traceId, came.carried);
  return tracing.serve({ name: `${service}/${METHOD}`, kind: "server", attributes: rpc(service) }, came?.carried);
}

/** @param trace one of traceOfRequest: its span, if it has one, ends with the answer */
export function endHandling(trace: Trace | undefined, encoded: EncodedResult): void {
  if (trace !== undefined && "end" in trace)
    (trace as Span).end(encoded.kind === "refusal" ? String(encoded.code) : undefined);
}

const rpc = (service: string): Record<string, string> => ({
  "rpc.system.name": "nats",
  "rpc.service": service,
  "rpc.method": METHOD,
});
