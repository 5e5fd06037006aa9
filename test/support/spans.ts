// A tracer that records its spans, on OpenTelemetry's API: tests read them without an exporter.

import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
  trace,
} from "@opentelemetry/api";

export class KeptSpan {
  readonly name: string;
  readonly context: SpanContext;
  readonly parentId: string | undefined;
  readonly links: readonly Link[];
  readonly kind: number | undefined;
  readonly attributes: Attributes;
  isEnded = false;

  constructor(
    name: string,
    { kind, links = [], attributes = {} }: SpanOptions,
    context: SpanContext,
    parentId?: string,
  ) {
    this.name = name;
    this.kind = kind;
    this.links = links;
    this.attributes = { ...attributes };
    this.context = context;
    this.parentId = parentId;
  }
}

/** Samples every span that is not suppressed. */
export class KeepingTracer implements Pick<Tracer, "startSpan"> {
  readonly spans: KeptSpan[] = [];
  #count = 0;

  startSpan(name: string, options: SpanOptions = {}, parent?: Context): Span {
    const above = parent && trace.getSpanContext(parent);
    const number = (++this.#count).toString(16);
    const traceId = above?.traceId ?? number.padStart(32, "0");
    const traceFlags = above?.traceFlags ?? 1;
    const state = above?.traceState === undefined ? {} : { traceState: above.traceState };
    const kept = new KeptSpan(
      name,
      options,
      { traceId, spanId: number.padStart(16, "0"), traceFlags, ...state },
      above?.spanId,
    );
    if (traceFlags === 1) this.spans.push(kept);
    const span: Pick<Span, "spanContext" | "isRecording" | "setAttribute" | "setAttributes" | "setStatus" | "end"> = {
      spanContext: () => kept.context,
      isRecording: () => traceFlags === 1,
      setAttribute: (key, value) => {
        kept.attributes[key] = value;
        return span as Span;
      },
      setAttributes: (attributes) => {
        Object.assign(kept.attributes, attributes);
        return span as Span;
      },
      setStatus: () => span as Span,
      end: () => {
        if (kept.isEnded) throw new Error(`${name} ended twice`);
        kept.isEnded = true;
      },
    };
    return span as Span;
  }

  named(name: string): readonly KeptSpan[] {
    return this.spans.filter((span) => span.name === name);
  }
}
