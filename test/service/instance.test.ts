import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type Handler, refuse } from "../../src/service/core/handled.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type MemoryBus, MemoryNetwork } from "../support/memory-bus.ts";
import { DEFAULT_RULES } from "../support/table.ts";

const test = suite("instance");

const TIMEOUT_MS = DEFAULT_RULES.requestTimeoutMs;

interface Scene {
  readonly clock: FakeClock;
  readonly caller: MemoryBus;
  /** The bus of the instance. */
  readonly bus: MemoryBus;
  readonly instance: Instance;
  readonly events: readonly InstanceEvent[];
}

async function sceneWith(handle: Handler): Promise<Scene> {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const [caller, bus] = [network.bus(), network.bus()];
  const events: InstanceEvent[] = [];
  const starting = startInstance({
    ...{ service: "ratings", instance: 1, incarnation: "1-a", version: "1.0.0", bus, clock, handle },
    ...{ heartbeatIntervalMs: DEFAULT_RULES.heartbeatIntervalMs, random: () => 0, tell: (event) => events.push(event) },
  });
  await clock.advance(TIMEOUT_MS);
  const started = await starting;
  if (started.kind === "taken") throw new Error("the number was taken");
  return { clock, caller, bus, instance: started.instance, events };
}

async function replyTo({ clock, caller, instance }: Scene): Promise<unknown> {
  const reply = caller.request(instance.address, "{}", { timeoutMs: TIMEOUT_MS });
  await clock.advance(1);
  return reply;
}

test("a handler that fails, in whatever way, is a counted error and never a dead process", async () => {
  const circle: Record<string, unknown> = {};
  circle["itself"] = circle;
  const failing: readonly [string, () => unknown][] = [
    ["throws", () => JSON.parse("{")],
    ["rejects", () => Promise.reject(new Error("later"))],
    ["answers what is no JSON", () => answer(circle)],
    ["answers a function", () => answer(() => undefined)],
    ["answers nothing", () => undefined],
  ];
  for (const [name, handle] of failing) {
    const scene = await sceneWith(handle as Handler);
    assert.equal(await replyTo(scene), { kind: "refused", code: 500, message: "internal error" }, name);
    assert.is(scene.instance.counts.errors, 1, name);
    assert.ok(
      scene.events.some(({ kind }) => kind === "failed"),
      name,
    );
  }
});

test("what waited through a second stall is dropped too, and the drops are told once, all together", async () => {
  const scene = await sceneWith(() => answer({}));
  const { clock, caller, bus, instance, events } = scene;
  const flushes: (() => void)[] = [];
  bus.flush = () => new Promise((resolve) => flushes.push(() => resolve(true)));
  const late = JSON.stringify({ deadline: clock.wall() + TIMEOUT_MS });
  const askAndStall = async (): Promise<void> => {
    void caller.request(instance.address, late, { timeoutMs: TIMEOUT_MS });
    bus.pause();
    await clock.stall(10_000);
    bus.resume();
  };
  await askAndStall();
  await askAndStall();
  const [first, second] = flushes;
  first?.();
  void caller.request(instance.address, late, { timeoutMs: TIMEOUT_MS });
  await clock.advance(1);
  assert.is(
    instance.counts.dropped,
    3,
    "one through each stall, and one that arrives before the second flush is answered",
  );
  assert.not(events.some(({ kind }) => kind === "dropped"));
  second?.();
  await clock.advance(1);
  assert.equal(
    events.filter(({ kind }) => kind === "dropped"),
    [{ kind: "dropped", count: 3 }],
  );
});

test("whoever is leaving beats no more by itself, whatever happens, and its number is free", async () => {
  let finish: () => void = () => undefined;
  const scene = await sceneWith(() => new Promise((resolve) => (finish = () => resolve(answer({})))));
  const { clock, caller, bus, instance, events } = scene;
  void caller.request(instance.address, "{}", { timeoutMs: 60_000 });
  await clock.advance(1);
  const beats: string[] = [];
  caller.subscribe("health.ratings.1-a", ({ body }) => {
    beats.push((JSON.parse(new TextDecoder().decode(body)) as { state: string }).state);
  });
  const gone = instance.goodbye(60_000);
  await clock.advance(1);
  instance.resumed();
  bus.disconnect();
  bus.reconnect();
  await clock.stall(20_000);
  await clock.advance(20_000);
  const second = startInstance({ service: "ratings", instance: 1, bus: caller, clock, handle: () => answer({}) });
  await clock.advance(TIMEOUT_MS);
  assert.is((await second).kind, "started", "its roll call was answered by one that leaves");
  assert.equal(beats, ["draining", "draining"]);
  finish();
  await clock.advance(1);
  await gone;
  assert.equal(beats, ["draining", "draining", "gone"]);
  assert.not(events.some(({ kind }) => kind === "back" || kind === "away"));
});

test("it waits for the bus, says so after half a second, and takes no number that answers", async () => {
  for (const backAfterMs of [499, 500]) {
    const clock = new FakeClock();
    const network = new MemoryNetwork(clock);
    const bus = network.bus();
    const told: unknown[] = [];
    const start = (instance: number, on: MemoryBus) =>
      startInstance({
        service: "ratings",
        instance,
        bus: on,
        clock,
        handle: () => answer({}),
        tell: (one) => told.push(one),
      });
    bus.disconnect();
    const trouble = { kind: "absent", sentence: "nothing answers" };
    Object.assign(bus, { lastTrouble: trouble });
    const first = start(1, bus);
    await clock.advance(backAfterMs);
    assert.equal(told, backAfterMs === 500 ? [{ kind: "waiting", trouble }] : []);
    told.length = 0;
    bus.reconnect();
    await clock.advance(TIMEOUT_MS);
    const started = await first;
    assert.ok(started.kind === "started");
    const { address } = started.instance;
    assert.equal(told, [{ kind: "up", address }]);
    const [same, other] = [start(1, network.bus()), start(2, network.bus())];
    await clock.advance(TIMEOUT_MS);
    const taken = await same;
    assert.equal(taken.kind === "taken" && [taken.by.instance, taken.by.address], [1, address]);
    assert.is((await other).kind, "started");
  }
  const { bus, clock } = await sceneWith(() => answer({}));
  const bad = startInstance({ service: "ratings", instance: 0, bus, clock, handle: () => answer({}) });
  assert.match(String(await bad.catch((error: unknown) => error)), /^Error: instance 0 must be/);
});

const asked = async ({ clock, caller }: Scene, subject: string, body = "{}"): Promise<unknown> => {
  const reply = caller.request(subject, body, { timeoutMs: TIMEOUT_MS });
  await clock.advance(1);
  const ended = await reply;
  return ended.kind === "answered" ? JSON.parse(new TextDecoder().decode(ended.body)) : ended;
};

test("each request is counted by what came of it, with its time, and asked for by the service protocol", async () => {
  let tookMs = 0;
  const scene = await sceneWith((request) => {
    const { code } = Object(request) as { code?: number };
    const handled = code === undefined ? answer({ tea: "green" }) : refuse(code, "no\nsuch tea");
    if (tookMs === 0) return handled;
    return new Promise((resolve) => scene.clock.after(tookMs, () => resolve(handled)));
  });
  const { instance, clock, caller } = scene;
  for (const subject of [instance.address, "ratings.get"]) assert.equal(await asked(scene, subject), { tea: "green" });
  assert.equal(await asked(scene, instance.address, '{"code":404}'), {
    ...{ kind: "refused", code: 404, message: "no\nsuch tea" },
  });
  const counts = { requests: 3, errors: 1, lastError: "404:no such tea", processingMs: 0, dropped: 0 };
  assert.equal(instance.counts, counts);
  const unreadable = await asked(scene, instance.address, "{");
  assert.equal([Object(unreadable).kind, Object(unreadable).code], ["refused", 400]);
  tookMs = 30;
  void caller.request(instance.address, "{}", { timeoutMs: TIMEOUT_MS });
  await clock.advance(50);
  assert.equal([instance.counts.requests, instance.counts.errors, instance.counts.processingMs], [5, 2, 30]);
  for (let unasked = 0; unasked < 200; unasked++) caller.publish("$SRV.PING", "");
  for (const [verb, type] of [
    ["PING", "ping"],
    ["INFO", "info"],
    ["STATS", "stats"],
  ] as const)
    for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.ratings`, `$SRV.${verb}.ratings.1-a`]) {
      const said = Object(await asked(scene, subject));
      assert.equal([said.type, said.id], [`io.nats.micro.v1.${type}_response`, "1-a"]);
      if (verb === "STATS") assert.equal([said.endpoints[0].num_requests, said.started.slice(0, 4)], [5, "2024"]);
    }
});

test("away and back are told once each, and a goodbye ends all that it was asked for", async () => {
  const scene = await sceneWith(() => answer({}));
  const { clock, bus, instance, events, caller } = scene;
  const beats: unknown[] = [];
  caller.subscribe("health.ratings.1-a", ({ body }) => beats.push(JSON.parse(new TextDecoder().decode(body)).state));
  bus.disconnect();
  bus.reconnect();
  await clock.advance(1);
  assert.equal([events.slice(-2), beats], [[{ kind: "away" }, { kind: "back" }], ["up"]]);
  instance.resumed();
  await clock.stall(10_000);
  await clock.advance(1);
  assert.equal(beats, ["up", "up", "up"]);
  assert.equal(events.at(-1), { kind: "resumed", pausedMs: 9_950 });
  const leaving = [instance.goodbye(), instance.goodbye()];
  await clock.advance(1);
  await Promise.all(leaving);
  assert.equal(beats.slice(3), ["draining", "gone"]);
  for (const subject of [instance.address, "ratings.get", "health.ratings", "$SRV.PING"])
    assert.equal(await asked(scene, subject), { kind: "nobody" }, subject);
  const told = events.length;
  bus.disconnect();
  await clock.stall(10_000);
  assert.equal([events.length, clock.timers], [told, 0]);
});

test("it is up once the bus has taken what it needs, and not on a bus that is closed", async () => {
  for (const closes of [false, true]) {
    const clock = new FakeClock();
    const bus = new MemoryNetwork(clock).bus();
    const [needs, told]: [string[], string[]] = [[], []];
    const [subscribe, flush] = [bus.subscribe.bind(bus), bus.flush.bind(bus)];
    bus.subscribe = (subject, receive, queue, ...rest: unknown[]) => {
      if (rest[0] === "required") needs.push(subject);
      return subscribe(subject, receive, queue);
    };
    let flushes = 0;
    bus.flush = async () => {
      flushes += 1;
      if (flushes > 1) return flush();
      if (closes) await bus.close();
      return false;
    };
    const options = { service: "ratings", instance: 1, incarnation: "1-a", bus, clock, handle: () => answer({}) };
    const starting = startInstance({ ...options, tell: ({ kind }) => told.push(kind) });
    await clock.advance(TIMEOUT_MS);
    await starting;
    assert.equal(needs, ["ratings.get", "ratings.get.1-a", "health.ratings"]);
    assert.equal([told, flushes], closes ? [[], 1] : [["up"], 3]);
  }
});

test("a goodbye waits for all that is underway, and an answer that the bus did not take is an error", async () => {
  const finish: (() => void)[] = [];
  const scene = await sceneWith(() => new Promise((resolve) => finish.push(() => resolve(answer({})))));
  const { clock, caller, bus, instance } = scene;
  const replies = [1, 2].map(() => caller.request(instance.address, "{}", { timeoutMs: 60_000 }));
  await clock.advance(1);
  void instance.goodbye(60_000);
  for (const one of finish) {
    await clock.advance(10);
    one();
  }
  await clock.advance(10);
  assert.equal(
    (await Promise.all(replies)).map(({ kind }) => kind),
    ["answered", "answered"],
  );
  const other = await sceneWith(() => new Promise((resolve) => finish.push(() => resolve(answer({})))));
  void other.caller.request(other.instance.address, "{}", { timeoutMs: 60_000 });
  await other.clock.advance(1);
  other.bus.disconnect();
  finish.at(-1)?.();
  await other.clock.advance(1);
  assert.equal([other.instance.counts.errors, other.instance.counts.lastError], [1, "500:not sent: the bus is away"]);
  assert.is(bus.status, "connected");
});

test.run();
