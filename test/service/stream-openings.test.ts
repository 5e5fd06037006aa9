// The opening of a stream: it finds its instance as a call does, and never twice where it may have begun.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOptions } from "../../src/service/client-streams.ts";
import { type HandlerResult, refuse, streamOf } from "../../src/service/core/handler.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import { drainingBus } from "../support/draining-bus.ts";
import { endOf, type SceneOptions, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("openings of streams");

type Items = AsyncGenerator<unknown, unknown>;

class Scene extends ServiceScene {
  /** The instances whose handler was called, in order. */
  readonly handled: number[] = [];

  /** The first instance behaves as `first`, the second streams its number. */
  static async of(
    first: () => Items | HandlerResult | Promise<HandlerResult>,
    more: SceneOptions = {},
  ): Promise<Scene> {
    const scene: Scene = new Scene({
      count: 2,
      handle: (_request, instance) => {
        scene.handled.push(instance);
        if (instance === 2) return streamOf(one(2));
        const result = first();
        return Symbol.asyncIterator in result ? streamOf(result) : result;
      },
      ...more,
    });
    return scene.start();
  }

  open(options: StreamOptions = {}): Promise<Outcome<ItemStream>> {
    return this.ended(this.client.stream({}, options));
  }
}

async function* one(item: unknown) {
  yield item;
}

async function* returning(result: HandlerResult) {
  yield* [];
  return result;
}

async function* throwing() {
  yield* [];
  throw new Error("broken");
}

const never = (): Promise<never> => new Promise(() => undefined);

/** The instance of a stream that was opened, or how the opening has ended. */
const openedBy = (outcome: Outcome<ItemStream>): number | string =>
  outcome.kind === "ok" ? outcome.value.instance.instance : endOf(outcome);

test("streams are spread over the instances as calls are", async () => {
  const scene = await Scene.of(() => one(1));
  const by = [await scene.open(), await scene.open(), await scene.open(), await scene.open()].map(openedBy);
  assert.equal(by, [1, 2, 1, 2]);
});

test("a dead instance is passed over, also for a stream that must not open twice", async () => {
  const scene = await Scene.of(() => one(1));
  scene.buses[0]?.disconnect();
  const outcome = await scene.open({ idempotent: false });
  assert.equal([openedBy(outcome), outcome.kind === "ok" && outcome.attempts], [2, 2]);
});

test("an instance that lacks the operation, or is leaving, is passed over", async () => {
  const leaving = await Scene.of(() => refuse(529, "sent as 503 by the bus"), {
    busOf: (bus) => drainingBus(bus),
  });
  assert.is(openedBy(await leaving.open({ idempotent: false })), 2);
  assert.equal(leaving.handled, [1, 2]);
});

test("an error before the first item is the outcome, however soon the handler has returned its items", async () => {
  for (const [first, expected] of [
    [() => refuse(404, "no such list"), "404"],
    [() => returning(refuse(404, "no such list")), "404"],
    [() => throwing(), "500"],
    [() => never(), "timeout"],
  ] as const) {
    const scene = await Scene.of(first);
    assert.is(openedBy(await scene.open()), expected);
    assert.equal(scene.handled, [1], "an error is an answer, and after a timeout the time is over");
  }
});

test("an instance that leaves before the first item: only an idempotent stream goes on", async () => {
  for (const [idempotent, expected] of [
    [true, 2],
    [false, "draining"],
  ] as const) {
    const scene = await Scene.of(() => never(), { client: { rules: { requestTimeoutMs: 10 * TIMEOUT_MS } } });
    const opening = scene.client.stream({}, { idempotent });
    await scene.clock.advance(10);
    void scene.instance.goodbye(100);
    assert.is(openedBy(await scene.ended(opening)), expected);
  }
});

test("an instance that hangs before the first reply is judged as after any call", async () => {
  const scene = await Scene.of(() => never());
  await scene.open();
  assert.equal(
    scene.ends.map((end) => (end.kind === "attempt" ? end.result : end.kind)),
    ["timeout"],
  );
  assert.is(scene.countEvents("opened"), 1);
});

test("a stream that has begun counts as an answer, and its failure is not that of the instance", async () => {
  const scene = await Scene.of(() => never(), { count: 1 });
  const broken = await Scene.of(() =>
    (async function* () {
      yield 1;
      throw new Error("broken");
    })(),
  );
  const outcome = await broken.open();
  assert.equal(
    broken.ends.map((end) => end.kind === "attempt" && end.result),
    ["answered"],
  );
  assert.ok(outcome.kind === "ok" && (await broken.ended(outcome.value.next())).value === 1);
  assert.is(scene.countEvents("opened"), 0);
});

test("a stream is never copied or hedged: each of its requests would open one", async () => {
  let slow = true;
  const scene = await Scene.of(() => (slow ? never() : one(1)), {
    client: { hedge: true, rules: { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: TIMEOUT_MS } },
  });
  // A heartbeat would close the breaker. Without one a retest is due.
  scene.network.loses = (subject) => subject === "health.tea.1-a";
  assert.is(openedBy(await scene.open()), "timeout");
  assert.equal(scene.handled, [1], "it was not hedged");
  slow = false;
  await scene.clock.advance(3 * TIMEOUT_MS);
  for (let count = 1; count <= 3; count += 1) {
    assert.is(openedBy(await scene.open()), 2);
    assert.is(scene.handled.length, 1 + count, "a retest went along");
  }
  await scene.ended(scene.client.ask({}));
  assert.equal(scene.handled.slice(-2).sort(), [1, 2], "a retest was due: it goes along with a call");
});

test("a stream that opens when its caller has given up is cancelled, and its instance is judged all the same", async () => {
  let closed = 0;
  const slowly = async (): Promise<HandlerResult> => {
    await new Promise<void>((resolve) => scene.clock.after(300, resolve));
    return streamOf(
      (async function* () {
        try {
          for (;;) yield 1;
        } finally {
          closed += 1;
        }
      })(),
    );
  };
  const scene: Scene = await Scene.of(slowly);
  const giveUp = new AbortController();
  const opening = scene.client.stream({}, { signal: giveUp.signal });
  await scene.clock.advance(10);
  giveUp.abort();
  assert.is(openedBy(await scene.ended(opening)), "cancelled");
  await scene.clock.advance(2 * TIMEOUT_MS);
  assert.equal([closed, scene.bus.pending], [1, 0]);
  assert.equal(
    scene.ends.map((end) => end.kind === "attempt" && end.result),
    ["answered"],
  );
});

test("a client that is closed while a stream opens has none", async () => {
  const scene = await Scene.of(() => one(1));
  const opening = scene.client.stream({});
  scene.client.close();
  const outcome = await scene.ended(opening);
  if (outcome.kind === "ok") {
    const error: unknown = await scene.ended(outcome.value.next().catch((thrown: unknown) => thrown));
    assert.match(String(error), /the client was closed/);
  }
  assert.is(scene.bus.pending, 0);
});

test("an instance of two operations streams one of them, and its counts are apart", async () => {
  const operations: InstanceOptions["operations"] = {
    list: () => streamOf(one("listed")),
    get: () => refuse(404, "nothing"),
  };
  const scene = await new ServiceScene({ instance: { operations } }).start();
  const outcome = await scene.ended(scene.client.stream({}, { operation: "list" }));
  assert.is(outcome.kind === "ok" && (await scene.ended(outcome.value.next())).value, "listed");
  assert.is((await scene.ask({ operation: "get" })).kind, "error");
  const { requests, errors } = scene.instance.counts;
  assert.equal([requests, errors], [2, 1]);
});

test.run();
