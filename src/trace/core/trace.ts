// Where in a trace something happens: what lines of the log carry, what goes along with a request, and how a part of it
// is timed. Who traces nothing has `begin` undefined, and pays one look at it. Only types: OpenTelemetry is in spans.ts.

/** What of a trace travels, as W3C Trace Context writes it. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

export interface Trace {
  /** 32 hexadecimal digits, the same from the page to the instance. */
  readonly traceId: string;
  /** What the visitor is told in `x-request-id`: the trace id, unless one was brought along. */
  readonly requestId: string;
  /** Undefined: nobody wants this trace, and nothing of it travels. */
  readonly carried: TraceHeaders | undefined;
  /** Begins a part of it; undefined: no spans are sent, here or for this trace. */
  readonly startSpan: ((spec: SpanSpec) => Span) | undefined;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanSpec {
  readonly name: string;
  readonly kind: "server" | "client" | "internal";
  readonly attributes?: Attributes;
  /** Spans that it has to do with, though none of them is above it. */
  readonly links?: readonly Trace[];
}

/** A part that has begun, and is to be ended. */
export interface Span extends Trace {
  /** @param error the kind of failure, in few words of few kinds; undefined: none */
  end(error?: string, attributes?: Attributes): void;
}

/** Sends spans to somewhere. Whoever serves requests and has none, traces nothing. */
export interface Tracing {
  /** The span of a request that came in: continues the trace that came with it, or else begins one. */
  serve(spec: SpanSpec, carried: TraceHeaders | undefined, requestId?: string): Span;
}

/** A trace that others began, or nobody wants: no spans of it are sent from here, and it is passed on as it came. */
export const passThroughTrace = (traceId: string, requestId: string, carried?: TraceHeaders): Trace => ({
  ...{ traceId, requestId, carried },
  startSpan: undefined,
});
