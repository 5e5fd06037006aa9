// The types of tracing: the ids for the log, the headers that go along with a request, and the spans. Without a tracer
// `startSpan` is undefined, and tracing costs one check of it. OpenTelemetry itself is in spans.ts.

/** The headers of W3C Trace Context. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The trace that a call or a request belongs to. */
export interface Trace {
  /** 32 hexadecimal digits, the same from the page to the instance. */
  readonly traceId: string;
  /** The value of `x-request-id` in the response: that of the request, or else the trace id. */
  readonly requestId: string;
  /** The headers for requests of this trace. Undefined: the trace is not passed on. */
  readonly carried: TraceHeaders | undefined;
  /** Starts a span. Undefined: no spans are exported, by this process or for this trace. */
  readonly startSpan: ((spec: SpanSpec) => Span) | undefined;
}

/** The attributes of a span, as OpenTelemetry has them. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span, before it starts. */
export interface SpanSpec {
  readonly name: string;
  readonly kind: "server" | "client" | "internal";
  readonly attributes?: Attributes;
  /** Related spans that are not its parents. */
  readonly links?: readonly Trace[];
}

/** A started span. It must be ended. */
export interface Span extends Trace {
  /** @param error the kind of failure, one of few; undefined: none */
  end(error?: string, attributes?: Attributes): void;
}

/** Exports spans. A server without one has no tracing. */
export interface Tracing {
  /** Starts the span of an incoming request. It continues the trace of the request, or else starts a new one. */
  serve(spec: SpanSpec, carried: TraceHeaders | undefined, requestId?: string): Span;
  /**
   * The trace of the code that runs now: spans that it starts are children of the active span. Without an active span the
   * first one begins a trace, and later ones are its children. Undefined: there is none.
   */
  active?(): Trace | undefined;
  /** Runs `act` once, at once, with `span` as the active span of what it does, also later. @returns what `act` returns */
  within?<T>(span: Trace, act: () => T): T;
}

/** A trace without spans of this process. Its headers, if any, are passed on unchanged. */
export const passThroughTrace = (traceId: string, requestId: string, carried?: TraceHeaders): Trace => ({
  ...{ traceId, requestId, carried },
  startSpan: undefined,
});
