// Beginning and end: calls before the first connection, a bus that is closed meanwhile, `await using`.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import type { ClientOptions } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handler.ts";
import { BusClosed, type Started, startInstance } from "../../src/service/instance.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const life = suite("life cycle");

/** An instance and a client of one network. The client's bus is not connected yet. */
class Scene {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly bus: MemoryBus;

  constructor() {
    this.bus = this.network.bus();
    this.bus.disconnect();
  }

  client(options: Partial<ClientOptions> = {}) {
    const { bus, clock } = this;
    return openClient({ service: TEA, bus, clock, rules: { requestTimeoutMs: TIMEOUT_MS }, ...options });
  }

  async startInstance(): Promise<void> {
    const { clock, network } = this;
    const handle = () => answer({ tea: "green" });
    const starting = startInstance({ service: TEA, instance: 1, bus: network.bus(), clock, handle });
    await clock.advance(TIMEOUT_MS);
    assert.is((await starting).kind, "started");
  }

  /** When the promise settles, in ms from now; undefined: not within the limit. */
  async settledAfter<T>(promise: Promise<T>, limitMs = 5 * TIMEOUT_MS): Promise<number | undefined> {
    const from = this.clock.now();
    let isOver = false;
    promise.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    for (await this.clock.advance(0); !isOver && this.clock.now() - from < limitMs; ) await this.clock.advance(10);
    return isOver ? this.clock.now() - from : undefined;
  }
}

const reasonOf = (outcome: Outcome): string => (outcome.kind === "unanswered" ? outcome.reason : outcome.kind);

life("a call before the first connection waits for it, and is answered", async () => {
  const scene = new Scene();
  await scene.startInstance();
  const client = scene.client();
  const asked = client.ask({});
  await scene.clock.advance(TIMEOUT_MS / 2);
  scene.bus.reconnect();
  assert.ok(((await scene.settledAfter(asked)) ?? TIMEOUT_MS) < TIMEOUT_MS / 2);
  assert.is(reasonOf(await asked), "ok");
  client.close();
});

life("it waits within its own time, and what is left of that is the time of its instance", async () => {
  const scene = new Scene();
  const client = scene.client();
  const asked = client.ask({});
  const tookMs = await scene.settledAfter(asked);
  assert.ok(tookMs === TIMEOUT_MS, `${tookMs} ms`);
  const outcome = await asked;
  assert.equal(outcome.kind === "unanswered" && [outcome.reason, outcome.mayHaveExecuted], ["disconnected", false]);

  const silent = new Scene();
  const sentFor: (string | undefined)[] = [];
  const instanceBus = silent.network.bus();
  const starting = startInstance({
    ...{ service: TEA, instance: 1, bus: instanceBus, clock: silent.clock },
    handle: (_, { headers }) => {
      sentFor.push(headers.get("dwc-timeout-ms"));
      return new Promise(() => undefined);
    },
  });
  await silent.clock.advance(TIMEOUT_MS);
  await starting;
  const waiting = silent.client().ask({});
  await silent.clock.advance(TIMEOUT_MS / 2);
  silent.bus.reconnect();
  const restMs = await silent.settledAfter(waiting);
  assert.ok(restMs !== undefined && restMs <= TIMEOUT_MS / 2 + 20, `${restMs} ms`);
  assert.is(reasonOf(await waiting), "timeout");
  const left = Number(sentFor[0]);
  assert.ok(left > TIMEOUT_MS / 4 && left <= TIMEOUT_MS / 2, `${left} ms`);
});

life("a signal, and the end of the bus, end the waiting at once", async () => {
  const scene = new Scene();
  const client = scene.client();
  const controller = new AbortController();
  const [cancelled, aborted] = [
    client.ask({}, { signal: controller.signal }),
    client.ask({}, { signal: AbortSignal.abort() }),
  ];
  assert.is(await scene.settledAfter(aborted), 0);
  assert.is(reasonOf(await aborted), "cancelled");
  controller.abort();
  assert.is(await scene.settledAfter(cancelled), 0);
  assert.is(reasonOf(await cancelled), "cancelled");
  const asked = client.ask({});
  void scene.bus.close();
  assert.is(await scene.settledAfter(asked), 0);
  assert.is(reasonOf(await asked), "disconnected");
  assert.is(reasonOf(await client.ask({})), "disconnected");
});

life("after a connection was lost, and with `beforeConnected: fail`, it fails at once", async () => {
  const scene = new Scene();
  await scene.startInstance();
  const [client, other] = [scene.client(), scene.client({ beforeConnected: "fail" })];
  assert.is(await scene.settledAfter(other.ask({})), 0);
  scene.bus.reconnect();
  await scene.clock.advance(TIMEOUT_MS);
  for (const one of [client, other]) {
    const asked = one.ask({});
    await scene.clock.advance(100);
    assert.is(reasonOf(await asked), "ok");
  }
  scene.bus.disconnect();
  for (const one of [client, other]) {
    const asked = one.ask({});
    assert.is(await scene.settledAfter(asked), 0);
    assert.is(reasonOf(await asked), "disconnected");
  }
});

/** Closes the bus at its n-th use. */
const closingAt = (bus: MemoryBus, use: number): MemoryBus => {
  let used = 0;
  const close = (): void => {
    if (++used === use) void bus.close();
  };
  return new Proxy(bus, {
    get: (target, key) => {
      const value = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (key !== "close") close();
        return value.apply(target, args);
      };
    },
  });
};

life("a start settles when its bus is closed meanwhile, at any step", async () => {
  const ends = new Set<string>();
  for (let use = 1; use <= 30; use++) {
    const scene = new Scene();
    const bus = scene.network.bus();
    const timers = scene.clock.timers;
    const starting: Promise<Started> = startInstance({
      ...{ service: TEA, instance: 1, bus: closingAt(bus, use), clock: scene.clock, handle: () => answer({}) },
      report: () => undefined,
    });
    assert.ok((await scene.settledAfter(starting)) !== undefined, `at use ${use}`);
    const end = await starting.then(
      ({ kind }) => kind,
      (error: unknown) => String(error),
    );
    ends.add(end);
    await scene.clock.advance(50);
    if (end !== "started") assert.is(scene.clock.timers, timers, `at use ${use}: no timer is left`);
  }
  assert.equal([...ends].sort(), [
    "BusClosed: instance 1 of tea was not started: its bus was closed before it was up",
    "started",
  ]);
  const scene = new Scene();
  const { bus, clock } = scene;
  const waiting = startInstance({ service: TEA, instance: 1, bus, clock, handle: () => answer({}) });
  await clock.advance(TIMEOUT_MS);
  void bus.close();
  assert.is(await scene.settledAfter(waiting), 0);
  assert.instance(await waiting.catch((error: unknown) => error), BusClosed);
});

life("all that is pending settles when the bus is closed, and no timer is left", async () => {
  const scene = await new ServiceScene({ count: 2, handle: () => new Promise(() => undefined) }).start();
  const asked = [scene.client.ask({}), scene.client.ask({}, { idempotent: false })];
  await scene.clock.advance(10);
  const goodbye = scene.instance.goodbye(500);
  for (const bus of [scene.bus, ...scene.buses]) void bus.close();
  await scene.clock.advance(0);
  for (const outcome of await Promise.all(asked)) assert.is(reasonOf(outcome), "disconnected");
  await scene.ended(goodbye);
  await scene.ended(scene.instances[1]?.goodbye() ?? Promise.reject(new Error("no second instance")));
  await scene.client.ready();
  assert.is(reasonOf(await scene.client.ask({})), "disconnected");
  scene.client.close();
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(scene.clock.timers, 0);
});

life("await using ends client and instance", async () => {
  const scene = new Scene();
  const beats: string[] = [];
  scene.network.bus().subscribe("health.tea.*", ({ body }) => beats.push(JSON.parse(String(Buffer.from(body))).state));
  const timers = scene.clock.timers;
  const work = async (): Promise<void> => {
    const running = await startInstance({
      ...{ service: TEA, instance: 1, bus: scene.network.bus(), clock: scene.clock },
      handle: () => answer({}),
    });
    if (running.kind !== "started") throw new Error(running.kind);
    await using client = scene.client();
    await using instance = running.instance;
    assert.ok(client.tracker.size === 0 && instance.address !== "");
  };
  assert.ok((await scene.settledAfter(work())) !== undefined);
  assert.equal(beats, ["up", "draining", "gone"]);
  await scene.clock.advance(50);
  assert.is(scene.clock.timers, timers);
});

life.run();
