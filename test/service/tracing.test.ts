// A call's way through a trace: from its caller to the instance and back, on a bus in memory.

import { SpanKind, type Tracer } from "@opentelemetry/api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Headers } from "../../src/bus/core/headers.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import { passThroughTrace, type Trace, type Tracing } from "../../src/trace/core/trace.ts";
import { tracingOf } from "../../src/trace/spans.ts";
import { ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";
import { KeepingTracer, type KeptSpan } from "../support/spans.ts";

const test = suite("tracing a call");

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CARRIED = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: "a=1" };

interface Parts {
  readonly count?: number;
  readonly hedge?: boolean;
  readonly isTraced?: boolean;
  readonly handle?: (request: unknown, instance: number) => HandlerResult | Promise<HandlerResult>;
}

class Scene extends ServiceScene {
  readonly tracer: KeepingTracer;
  readonly tracing: Tracing;
  readonly kinds: (readonly [ClientEvent["kind"], string | undefined])[] = [];
  readonly handled: (readonly [headers: Headers, traceId: string | undefined])[] = [];

  /** @param options with `isTraced: false`, the instances send no spans */
  static of(options: Parts = {}): Promise<Scene> {
    return new Scene(options).start();
  }

  private constructor({ count = 1, hedge = false, isTraced = true, handle = () => answer({}) }: Parts) {
    const tracer = new KeepingTracer();
    const tracing = tracingOf(tracer as unknown as Tracer);
    super({
      count,
      handle: (request, instance, { headers, trace }) => {
        this.handled.push([headers, trace?.traceId]);
        return handle(request, instance);
      },
      ...(isTraced && { instance: { tracing } }),
      client: { hedge, onEvent: ({ kind }, trace) => this.kinds.push([kind, trace?.traceId]) },
    });
    this.tracer = tracer;
    this.tracing = tracing;
  }

  page(): Trace {
    return this.tracing.serve({ name: "page", kind: "server" }, CARRIED);
  }

  attempts(): readonly unknown[] {
    const attempts = this.tracer.named("tea/get").filter(({ kind }) => kind === SpanKind.CLIENT);
    return attempts.map(({ attributes, isEnded }) => [attributes["dwc.instance"], attributes["error.type"], isEnded]);
  }
}

test("page, attempt and handling are one above the other, in one trace, and all ended", async () => {
  const scene = await Scene.of();
  const page = scene.page();
  await scene.ask({ trace: page });
  const [above, attempt, handling] = scene.tracer.spans;
  assert.equal(
    [attempt, handling].map((span) => [span?.name, span?.kind, span?.parentId, span?.isEnded]),
    [
      ["tea/get", SpanKind.CLIENT, above?.context.spanId, true],
      ["tea/get", SpanKind.SERVER, attempt?.context.spanId, true],
    ],
  );
  assert.equal([...new Set(scene.tracer.spans.map(({ context }) => context.traceId))], [TRACE]);
  assert.equal([scene.handled[0]?.[1], handling?.context.traceState?.serialize()], [TRACE, "a=1"]);
});

test("a call without a trace carries no trace fields, and its events have none", async () => {
  const scene = await Scene.of({ isTraced: false });
  for (const trace of [undefined, passThroughTrace(TRACE, "r-1")]) await scene.ask({ trace });
  for (const [headers, traceId] of scene.handled) {
    assert.equal([...headers.keys()], ["dwc-timeout-ms", "dwc-sent-at-ms"]);
    assert.is(traceId, undefined);
  }
  assert.equal(
    scene.kinds.filter(([kind]) => kind === "using").map(([, id]) => id),
    [undefined, TRACE],
  );
});

test("a trace of others is passed on as it came, and known to the handler, where no spans are sent", async () => {
  const scene = await Scene.of({ isTraced: false });
  await scene.ask({ trace: passThroughTrace(TRACE, "r-1", CARRIED) });
  const [[headers, traceId] = []] = scene.handled;
  assert.equal([headers?.get("traceparent"), headers?.get("tracestate")], [CARRIED.traceparent, CARRIED.tracestate]);
  assert.is(traceId, TRACE);
  assert.is(scene.tracer.spans.length, 0);
});

test("each attempt is a span of its own, with its end", async () => {
  const scene = await Scene.of({ count: 2 });
  scene.buses[0]?.pause();
  await scene.ask({ trace: scene.page() });
  assert.equal(scene.attempts(), [[1, "timeout", true]]);
  assert.ok(
    scene.kinds.some(([kind, id]) => kind === "opened" && id === TRACE),
    "the event of the breaker has the trace of the call",
  );
  await scene.ask({ trace: scene.page() });
  assert.equal(scene.attempts().at(-1), [2, undefined, true]);
});

test("a copy says that it is one, and is a part of the page that it was sent beside", async () => {
  const mute = (_: unknown, instance: number): HandlerResult | Promise<HandlerResult> =>
    instance === 1 ? new Promise(() => undefined) : answer({});
  const scene = await Scene.of({ count: 2, handle: mute });
  const copies = (): readonly KeptSpan[] =>
    scene.tracer.spans.filter(({ attributes }) => attributes["dwc.copy"] === true);
  for (let asked = 0; asked < 20 && copies().length === 0; asked++) {
    await scene.ask({ trace: scene.page() });
    await scene.clock.advance(10_000);
  }
  const [copy] = copies();
  assert.equal([copy?.attributes["dwc.instance"], copy?.attributes["error.type"], copy?.isEnded], [1, "timeout", true]);
  const beside = scene.tracer.spans.filter(
    ({ parentId, kind }) => parentId === copy?.parentId && kind === SpanKind.CLIENT,
  );
  assert.equal(beside.map(({ attributes }) => attributes["dwc.copy"]).sort(), [false, true]);
});

test("of a hedged call both attempts are below the page", async () => {
  const scene = await Scene.of({ count: 2, hedge: true });
  scene.buses[0]?.pause();
  await scene.ask({ trace: scene.page() });
  await scene.clock.advance(2 * TIMEOUT_MS);
  assert.equal(scene.attempts(), [
    [1, "timeout", true],
    [2, undefined, true],
  ]);
  assert.ok(scene.kinds.some(([kind, id]) => kind === "hedging" && id === TRACE));
});

test("a refusal is an error with its code, on both sides, however the handler came to it", async () => {
  const handlers: readonly [string, () => HandlerResult | Promise<HandlerResult>][] = [
    ["404", () => refuse(404, "no such tea")],
    ["404", async () => refuse(404, "no such tea")],
    ["500", () => JSON.parse("{")],
    ["500", () => Promise.reject(new Error("spilt"))],
  ];
  for (const [code, handle] of handlers) {
    const scene = await Scene.of({ handle });
    await scene.ask({ trace: scene.page() });
    const [, attempt, handling] = scene.tracer.spans;
    assert.equal(
      [attempt, handling].map((span) => [span?.attributes["error.type"], span?.isEnded]),
      [
        [code, true],
        [code, true],
      ],
    );
  }
});

test("an instance that sends spans begins a trace where a request has no valid one", async () => {
  const scene = await Scene.of();
  const outsider = scene.network.bus();
  for (const traceparent of [undefined, "00-invalid", 7]) {
    void outsider.request("tea.get", JSON.stringify({ traceparent }), { timeoutMs: TIMEOUT_MS });
    await scene.clock.advance(1);
  }
  assert.equal(
    scene.tracer.spans.map(({ parentId, isEnded }) => [parentId, isEnded]),
    Array(3).fill([undefined, true]),
  );
});

test.run();
