// The spans of a call: their names, what travels of them, and how they end.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NO_HEADERS } from "../../src/bus/core/headers.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import * as spans from "../../src/service/call-span.ts";
import { answer, encode, refuse } from "../../src/service/core/handler.ts";
import { Guard } from "../../src/service/guard.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { passThroughTrace, type Span, type SpanSpec, type Trace, type Tracing } from "../../src/trace/core/trace.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("spans of a call");

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const RPC = { "rpc.system.name": "nats", "rpc.service": "tea", "rpc.method": "get" };

class Ended implements Span {
  readonly ends: (string | undefined)[] = [];
  readonly traceId = TRACE;
  readonly requestId = TRACE;
  readonly carried = undefined;
  readonly startSpan = undefined;

  end(error?: string): void {
    this.ends.push(error);
  }
}

test("an attempt is a client span with the names of the conventions, the instance, and whether it is a copy", () => {
  const started: SpanSpec[] = [];
  const span = new Ended();
  const startSpan = (spec: SpanSpec): Span => {
    started.push(spec);
    return span;
  };
  const ticket = { who: beatOf(2, { service: "tea" }) } as unknown as Ticket;
  for (const isCopy of [false, true])
    assert.is(spans.startAttemptSpan({ ...passThroughTrace(TRACE, TRACE), startSpan }, "get", ticket, isCopy), span);
  const attributes = { ...RPC, "server.address": "ratings.get.2-a", "dwc.instance": 2, "dwc.incarnation": "2-a" };
  assert.equal(
    started,
    [false, true].map((isCopy) => ({
      ...{ name: "tea/get", kind: "client" },
      attributes: { ...attributes, "dwc.copy": isCopy },
    })),
  );
  assert.is(spans.startAttemptSpan(passThroughTrace(TRACE, TRACE), "get", ticket, false), undefined);
  assert.is(spans.startAttemptSpan(undefined, "get", ticket, false), undefined);
});

test("of a trace its two fields travel, if they are one line of text, and nothing else", () => {
  const carriedOf = (carried: unknown): unknown => spans.carriedBy({ carried } as Trace);
  assert.is(carriedOf(undefined), undefined);
  assert.equal(carriedOf({ traceparent: PARENT, tracestate: "a=1", more: 1 }), {
    ...{ traceparent: PARENT, tracestate: "a=1" },
  });
  for (const tracestate of [undefined, 7, "a\r\nb", ["a"]])
    assert.equal(carriedOf({ traceparent: PARENT, tracestate }), { traceparent: PARENT }, String(tracestate));
  for (const traceparent of [undefined, 7, "a\r\nb", [PARENT]])
    assert.is(carriedOf({ traceparent, tracestate: "a=1" }), undefined, String(traceparent));
});

test("an attempt ends without an error, with the code of its error, or with its result", () => {
  const endOf = (...given: [end: object, result: string]): string | undefined => {
    const span = new Ended();
    spans.endAttemptSpan(span, given[0] as never, given[1] as never);
    assert.is(span.ends.length, 1);
    return span.ends[0];
  };
  assert.is(endOf({ kind: "ok", value: { code: 7 }, code: 7 }, "answered"), undefined, "a value may have any field");
  assert.is(endOf({ kind: "error", code: 410 }, "answered"), "410");
  assert.is(endOf({ kind: "none", code: 529 }, "overloaded"), "529");
  assert.is(endOf({ kind: "none" }, "timeout"), "timeout");
});

test("a request without spans here has the trace that it came with, or none", () => {
  const traceOf = (...fields: readonly (readonly [string, string])[]): Trace | undefined =>
    spans.traceOfRequest(undefined, "tea", "get", new Map(fields));
  assert.is(spans.traceOfRequest(undefined, "tea", "get", NO_HEADERS), undefined);
  assert.is(traceOf(["traceparent", "no trace"]), undefined);
  assert.is(traceOf(["tracestate", "a=1"]), undefined);
  const passed = traceOf(["traceparent", PARENT], ["tracestate", "a=1"]);
  assert.equal([passed?.traceId, passed?.requestId], [TRACE, TRACE]);
  assert.equal(passed?.carried, { traceparent: PARENT, tracestate: "a=1" });
});

test("where spans are sent, each request has a server span, with or without a trace of its caller", () => {
  const served: unknown[] = [];
  const span = new Ended();
  const tracing: Tracing = {
    serve: (spec, carried) => {
      served.push([spec, carried]);
      return span;
    },
  };
  for (const headers of [NO_HEADERS, new Map([["traceparent", PARENT]])])
    assert.is(spans.traceOfRequest(tracing, "tea", "get", headers), span);
  const spec = { name: "tea/get", kind: "server", attributes: RPC };
  assert.equal(served, [
    [spec, undefined],
    [spec, { traceparent: PARENT }],
  ]);
});

test("the span of a request ends with its answer, and a trace that is no span ends nothing", () => {
  const span = new Ended();
  spans.endHandling(span, encode(answer({})));
  spans.endHandling(span, encode(refuse(410, "no")));
  assert.equal(span.ends, [undefined, "410"]);
  spans.endHandling(undefined, encode(answer({})));
  spans.endHandling(passThroughTrace(TRACE, TRACE), encode(answer({})));
});

test("within a span a handler runs once, and its result or its error comes out, whatever the tracer does", () => {
  const boom = new Error("boom");
  const withins: readonly (Tracing["within"] | undefined)[] = [
    undefined,
    (_, act) => act(),
    (_, act) => [act(), act()][1] as never,
    () => undefined as never,
    (_, act) => {
      act();
      throw new Error("a bug of the tracer");
    },
    () => {
      throw new Error("a bug of the tracer");
    },
  ];
  for (const [place, within] of withins.entries()) {
    const reports: string[] = [];
    const guard = new Guard("tea", (sentence) => reports.push(sentence), new FakeClock());
    const tracing = { serve: () => new Ended(), ...(within && { within }) };
    let runs = 0;
    const run = (act: () => unknown): unknown =>
      spans.runWithin(tracing, new Ended(), guard, () => {
        runs += 1;
        return act();
      });
    assert.is(
      run(() => 7),
      7,
      `tracer ${place}`,
    );
    assert.is(
      run(() => undefined),
      undefined,
      `tracer ${place}`,
    );
    assert.throws(
      () =>
        run(() => {
          throw boom;
        }),
      (error: unknown) => error === boom,
    );
    assert.is(runs, 3, `tracer ${place}`);
    assert.equal(reports.length, place < 4 ? 0 : 1, `tracer ${place}`);
    for (const report of reports) assert.match(report, /^tracing of tea failed/);
  }
});

test.run();
