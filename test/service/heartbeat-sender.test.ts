// The rate of an instance's heartbeats while roll calls ask for them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HeartbeatSender, type HeartbeatSenderOptions } from "../../src/service/heartbeat-sender.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const test = suite("pulse of an instance");

interface Beating {
  readonly clock: FakeClock;
  readonly pulse: HeartbeatSender;
  /** Bodies of the beats that were published. */
  readonly beats: string[];
  /** Calls the roll `times` times, and gives what was answered. */
  callRoll(times: number): Promise<readonly Uint8Array[]>;
}

function begin(): Beating {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const bus = network.bus();
  const [ears, caller] = [network.bus(), network.bus()];
  const beats: string[] = [];
  ears.subscribe("health.ratings.*", ({ body }) => beats.push(new TextDecoder().decode(body)));
  const options: HeartbeatSenderOptions = {
    ...{ service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a", version: "1.0.0" },
    ...{ bus, clock, heartbeatIntervalMs: 15_000, random: () => 0, operations: ["get"] },
  };
  const pulse = new HeartbeatSender(options);
  bus.subscribe("health.ratings", (message) => pulse.onRollCall(message));
  const callRoll = async (times: number): Promise<readonly Uint8Array[]> => {
    const gathered = Array.from({ length: times }, () => caller.requestMany("health.ratings", "", 50));
    await clock.advance(60);
    return (await Promise.all(gathered)).flat();
  };
  return { clock, pulse, beats, callRoll };
}

test("a thousand roll calls at once are a hundred beats, and one more for all the rest", async () => {
  const { clock, beats, callRoll } = begin();
  assert.is((await callRoll(1_000)).length, 100);
  assert.is(beats.length, 100);
  await clock.advance(100);
  assert.is(beats.length, 101);
  await clock.advance(10_000);
  assert.is(beats.length, 101);
});

test("no beat that was asked for late follows the goodbye", async () => {
  const { clock, pulse, beats, callRoll } = begin();
  await callRoll(1_000);
  pulse.announce("gone");
  await clock.advance(10_000);
  assert.match(beats.at(-1) ?? "", /"gone"/);
  assert.is(beats.length, 101);
});

test.run();
