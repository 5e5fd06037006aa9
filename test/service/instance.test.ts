import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type Handler } from "../../src/service/core/handled.ts";
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

test.run();
