// A caller that receives heartbeats on a connection of their own, and loses that one alone.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const test = suite("heartbeat bus");

const INTERVAL_MS = 15_000;

async function begin() {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const instance = network.bus();
  const [bus, heartbeatBus] = [network.bus(), network.bus()];
  const events: ClientEvent[] = [];
  const client = openClient({
    service: "ratings",
    bus,
    heartbeatBus,
    clock,
    onEvent: (event) => events.push(event),
  });
  serve(instance);
  await clock.advance(10);
  const kinds = (): readonly string[] => events.map(({ kind }) => kind);
  return { clock, bus, heartbeatBus, client, kinds, beat: () => beat(instance) };
}

function serve(bus: MemoryBus): void {
  bus.subscribe("ratings.get.1-a", (message) => message.answer("1"));
  bus.subscribe("health.ratings", () => beat(bus));
  beat(bus);
}

let seq = 0;

function beat(bus: MemoryBus): void {
  const who = { service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a" };
  seq += 1;
  bus.publish(
    "health.ratings.1-a",
    JSON.stringify({ ...who, seq, intervalMs: INTERVAL_MS, state: "up", version: "1" }),
  );
}

async function ask({ clock, client }: Awaited<ReturnType<typeof begin>>): Promise<string> {
  const answer = client.ask({});
  await clock.advance(20);
  return (await answer).kind;
}

test("while heartbeats are interrupted, calls go on and no instance is lost", async () => {
  const world = await begin();
  world.heartbeatBus.disconnect();
  assert.is(await ask(world), "ok");
  await world.clock.advance(10 * INTERVAL_MS);
  assert.is(await ask(world), "ok");
  assert.not.ok(world.kinds().includes("lost"));
  assert.not.ok(world.kinds().includes("bus"));
  world.client.close();
});

test("when heartbeats resume, one event reports the gap, and a roll is called", async () => {
  const world = await begin();
  world.heartbeatBus.disconnect();
  await world.clock.advance(10 * INTERVAL_MS);
  world.heartbeatBus.reconnect();
  await world.clock.advance(10);
  assert.is(world.kinds().filter((kind) => kind === "heartbeats-interrupted").length, 1);
  await world.clock.advance(INTERVAL_MS);
  assert.is(await ask(world), "ok");
  assert.not.ok(world.kinds().includes("lost"));
  world.client.close();
});

test("when the bus was away, only that is reported, whichever connection notices first", async () => {
  for (const order of [["bus", "heartbeatBus"] as const, ["heartbeatBus", "bus"] as const]) {
    const world = await begin();
    for (const each of order) world[each].disconnect();
    await world.clock.advance(1_000);
    for (const each of order) world[each].reconnect();
    await world.clock.advance(10);
    assert.not.ok(world.kinds().includes("heartbeats-interrupted"));
    assert.is(world.kinds().filter((kind) => kind === "bus").length, 2);
    world.client.close();
  }
});

test("no responders while heartbeats are interrupted: the instance stays up", async () => {
  const world = await begin();
  world.heartbeatBus.disconnect();
  await world.clock.advance(10);
  const member = [...world.client.tracker.all()][0];
  if (member === undefined) throw new Error("no instance is known");
  const ticket = world.client.tracker.admit(member, world.clock.now());
  assert.equal(world.client.tracker.settle(ticket, "no-responders", world.clock.now() + 1), []);
  assert.is(member.membership.kind, "up");
  world.client.close();
});

test.run();
