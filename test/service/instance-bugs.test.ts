// Answers of a handler, and bugs in the code that an instance is given: neither takes it out of a caller's rotation.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answer, type Handler, refuse } from "../../src/service/core/handler.ts";
import type { InstanceEvent, InstanceOptions } from "../../src/service/instance-options.ts";
import type { Span, Tracing } from "../../src/trace/core/trace.ts";
import { goldenOf } from "../support/golden.ts";
import { answeredBy, ServiceScene } from "../support/service-scene.ts";

const test = suite("an instance and its user's code");
const golden = goldenOf(test, "service");

const boom = (): never => {
  throw new Error("boom");
};

const sceneWith = (handle: Handler, instance: Partial<InstanceOptions> = {}): Promise<ServiceScene> =>
  new ServiceScene({ count: 2, handle: (request, _, context) => handle(request, context), instance }).start();

const replyOf = (scene: ServiceScene): Promise<Reply> =>
  scene.ended(scene.caller.request("tea.get.1-a", "{}", { timeoutMs: 1_000 }));

const countOf = (scene: ServiceScene, ...kinds: readonly ClientEvent["kind"][]): number =>
  kinds.reduce((sum, kind) => sum + scene.countEvents(kind), 0);

/** What a handler may give as its code, and what goes out. */
const CODES: readonly (readonly [given: unknown, sent: number])[] = [
  [503, 500],
  [504, 500],
  ["503", 500],
  [" 504 ", 500],
  [503n, 500],
  [{ valueOf: () => 503 }, 500],
  [529, 529],
  [404, 404],
  [999, 999],
  [Number.NaN, 500],
  [undefined, 500],
  [Symbol("503"), 500],
  [503.5, 500],
  [-503, 500],
  [99, 500],
  [5_030, 500],
  ["503\r\nNats-Service-Error-Code: 503", 500],
];

test("no code of a handler's goes out as one by which an instance says that it leaves", async () => {
  for (const [given, sent] of CODES) {
    for (const handle of [
      () => refuse(given as number, "goodbye"),
      async () => ({ kind: "refusal", code: given, message: "goodbye" }) as never,
    ]) {
      const reply = await replyOf(await sceneWith(handle));
      assert.is(reply.kind === "service-error" && reply.code, sent, String(given));
    }
  }
});

test("whatever a handler says to one request, everybody keeps their turns", async () => {
  let [code, handled] = [200, 0];
  const scene = await sceneWith(() => {
    handled += 1;
    return code === 200 ? answer({ tea: "green" }) : refuse(code, "overloaded");
  });
  for (code of [503, 504, 500]) assert.is(answeredBy(await scene.ask()), "500");
  assert.is(handled, 3, "each call was one instance's");
  code = 529;
  assert.is(answeredBy(await scene.ask()), "overloaded");
  assert.is(handled, 5, "an instance that is overloaded has not begun the call, so each was called");
  code = 200;
  const who = new Set<number>();
  for (let call = 0; call < 4; call++) {
    const said = await scene.ask();
    if (said.kind === "ok") who.add(said.instance.instance);
  }
  assert.equal([...who].sort(), [1, 2]);
  assert.is(countOf(scene, "draining", "opened", "returned"), 0);
});

test("listeners, tracers and chance that throw keep no request unanswered, and no heartbeat back", async () => {
  const span: Span = { traceId: "1", requestId: "1", carried: undefined, startSpan: boom, end: boom };
  const tracings: readonly Tracing[] = [{ serve: boom }, { serve: () => span }];
  for (const tracing of tracings) {
    for (const handle of [() => answer({ tea: "green" }), boom, async () => boom()] satisfies Handler[]) {
      const broken = { onEvent: async () => boom(), random: boom, tracing, heartbeatIntervalMs: 2_000 };
      const scene = await sceneWith(handle, broken);
      const reply = await replyOf(scene);
      assert.ok(reply.kind === "answered" || (reply.kind === "service-error" && reply.code === 500), reply.kind);
      await scene.clock.advance(20_000);
      assert.is(scene.client.tracker.live(scene.clock.now()).length, 2, "they beat on");
      golden(scene.reports.join("\n"));
    }
  }
});

test("an answer that is too large for the bus is an error to its caller, and no fault of the instance", async () => {
  const scene = await sceneWith(() => answer({ tea: "x".repeat(2_000) }));
  scene.network.maxBodyBytes = 1_000;
  for (let call = 0; call < 4; call++) {
    const said = await scene.ask();
    golden(said.kind === "error" && [said.code, said.message]);
  }
  assert.is(countOf(scene, "draining", "opened"), 0);
  for (const { counts } of scene.instances) golden([counts.requests, counts.errors, counts.lastError]);
});

test("the error of a handler is reported, once a minute for each operation, unless a listener receives it", async () => {
  const operations = { brew: boom, pour: async () => boom(), sip: () => answer(1n) };
  const fails = async (more: Partial<InstanceOptions>): Promise<readonly string[]> => {
    const scene = await new ServiceScene({ instance: { operations, onEvent: undefined, ...more } }).start();
    for (const operation of ["brew", "pour", "sip", "brew"]) {
      const outcome = await scene.ask({ operation });
      assert.is(outcome.kind === "error" && outcome.code, 500);
    }
    return scene.reports;
  };
  golden((await fails({})).join("\n"));
  const events: InstanceEvent[] = [];
  const reports = await fails({ onEvent: (event) => void (event.kind === "failed" && events.push(event)) });
  assert.equal(reports, []);
  assert.equal(
    events.map((event) => event.kind === "failed" && event.operation),
    ["brew", "pour", "sip", "brew"],
  );
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (...given: unknown[]) => void printed.push(...given);
  try {
    await fails({ report: undefined });
  } finally {
    console.error = error;
  }
  assert.is(printed.length, 3);
  assert.match(String(printed[0]), "the handler of brew of instance 1 of tea failed");
});

test.run();
