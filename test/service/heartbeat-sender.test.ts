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

function begin(more: Partial<HeartbeatSenderOptions> = {}): Beating {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const bus = network.bus();
  const [ears, caller] = [network.bus(), network.bus()];
  const beats: string[] = [];
  ears.subscribe("health.ratings.*", ({ body }) => beats.push(new TextDecoder().decode(body)));
  const options: HeartbeatSenderOptions = {
    ...{ service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a", version: "1.0.0" },
    ...{ bus, clock, heartbeatIntervalMs: 15_000, random: () => 0, operations: ["get"] },
    ...more,
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

/** The states of the beats. */
const statesOf = (beats: readonly string[]): readonly unknown[] => beats.map((beat) => JSON.parse(beat).state);

test("an instance that has ended, also by its own source of chance, sends no beat and keeps no timer", async () => {
  const { clock, pulse, beats } = begin({ random: () => [pulse.announce("gone"), 0][1] as number });
  pulse.start();
  await clock.advance(100_000);
  assert.equal([statesOf(beats), clock.timers], [["gone"], 0]);
  const stopped = begin();
  stopped.pulse.start();
  stopped.pulse.stop();
  stopped.pulse.start();
  await stopped.clock.advance(100_000);
  assert.equal([statesOf(stopped.beats), stopped.clock.timers, stopped.pulse.state], [["up"], 0, "gone"]);
});

test("one that is not ready publishes no beat, and leaves with its goodbyes all the same", async () => {
  let isReady = false;
  const { clock, pulse, beats, callRoll } = begin({ isReady: () => isReady });
  pulse.start();
  const [reply] = await callRoll(1);
  const { state, ready } = JSON.parse(new TextDecoder().decode(reply));
  assert.equal([state, ready, beats], ["draining", false, []]);
  isReady = true;
  pulse.beat();
  isReady = false;
  for (const state of ["draining", "gone"] as const) pulse.announce(state);
  await clock.advance(0);
  assert.equal(statesOf(beats), ["up", "draining", "gone"]);
  for (const beat of beats) assert.not("ready" in JSON.parse(beat));
});

test("one that is mute sends no beat, also none that many roll calls have asked for before", async () => {
  const faults = { isMute: false, faultStatuses: [] };
  const { clock, pulse, beats, callRoll } = begin({ faults: faults as never });
  await callRoll(200);
  const sent = beats.length;
  faults.isMute = true;
  pulse.start();
  assert.is((await callRoll(1)).length, 0);
  await clock.advance(100_000);
  assert.is(beats.length, sent);
});

test.run();
