// Traces on OpenTelemetry's API, with a tracer that records its spans.

import { SpanKind, type Tracer } from "@opentelemetry/api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tracingOf } from "../../src/trace/spans.ts";
import { KeepingTracer } from "../support/spans.ts";

const test = suite("spans");

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PART = { name: "GET /", kind: "server" } as const;
const open = (): { tracer: KeepingTracer; tracing: ReturnType<typeof tracingOf> } => {
  const tracer = new KeepingTracer();
  return { tracer, tracing: tracingOf(tracer as unknown as Tracer) };
};

test("a request without a trace begins one, and its id is the request's", () => {
  const { tracer, tracing } = open();
  const span = tracing.serve(PART, undefined);
  const [kept] = tracer.spans;
  assert.equal([kept?.parentId, kept?.kind], [undefined, SpanKind.SERVER]);
  assert.is(span.requestId, span.traceId);
  assert.is(span.carried?.traceparent, `00-${span.traceId}-${kept?.context.spanId}-01`);
  assert.is(tracing.serve(PART, undefined, "r-1").requestId, "r-1");
});

test("one that came with a trace is a part of it, and passes on the state of others", () => {
  const { tracer, tracing } = open();
  const span = tracing.serve(PART, { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "congo=1" });
  assert.equal([tracer.spans[0]?.parentId, span.traceId], [SPAN, TRACE]);
  assert.is(span.carried?.tracestate, "congo=1");
});

test("parts are below the part that began them, and what they carry is their own", () => {
  const { tracer, tracing } = open();
  const page = tracing.serve(PART, undefined, "r-1");
  const other = tracing.serve(PART, undefined);
  const ask = page.startSpan?.({ name: "ask", kind: "internal", links: [other] });
  const attempt = ask?.startSpan?.({ name: "get", kind: "client" });
  const [first, second, third, fourth] = tracer.spans;
  assert.equal([third?.parentId, fourth?.parentId], [first?.context.spanId, third?.context.spanId]);
  assert.equal(
    third?.links.map(({ context }) => context.spanId),
    [second?.context.spanId],
  );
  assert.match(attempt?.carried?.traceparent ?? "", `${page.traceId}-${fourth?.context.spanId}`);
  assert.is(attempt?.requestId, "r-1");
});

test("an unsampled span has no parts, and its context says that it is not sampled", () => {
  const { tracer, tracing } = open();
  const span = tracing.serve(PART, { traceparent: `00-${TRACE}-${SPAN}-00` });
  assert.is(span.startSpan, undefined);
  assert.match(span.carried?.traceparent ?? "", /-00$/);
  assert.is(tracer.spans.length, 0);
});

test("a failure has its kind", () => {
  const { tracer, tracing } = open();
  tracing.serve(PART, undefined).end("timeout", { a: 1 });
  tracing.serve(PART, undefined).end();
  assert.equal(
    tracer.spans.map(({ attributes, isEnded }) => ({ ...attributes, isEnded })),
    [{ "error.type": "timeout", a: 1, isEnded: true }, { isEnded: true }],
  );
});

test.run();
