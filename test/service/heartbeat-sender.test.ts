// The rate of an instance's heartbeats while roll calls ask for them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Guard } from "../../src/service/guard.ts";
import { HeartbeatSender, type HeartbeatSenderOptions } from "../../src/service/heartbeat-sender.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("pulse of an instance");

interface Beating {
  readonly clock: FakeClock;
  readonly pulse: HeartbeatSender;
  /** Bodies of the beats that were published. */
  readonly beats: string[];
  readonly caller: MemoryBus;
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
    guard: new Guard("instance 1", () => undefined, clock),
    ...more,
  };
  const pulse = new HeartbeatSender(options);
  bus.subscribe("health.ratings", (message) => pulse.onRollCall(message));
  const callRoll = async (times: number): Promise<readonly Uint8Array[]> => {
    const gathered = Array.from({ length: times }, () => caller.requestMany("health.ratings", "", 50));
    await clock.advance(60);
    return (await Promise.all(gathered)).flat();
  };
  return { clock, pulse, beats, caller, callRoll };
}

test("a thousand roll calls at once are a hundred replies, five beats, and one more for all the rest", async () => {
  const { clock, beats, callRoll } = begin();
  assert.is((await callRoll(1_000)).length, 100);
  assert.is(beats.length, 5);
  await clock.advance(100);
  assert.is(beats.length, 6);
  await clock.advance(10_000);
  assert.is(beats.length, 6);
});

test("roll calls without end are ten beats a second, each after all that it is for", async () => {
  const { clock, beats, caller } = begin();
  for (let called = 0; called < 1_000; called++) {
    caller.publish("health.ratings", "");
    await clock.advance(10);
  }
  assert.ok(beats.length >= 95 && beats.length <= 110, `${beats.length} beats in ten seconds`);
  const before = beats.length;
  await clock.advance(1_000);
  assert.ok(beats.length - before <= 1);
});

test("no beat that was asked for late follows the goodbye", async () => {
  const { clock, pulse, beats, callRoll } = begin();
  await callRoll(1_000);
  pulse.announce("gone");
  await clock.advance(10_000);
  assert.match(beats.at(-1) ?? "", /"gone"/);
  assert.is(beats.length, 6);
});

test("roll calls during the drain get heartbeats, also where one was to answer several at the goodbye", async () => {
  const { clock, pulse, beats, caller, callRoll } = begin();
  await callRoll(8);
  pulse.announce("draining");
  await clock.advance(10);
  beats.length = 0;
  for (let call = 0; call < 10; call++) {
    await clock.advance(1_000);
    caller.publish("health.ratings", "");
  }
  await clock.advance(10);
  assert.is(beats.length, 10);
});

test("a bus that throws once ends no heartbeats", async () => {
  const clock = new FakeClock();
  let published = 0;
  const publish = (): void => {
    published += 1;
    if (published === 2) throw new Error("not published");
  };
  const { pulse } = begin({ clock, bus: { publish } as never });
  pulse.start();
  for (let beat = 0; beat < 5; beat++) await clock.advance(15_000);
  assert.ok(published >= 6, `${published} published`);
});

/** The intervals that the beats promise. */
const promisedBy = (beats: readonly string[]): readonly unknown[] => beats.map((beat) => JSON.parse(beat).intervalMs);

test("a number of instances gets no beat, and lengthens the interval from the next beat on, for an hour", async () => {
  const { clock, pulse, beats, caller } = begin();
  pulse.start();
  caller.publish("health.ratings", '{"known":4000}');
  await clock.advance(14_000);
  assert.equal(promisedBy(beats), [15_000]);
  await clock.advance(1_000);
  assert.equal(promisedBy(beats), [15_000, 40_000], "within the time that was promised");
  await clock.advance(80_000);
  assert.equal(promisedBy(beats).slice(2), [40_000, 40_000]);
  const before = beats.length;
  await clock.advance(3_600_000);
  const after = promisedBy(beats.slice(before));
  assert.is(after.at(-1), 15_000);
  assert.ok(after.filter((promised) => promised === 40_000).length >= 85);
});

test("whatever asks for a beat, the next one comes within the time that it promises", async () => {
  const { clock, pulse, beats, caller } = begin({ random: () => 0.99 });
  const times: number[] = [];
  caller.subscribe("health.ratings.*", () => times.push(clock.now()));
  pulse.start();
  const dice = new SeededRandom(3);
  for (let step = 0; step < 4_000; step++) {
    if (dice.chance(0.01)) caller.publish("health.ratings", `{"known":${1 + dice.below(12_000)}}`);
    if (dice.chance(0.05)) caller.publish("health.ratings", "");
    await clock.advance(1_000);
  }
  const promised = beats.map((beat) => JSON.parse(beat).intervalMs as number);
  for (let index = 1; index < times.length; index++) {
    const tookMs = (times[index] ?? 0) - (times[index - 1] ?? 0);
    assert.ok(tookMs <= (promised[index - 1] ?? 0), `beat ${index} came after ${tookMs} of ${promised[index - 1]} ms`);
  }
  assert.ok(promised.includes(15_000) && Math.max(...promised) > 100_000, "both short and long ones");
});

test("the first longer interval is any time up to it, so that instances started together spread", async () => {
  const delays = await Promise.all(
    [0, 0.5, 0.9].map(async (share) => {
      const { clock, pulse, beats, caller } = begin({ random: () => share });
      caller.publish("health.ratings", '{"known":12000}');
      await clock.advance(1);
      pulse.start();
      await clock.advance(1);
      for (let second = 1; second < 200; second++) {
        await clock.advance(1_000);
        if (beats.length > 1) return second;
      }
      return 0;
    }),
  );
  assert.equal(delays, [15, 68, 110]);
});

test("all that is no number of instances is a roll call, also the claim of a start", async () => {
  const { clock, pulse, beats, caller } = begin();
  pulse.start();
  for (const body of ['{"known":0}', "{", '{"claim":{"id":"a","instance":1,"round":1,"isFixed":false}}', "4000"])
    caller.publish("health.ratings", body);
  await clock.advance(10);
  assert.equal(promisedBy(beats), [15_000, 15_000, 15_000, 15_000, 15_000]);
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
