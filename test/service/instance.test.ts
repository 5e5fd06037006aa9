import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type Handler } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { startInstance } from "../../src/service/instance.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("instance");

/** One instance, and no client. */
async function sceneWith(handle: Handler) {
  const scene = await new ServiceScene({ handle: (request, _, context) => handle(request, context) }).start();
  const { clock, caller, client, instance, instanceEvents: events } = scene;
  client.close();
  const [bus] = scene.buses as [MemoryBus];
  return { clock, caller, bus, instance, events };
}

test("requests that wait through a second stall are dropped, and reported as one count", async () => {
  const scene = await sceneWith(() => answer({}));
  const { clock, caller, bus, instance, events } = scene;
  const flushes: (() => void)[] = [];
  bus.flush = () => new Promise((resolve) => flushes.push(() => resolve(true)));
  const lines = timeLines(TIMEOUT_MS, clock.wall());
  const askAndStall = async (): Promise<void> => {
    void caller.request(instance.address, "{}", { timeoutMs: TIMEOUT_MS, lines });
    bus.pause();
    await clock.stall(10_000);
    bus.resume();
  };
  await askAndStall();
  await askAndStall();
  const [first, second] = flushes;
  first?.();
  void caller.request(instance.address, "{}", { timeoutMs: TIMEOUT_MS, lines });
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

test("a draining instance beats no more by itself, and its number is free", async () => {
  let finish: () => void = () => undefined;
  const scene = await sceneWith(() => new Promise((resolve) => (finish = () => resolve(answer({})))));
  const { clock, caller, bus, instance, events } = scene;
  void caller.request(instance.address, "{}", { timeoutMs: 60_000 });
  await clock.advance(1);
  const beats: string[] = [];
  caller.subscribe("health.tea.1-a", ({ body }) => {
    beats.push((JSON.parse(new TextDecoder().decode(body)) as { state: string }).state);
  });
  const gone = instance.goodbye(60_000);
  await clock.advance(1);
  instance.resumed();
  bus.disconnect();
  bus.reconnect();
  await clock.stall(20_000);
  await clock.advance(20_000);
  const second = startInstance({ service: TEA, instance: 1, bus: caller, clock, handle: () => answer({}) });
  await clock.advance(TIMEOUT_MS);
  assert.is((await second).kind, "started", "its roll call was answered by one that leaves");
  assert.equal(beats, ["draining", "draining"]);
  finish();
  await clock.advance(1);
  await gone;
  assert.equal(beats, ["draining", "draining", "gone"]);
  assert.not(events.some(({ kind }) => kind === "reconnected" || kind === "disconnected"));
});

test("disconnected and reconnected are emitted once each, and a goodbye ends all", async () => {
  const scene = await sceneWith(() => answer({}));
  const { clock, bus, instance, events, caller } = scene;
  const beats: unknown[] = [];
  caller.subscribe("health.tea.1-a", ({ body }) => beats.push(JSON.parse(Buffer.from(body).toString()).state));
  bus.disconnect();
  bus.reconnect();
  await clock.advance(1);
  assert.equal([events.slice(-2), beats], [[{ kind: "disconnected" }, { kind: "reconnected" }], ["up"]]);
  instance.resumed();
  await clock.stall(10_000);
  await clock.advance(1);
  assert.equal(beats, ["up", "up", "up"]);
  assert.equal(events.at(-1), { kind: "resumed", pausedMs: 9_950 });
  const leaving = [instance.goodbye(), instance.goodbye()];
  await clock.advance(1);
  await Promise.all(leaving);
  assert.equal(beats.slice(3), ["draining", "gone"]);
  const emitted = events.length;
  bus.disconnect();
  await clock.stall(10_000);
  assert.equal([events.length, clock.timers], [emitted, 0]);
});

test("an answer that the bus did not take is an error", async () => {
  let finish: () => void = () => undefined;
  const { caller, clock, bus, instance } = await sceneWith(
    () => new Promise((resolve) => (finish = () => resolve(answer({})))),
  );
  void caller.request(instance.address, "{}", { timeoutMs: 60_000 });
  await clock.advance(1);
  bus.disconnect();
  finish();
  await clock.advance(1);
  assert.equal([instance.counts.errors, instance.counts.lastError], [1, "500:not sent: the bus is disconnected"]);
});

test("it is up once the bus has taken what it needs, and not on a bus that is closed", async () => {
  for (const closes of [false, true]) {
    const clock = new FakeClock();
    const bus = new MemoryNetwork(clock).bus();
    const [needs, kinds]: [string[], string[]] = [[], []];
    const [subscribe, flush] = [bus.subscribe.bind(bus), bus.flush.bind(bus)];
    bus.subscribe = (subject, receive, queue, ...rest: unknown[]) => {
      if (rest[0] === "required") needs.push(subject);
      return subscribe(subject, receive, queue);
    };
    let flushes = 0;
    bus.flush = async () => {
      flushes += 1;
      // The first one is for its claim of the number.
      if (flushes !== 2) return flush();
      if (closes) await bus.close();
      return false;
    };
    const options = { service: "ratings", instance: 1, incarnation: "1-a", bus, clock, handle: () => answer({}) };
    const starting = startInstance({ ...options, onEvent: ({ kind }) => kinds.push(kind) });
    const ended = starting.then(({ kind }) => kind, String);
    await clock.advance(TIMEOUT_MS);
    assert.match(await ended, closes ? /^BusClosed: instance 1 of ratings was not started/ : "started");
    // Those of the claim come first.
    assert.equal(needs, ["health.ratings", "ratings.get", "ratings.*.1-a", "health.ratings"]);
    assert.equal([kinds, flushes], closes ? [[], 2] : [["up"], 4]);
  }
});

test.run();
