// Tracing with the API of OpenTelemetry. Only this file uses it. Any tracer of that API works, and none is taken from the
// globals of the process, so two tracers can be used in one process.
//
// A parent span is passed as a value. The context of the API is read where a call is made without one, and set around the
// handler of a request. It works if the program has registered a context manager, as each SDK for Node does.

import {
  type Span as ApiSpan,
  type Context,
  context as contextApi,
  createTraceState,
  INVALID_TRACEID,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Attributes, Span, SpanSpec, Trace, TraceHeaders, Tracing } from "./core/trace.ts";
import { formatTraceparent, parseTraceparent } from "./core/traceparent.ts";

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Starts spans with `tracer`. Its sampler selects the traces, and receives the decision of the parent. */
export function tracingOf(tracer: Tracer): Tracing {
  return {
    serve: (part, carried, requestId) => new OpenSpan(tracer, startIn(tracer, part, parentOf(carried)), requestId),
    active: () => activeTrace(tracer, contextApi.active()),
    within: (span, act) => (span instanceof OpenSpan ? span.run(act) : act()),
  };
}

function activeTrace(tracer: Tracer, active: Context): Trace {
  const context = trace.getSpanContext(active);
  if (context === undefined || !isSpanContextValid(context)) return new RootTrace(tracer);
  const isSampled = (context.traceFlags & TraceFlags.SAMPLED) !== 0;
  return {
    ...{ traceId: context.traceId, requestId: context.traceId, carried: carriedOf(context) },
    startSpan: isSampled ? (part) => new OpenSpan(tracer, startIn(tracer, part, active)) : undefined,
  };
}

/** A trace that begins with its first span. A call that goes on to another instance has more than one. */
class RootTrace implements Trace {
  readonly #tracer: Tracer;
  #first: OpenSpan | undefined;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  get traceId(): string {
    return this.#first?.traceId ?? INVALID_TRACEID;
  }

  get requestId(): string {
    return this.traceId;
  }

  get carried(): TraceHeaders | undefined {
    return this.#first?.carried;
  }

  readonly startSpan = (part: SpanSpec): Span => {
    if (this.#first?.startSpan !== undefined) return this.#first.startSpan(part);
    const span = new OpenSpan(this.#tracer, startIn(this.#tracer, part, ROOT_CONTEXT));
    this.#first ??= span;
    return span;
  };
}

function startIn(tracer: Tracer, { name, kind, attributes = {}, links = [] }: SpanSpec, parent: Context): ApiSpan {
  const linked = links.flatMap((link) => contextOf(link.carried) ?? []).map((context) => ({ context }));
  return tracer.startSpan(name, { kind: KINDS[kind], attributes, links: linked }, parent);
}

class OpenSpan implements Span {
  readonly traceId: string;
  readonly requestId: string;
  readonly carried: TraceHeaders;
  readonly startSpan: Trace["startSpan"];
  readonly #span: ApiSpan;

  constructor(tracer: Tracer, span: ApiSpan, requestId?: string) {
    const context = span.spanContext();
    this.#span = span;
    this.traceId = context.traceId;
    this.requestId = requestId ?? context.traceId;
    this.carried = carriedOf(context);
    // Not sampled: every span below it would be discarded.
    if (span.isRecording()) {
      this.startSpan = (part) =>
        new OpenSpan(tracer, startIn(tracer, part, trace.setSpan(ROOT_CONTEXT, span)), this.requestId);
    }
  }

  run<T>(act: () => T): T {
    return contextApi.with(trace.setSpan(contextApi.active(), this.#span), act);
  }

  end(error?: string, attributes?: Attributes): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    }
    this.#span.end();
  }
}

function carriedOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  const tracestate = traceState?.serialize() ?? "";
  return { traceparent: formatTraceparent({ traceId, spanId, sampled }), ...(tracestate === "" ? {} : { tracestate }) };
}

function parentOf(carried: TraceHeaders | undefined): Context {
  const context = contextOf(carried);
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

function contextOf(carried: TraceHeaders | undefined): SpanContext | undefined {
  const parent = parseTraceparent(carried?.traceparent);
  if (parent === undefined) return undefined;
  const { traceId, spanId, sampled } = parent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const state = carried?.tracestate === undefined ? {} : { traceState: createTraceState(carried.tracestate) };
  return { traceId, spanId, traceFlags, isRemote: true, ...state };
}
