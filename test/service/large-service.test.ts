// The price of a large service for its callers: heartbeats in proportion, and one roll call for all after a reconnection.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../../src/bus/bus.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { Guard } from "../../src/service/guard.ts";
import { HeartbeatSender } from "../../src/service/heartbeat-sender.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { seededRandom } from "../support/seeded-random.ts";

const test = suite("large service");

/** One of them, and the connection on which it receives. */
interface Caller {
  readonly client: Client;
  readonly bus: MemoryBus;
}

interface Scene {
  readonly clock: FakeClock;
  readonly callers: readonly Caller[];
  /** The roll calls, which have no body. */
  readonly rollCalls: string[];
  /** The numbers of instances that callers have said. */
  readonly sizes: string[];
  /** A heartbeat of that instance, now. */
  readonly beat: (number: number) => void;
  /** That instance sends no heartbeat any more. */
  readonly silence: (number: number) => void;
  /** Heartbeats so far. */
  readonly beats: () => number;
  /** What the callers have said of lost instances. */
  readonly lost: string[];
  /** Instances of which the caller has had a heartbeat since `since`. */
  readonly fresh: (caller: Caller, since: number) => number;
}

async function begin(instances: number, intervalMs: number, shares: readonly number[]): Promise<Scene> {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const [ears, serving] = [network.bus(), network.bus()];
  const [rollCalls, lost]: [string[], string[]] = [[], []];
  let beats = 0;
  const sizes: string[] = [];
  ears.subscribe("health.tea", ({ body }) => {
    const text = new TextDecoder().decode(body);
    (text === "" ? rollCalls : sizes).push(text);
  });
  ears.subscribe("health.tea.*", () => beats++);
  const senders = serve(clock, serving, instances, intervalMs);
  const callers = shares.map((share): Caller => {
    const bus = network.bus();
    const onEvent = ({ kind }: { readonly kind: string }): void => void (kind === "lost" && lost.push(kind));
    return { bus, client: openClient({ service: "tea", bus, clock, random: () => share, onEvent }) };
  });
  await clock.advance(250);
  rollCalls.length = 0;
  const fresh = ({ client }: Caller, since: number): number =>
    [...client.tracker.all()].filter(({ lastHeartbeatAt }) => lastHeartbeatAt >= since).length;
  const beat = (number: number): void => senders[number - 1]?.beat();
  const silence = (number: number): void => void senders[number - 1]?.stop();
  return { clock, callers, rollCalls, sizes, beat, silence, beats: () => beats, lost, fresh };
}

/** Their first heartbeats are spread over the interval. One subscription serves all: the memory bus looks at each. */
function serve(clock: FakeClock, bus: MemoryBus, count: number, intervalMs: number): readonly HeartbeatSender[] {
  const next = seededRandom(7);
  const senders: HeartbeatSender[] = [];
  bus.subscribe("health.tea", (message: Message) => {
    for (const sender of senders) if (sender.state === "up") sender.onRollCall(message);
  });
  for (let number = 1; number <= count; number++) {
    const incarnation = `${number}-a`;
    const who = { service: "tea", instance: number, incarnation, address: `tea.get.${incarnation}`, version: "1" };
    const sender = new HeartbeatSender({
      ...who,
      ...{ operations: ["get"], bus, clock, heartbeatIntervalMs: intervalMs, random: next },
      guard: new Guard("an instance", undefined, clock),
    });
    senders.push(sender);
    clock.after(next() * intervalMs, () => sender.start());
  }
  return senders;
}

/** All of them lose the bus for a second, and are connected at the same moment. */
async function reconnect({ clock, callers }: Scene): Promise<number> {
  for (const { bus } of callers) bus.disconnect();
  await clock.advance(1_000);
  const connectedAt = clock.now();
  for (const { bus } of callers) bus.reconnect();
  return connectedAt;
}

test("after a reconnection one roll call serves all callers of a hundred and one instances", async () => {
  const scene = await begin(101, 60_000, [0.9, 0.1, 0.5, 0.95]);
  const connectedAt = await reconnect(scene);
  assert.equal(scene.rollCalls, []);
  await scene.clock.advance(500);
  assert.equal(scene.rollCalls, [""]);
  for (const caller of scene.callers) assert.is(scene.fresh(caller, connectedAt), 101);
});

test("of a hundred, each caller calls the roll at once: a newcomer may be unknown to it", async () => {
  const scene = await begin(100, 60_000, [0.9, 0.1, 0.5]);
  await reconnect(scene);
  await scene.clock.advance(1);
  assert.equal(scene.rollCalls, ["", "", ""]);
});

test("an instance that is found dead ends the delay: all may have been replaced meanwhile", async () => {
  const scene = await begin(150, 60_000, [0.9]);
  const [caller] = scene.callers;
  if (caller === undefined) throw new Error("no caller");
  await reconnect(scene);
  assert.equal(scene.rollCalls, []);
  // No instance serves calls here.
  const outcome = caller.client.ask({});
  await scene.clock.advance(20);
  assert.equal(scene.rollCalls, [""], "at once, and once for all that are dead");
  assert.is((await outcome).kind, "unanswered");
  await scene.clock.advance(2_000);
  assert.equal(scene.rollCalls, [""]);
});

test("a client that is closed as soon as it is connected calls no roll later", async () => {
  const scene = await begin(150, 60_000, [0.9]);
  const [caller] = scene.callers;
  caller?.client.observe({ onEvent: (event) => void (event.kind === "bus" && caller.client.close()) });
  caller?.bus.disconnect();
  await scene.clock.advance(1_000);
  caller?.bus.reconnect();
  await scene.clock.advance(2_000);
  assert.equal(scene.rollCalls, []);
});

test("while heartbeats arrive by themselves, no roll is called; one that has missed some calls it after all", async () => {
  const scene = await begin(200, 60_000, [0.2]);
  const connectedAt = await reconnect(scene);
  const [caller] = scene.callers;
  if (caller === undefined) throw new Error("no caller");
  for (let number = 1; number <= 80; number++) scene.beat(number);
  await scene.clock.advance(400);
  assert.equal(scene.rollCalls, [], "80 of 200 have come: they are arriving");
  for (let number = 81; number <= 140; number++) scene.beat(number);
  await scene.clock.advance(500);
  assert.equal(scene.rollCalls, []);
  await scene.clock.advance(500);
  assert.equal(scene.rollCalls, [""], "none has come since");
  await scene.clock.advance(1_000);
  assert.equal([scene.rollCalls.length, scene.fresh(caller, connectedAt)], [1, 200]);
});

test("for the rest of nine in ten, the roll is called some seconds later, by one of the callers", async () => {
  const scene = await begin(200, 60_000, [0.2, 0.1, 0.9]);
  const connectedAt = await reconnect(scene);
  for (let number = 1; number <= 190; number++) scene.beat(number);
  await scene.clock.advance(1_500);
  assert.equal(scene.rollCalls, []);
  await scene.clock.advance(500);
  assert.equal(scene.rollCalls, [""]);
  await scene.clock.advance(20_000);
  assert.is(scene.rollCalls.length, 1, "the others have received what it brought");
  for (const caller of scene.callers) assert.is(scene.fresh(caller, connectedAt), 200);
});

test("where some stay away, a caller that has just seen a roll call does not call it again", async () => {
  const scene = await begin(200, 60_000, [0.1, 0.12, 0.9]);
  scene.silence(200);
  await reconnect(scene);
  for (let number = 1; number < 200; number++) scene.beat(number);
  await scene.clock.advance(5_000);
  assert.equal(scene.rollCalls, [""], "the second looks 190 ms after the first, the third seven seconds later");
  await scene.clock.advance(10_000);
  assert.is(scene.rollCalls.length, 2);
});

test("a connection that ends before the roll call, or a client that is closed, sends none", async () => {
  const scene = await begin(101, 60_000, [0.9, 0.8]);
  const [first, second] = scene.callers;
  await reconnect(scene);
  await scene.clock.advance(100);
  first?.bus.disconnect();
  second?.client.close();
  await scene.clock.advance(2_000);
  assert.equal(scene.rollCalls, []);
});

class CountingClock extends FakeClock {
  polls = 0;

  override afterIoPoll(act: () => void): void {
    this.polls += 1;
    super.afterIoPoll(act);
  }
}

test("a roll call that five hundred instances answer schedules one poll, not one for each heartbeat", async () => {
  const clock = new CountingClock();
  const network = new MemoryNetwork(clock);
  serve(clock, network.bus(), 500, 60_000);
  const client = openClient({ service: "tea", bus: network.bus(), clock });
  await clock.advance(100);
  assert.equal([client.instances().length, clock.polls], [500, 1]);
});

test("too many heartbeats become a hundred a second, no lease ends meanwhile, and one caller has said it", async () => {
  const scene = await begin(1_600, 5_000, [0.4, 0.1, 0.7]);
  await scene.clock.advance(5_000);
  const before = scene.beats();
  await scene.clock.advance(5_000);
  assert.ok(scene.beats() - before > 1_500, `${scene.beats() - before} beats in an interval`);
  await scene.clock.advance(30_000);
  assert.equal(scene.sizes, ['{"known":1600}']);
  const later = scene.beats();
  await scene.clock.advance(60_000);
  const perSecond = (scene.beats() - later) / 60;
  assert.ok(perSecond > 95 && perSecond < 125, `${perSecond} a second, with jitter`);
  assert.equal([scene.sizes.length, scene.lost], [1, []]);
});

test.run();
