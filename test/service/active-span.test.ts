// The active span of OpenTelemetry goes in and out: a call is its child, and a handler runs within the span of its request.

import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, context, ROOT_CONTEXT, type Tracer, trace } from "@opentelemetry/api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Client } from "../../src/service/client.ts";
import { openClient } from "../../src/service/client.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { Tracing } from "../../src/trace/core/trace.ts";
import { tracingOf } from "../../src/trace/spans.ts";
import { ServiceScene } from "../support/service-scene.ts";
import { KeepingTracer, type KeptSpan } from "../support/spans.ts";

const active = suite("the active span");

/** As the SDKs for Node have it. */
class Manager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active = (): Context => this.#storage.getStore() ?? ROOT_CONTEXT;
  with = <A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    within: Context,
    act: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> => this.#storage.run(within, () => act.apply(self, args));
  bind = <T>(_: Context, target: T): T => target;
  enable = (): this => this;
  disable = (): this => this;
}

active.before(() => assert.ok(context.setGlobalContextManager(new Manager())));
active.after(() => context.disable());

/** A service whose handler calls a second one without passing anything; both are of one tracer. */
class Scene extends ServiceScene {
  readonly tracer: KeepingTracer;
  #next: Client | undefined;

  private constructor(tracer: KeepingTracer, tracing: Tracing | undefined) {
    super({
      client: { tracing },
      instance: { tracing },
      handle: (request): HandlerResult | Promise<HandlerResult> => {
        return request === "first" ? this.#ask() : answer(request);
      },
    });
    this.tracer = tracer;
    this.#next = openClient({ service: "tea", bus: this.network.bus(), clock: this.clock, tracing });
  }

  static async of(isTraced = true): Promise<Scene> {
    const tracer = new KeepingTracer();
    const tracing = isTraced ? tracingOf(tracer as unknown as Tracer) : undefined;
    return new Scene(tracer, tracing).start();
  }

  async #ask(): Promise<HandlerResult> {
    await Promise.resolve();
    const outcome = await this.#next?.ask("second");
    return answer(outcome?.kind);
  }

  /** Calls within a span of the tracer's. @returns that span */
  async callWithin(): Promise<KeptSpan> {
    const span = this.tracer.startSpan("page", {}, ROOT_CONTEXT);
    const asked = context.with(trace.setSpan(ROOT_CONTEXT, span), () => this.client.ask("first"));
    assert.is((await this.ended(asked)).kind, "ok");
    span.end();
    return this.tracer.named("page")[0] as KeptSpan;
  }
}

/** The spans as a chain from parent to child. */
function chainOf(spans: readonly KeptSpan[], first: KeptSpan): readonly string[] {
  const next = spans.filter(({ parentId }) => parentId === first.context.spanId);
  assert.ok(next.length < 2, "a chain has no branches");
  return [first.name, ...next.flatMap((one) => chainOf(spans, one))];
}

active("a call is its child, and a call of the handler is a child of the span of the request", async () => {
  const scene = await Scene.of();
  const page = await scene.callWithin();
  // Client and server of the first call, client and server of the second.
  assert.equal(chainOf(scene.tracer.spans, page), ["page", "tea/get", "tea/get", "tea/get", "tea/get"]);
  assert.equal(new Set(scene.tracer.spans.map(({ context: { traceId } }) => traceId)).size, 1, "one trace");
  assert.ok(scene.tracer.spans.every(({ isEnded }) => isEnded));
});

active("without an active span a call begins a trace, which goes on in the instance", async () => {
  const scene = await Scene.of();
  await scene.ask({}, {});
  const [client, server] = scene.tracer.spans;
  assert.equal(
    [client?.name, client?.parentId, server?.name, server?.parentId],
    ["tea/get", undefined, "tea/get", client?.context.spanId],
  );
});

active("a trace of the call's own takes precedence", async () => {
  const scene = await Scene.of();
  const own = tracingOf(scene.tracer as unknown as Tracer).serve({ name: "own", kind: "internal" }, undefined);
  const span = scene.tracer.startSpan("page", {}, ROOT_CONTEXT);
  await context.with(trace.setSpan(ROOT_CONTEXT, span), () => scene.ask({ trace: own }, {}));
  const [attempt] = scene.tracer.named("tea/get");
  assert.is(attempt?.parentId, scene.tracer.named("own")[0]?.context.spanId);
});

active("an active span that is not sampled is passed on, and adds no spans", async () => {
  const scene = await Scene.of();
  const unsampled = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 0 });
  await context.with(trace.setSpan(ROOT_CONTEXT, unsampled), () => scene.ask({}, {}));
  assert.equal(scene.tracer.spans, []);
});

active("without tracing, nothing is read", async () => {
  const scene = await Scene.of(false);
  const span = scene.tracer.startSpan("page", {}, ROOT_CONTEXT);
  await context.with(trace.setSpan(ROOT_CONTEXT, span), () => scene.ask({}, {}));
  assert.is(scene.tracer.spans.length, 1);
});

active("a tracing that misbehaves loses no call: the handler runs once, and its result goes out", async () => {
  const boom = (): never => {
    throw new Error("boom");
  };
  const real = tracingOf(new KeepingTracer() as unknown as Tracer);
  const twice = <T>(_: unknown, act: () => T): T => [act(), act()][1] as T;
  const after = <T>(_: unknown, act: () => T): T => [act(), boom()][0] as T;
  const never = (() => undefined) as unknown as NonNullable<Tracing["within"]>;
  for (const within of [boom, twice, after, never] as NonNullable<Tracing["within"]>[]) {
    let handled = 0;
    const tracing: Tracing = { serve: (...given) => real.serve(...given), active: boom, within };
    for (const fails of [false, true]) {
      handled = 0;
      const scene = await new ServiceScene({
        ...{ client: { tracing, report: () => undefined }, instance: { tracing } },
        handle: () => {
          handled += 1;
          if (fails) throw new Error("of the handler");
          return answer("done");
        },
      }).start();
      const outcome = await scene.ask({ idempotent: false });
      assert.is(outcome.kind === "ok" ? outcome.value : outcome.kind === "error" && outcome.code, fails ? 500 : "done");
      assert.is(handled, 1);
    }
  }
});

active.run();
