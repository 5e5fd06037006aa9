// A service with several operations: each with a handler of its own, called in turn, and only where an instance has it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type Handler } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { endOf, failedPart, ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("operations");

/** A handler that answers with the name of its operation and the instance. */
const by =
  (operation: string, instance: number): Handler =>
  () =>
    answer({ operation, instance });

/** A scene of the instances 1, 2 and so on, each with these operations. */
async function sceneOf(...instances: readonly (readonly string[])[]): Promise<ServiceScene> {
  const scene = new ServiceScene();
  const starting = instances.map((names, place) => {
    const [instance, bus] = [place + 1, scene.network.bus()];
    scene.buses.push(bus);
    const operations = Object.fromEntries(names.map((name) => [name, by(name, instance)]));
    const incarnation = `${instance}-a`;
    return startInstance({ service: TEA, instance, incarnation, bus, clock: scene.clock, random: () => 0, operations });
  });
  await scene.clock.advance(TIMEOUT_MS);
  for (const started of await Promise.all(starting))
    if (started.kind === "started") scene.instances.push(started.instance);
  return scene;
}

const bodyOf = (ended: Outcome): unknown => (ended.kind === "ok" ? ended.value : ended);

test("each operation is handled by its own handler", async () => {
  const scene = await sceneOf(["get", "reserve"]);
  assert.equal(bodyOf(await scene.ask({ operation: "reserve" })), { operation: "reserve", instance: 1 });
  assert.equal(bodyOf(await scene.ask()), { operation: "get", instance: 1 });
});

test("a call goes only to an instance that has its operation", async () => {
  const scene = await sceneOf(["get"], ["get", "reserve"], ["get"]);
  for (let call = 0; call < 4; call += 1)
    assert.equal(bodyOf(await scene.ask({ operation: "reserve" })), { operation: "reserve", instance: 2 });
  const none = await scene.ask({ operation: "cancel" });
  assert.is(endOf(none), "no-such-operation");
  assert.is(scene.ends.filter(({ kind }) => kind === "attempt").length, 4);
});

test("each operation takes the instances in turn, whatever was called between", async () => {
  const scene = await sceneOf(["get", "reserve"], ["get", "reserve"]);
  const turns: Record<string, unknown[]> = { get: [], reserve: [] };
  for (let round = 0; round < 4; round += 1)
    for (const operation of ["get", "reserve"])
      turns[operation]?.push((bodyOf(await scene.ask({ operation })) as { instance: number }).instance);
  assert.equal(turns, { get: [1, 2, 1, 2], reserve: [1, 2, 1, 2] });
});

test("an operation that an instance lacks is refused with 501, and another instance gets the call", async () => {
  const scene = await sceneOf(["reserve"], ["reserve", "pay"]);
  // An instance of another make that names an operation in its heartbeats and lacks it.
  const liar = scene.network.bus();
  liar.subscribe("tea.*.3-a", (message) => message.refuse(501, "no such operation: pay"));
  const beat = { service: TEA, instance: 3, incarnation: "3-a", address: "tea.get.3-a", seq: 0 };
  liar.publish("health.tea.3-a", JSON.stringify({ ...beat, intervalMs: 15_000, state: "up", operations: ["pay"] }));
  await scene.clock.advance(10);
  for (let call = 0; call < 2; call += 1)
    assert.equal(bodyOf(await scene.ask({ operation: "pay", idempotent: false })), { operation: "pay", instance: 2 });
  assert.equal(
    scene.ends.map((ended) => (ended.kind === "attempt" ? [ended.who.instance, ended.result] : ended.kind)),
    [
      [2, "answered"],
      [3, "rejected"],
      [2, "answered"],
    ],
  );
  const direct = scene.caller.request("tea.pay.1-a", "{}", { timeoutMs: 100 });
  await scene.clock.advance(10);
  assert.equal(await direct, { kind: "service-error", code: 501, message: "no such operation: pay" });
  assert.equal(
    [...scene.client.tracker.all()].map(({ who, breaker }) => [who.instance, breaker.kind]),
    [
      [1, "closed"],
      [2, "closed"],
      [3, "closed"],
    ],
  );
});

test("calls of every operation end when their instance dies", async () => {
  const scene = new ServiceScene();
  const bus = scene.network.bus();
  const hang: Handler = () => new Promise(() => undefined);
  const operations = { get: hang, reserve: hang };
  const starting = startInstance({ service: TEA, instance: 1, bus, clock: scene.clock, operations });
  await scene.clock.advance(TIMEOUT_MS);
  await starting;
  const calls = ["get", "reserve"].map((operation) => scene.client.ask({}, { operation }));
  await scene.clock.advance(10);
  void bus.close();
  await scene.clock.advance(10);
  const third = await scene.ask();
  const ends = await Promise.all(calls.map((call) => scene.ended(call)));
  const endedAt = scene.clock.now();
  assert.equal([third, ...ends].map(endOf), ["no-instances", "no-instances", "no-instances"]);
  assert.ok(endedAt < 2 * TIMEOUT_MS, "none waited for its timeout");
});

test("an operation without a name that a subject can hold fails on the caller's side", async () => {
  const scene = await sceneOf(["get"]);
  for (const operation of ["", "a.b", "*", "then", 7 as never]) {
    const ended = await scene.ask({ operation });
    assert.is(failedPart(ended), "the options of the call cannot be used", String(operation));
  }
});

test.run();
