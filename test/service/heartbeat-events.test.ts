// The effects on a client of each heartbeat, and of a bus that comes and goes: events, leases, and the roll call that its first
// calls wait for.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Tracker } from "../../src/health/tracker.ts";
import { type ClientEvent, type ClientOptions, withDefaults } from "../../src/service/client-options.ts";
import { HeartbeatListener } from "../../src/service/heartbeat-listener.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("events of heartbeats");

const INTERVAL_MS = 1_000;
/** Far more than the lease of an instance that beats every second. */
const LONG_MS = 60 * INTERVAL_MS;

class Scene {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly bus = this.network.bus();
  readonly heartbeatBus = this.network.bus();
  readonly sender = this.network.bus();
  readonly events: ClientEvent[] = [];
  readonly reports: string[] = [];
  /** Bodies of the roll calls. */
  readonly rollCalls: string[] = [];
  readonly tracker: Tracker;
  readonly listener: HeartbeatListener;
  #seq = 0;

  constructor(rules: ClientOptions["rules"] = {}) {
    const { bus, heartbeatBus, clock } = this;
    const options = withDefaults({
      ...{ service: "ratings", bus, heartbeatBus, clock, rules },
      onEvent: (event) => this.events.push(event),
      report: (sentence) => this.reports.push(sentence),
    });
    this.tracker = new Tracker(options.rules, () => 0);
    this.listener = new HeartbeatListener(options, this.tracker, (changes) => this.events.push(...changes));
    this.sender.subscribe("health.ratings", ({ body }) => this.rollCalls.push(new TextDecoder().decode(body)));
  }

  async start(): Promise<this> {
    this.listener.start();
    await this.clock.advance(0);
    return this;
  }

  /** Publishes a heartbeat of instance 1, with what a test changes in it. */
  async beat(over: object = {}, subject = "health.ratings.1-a"): Promise<void> {
    this.#seq += 1;
    await this.send(subject, JSON.stringify({ ...beatOf(1, { seq: this.#seq, intervalMs: INTERVAL_MS }), ...over }));
  }

  async send(subject: string, body: string): Promise<void> {
    this.sender.publish(subject, body);
    await this.clock.advance(0);
  }

  /** The events since the last call. */
  take(): readonly ClientEvent[] {
    return this.events.splice(0);
  }

  /** The statuses of the bus that were emitted since the last call. */
  statuses(): readonly string[] {
    return this.take().flatMap((event) => (event.kind === "bus" ? [event.status] : []));
  }

  kinds(): readonly string[] {
    return this.take().map(({ kind }) => kind);
  }
}

/** As a heartbeat lists it. */
const SLOW = [{ fault: "slow", byMs: 300, endsInMs: 5_000 }];
const WHO = { service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a" };

test("a message that is no heartbeat of its sender is an event with its subject and the reason, and changes nothing", async () => {
  const scene = await new Scene().start();
  for (const [subject, body, why] of [
    ["health.ratings.1-a", "{", /JSON/],
    ["health.ratings.1-a", "7", /not an object/],
    ["health.ratings.1-a", JSON.stringify(beatOf(2)), /incarnation is not the one of its subject/],
    ["health.ratings.a$b", JSON.stringify(beatOf(1)), /its subject names no incarnation/],
  ] as const) {
    await scene.send(subject, body);
    const [event, ...others] = scene.take();
    assert.is(event?.kind, "unreadable-heartbeat", body);
    if (event?.kind !== "unreadable-heartbeat") continue;
    assert.is(event.subject, subject);
    assert.match(event.why, why);
    assert.equal(others, []);
  }
  assert.is(scene.tracker.size, 0);
  assert.ok(scene.listener.rollCall !== undefined, "no instance has answered the roll call");
});

test("while newcomers are throttled, known ones are received, and a subject without a sender is reported", async () => {
  const scene = await new Scene().start();
  await scene.beat();
  let throttled = 0;
  for (let number = 0; throttled === 0; number += 1) {
    // Nothing in it can be read, so each costs its place and no row.
    scene.sender.publish(`health.ratings.new-${number}`, "{");
    if (number % 1_000 === 0) await scene.clock.advance(0);
    throttled = scene.events.filter(({ kind }) => kind === "newcomers-throttled").length;
  }
  await scene.clock.advance(0);
  scene.take();
  await scene.beat({ state: "draining" });
  assert.equal(scene.kinds(), ["draining"]);
  await scene.send("health.ratings.a$b", "{");
  assert.equal(scene.kinds(), ["unreadable-heartbeat"]);
  await scene.send("health.ratings.late", "{");
  assert.equal(scene.kinds(), ["newcomers-throttled"]);
});

test("faults of an instance are one event when they change, with its name and their ends", async () => {
  const scene = await new Scene().start();
  await scene.beat();
  scene.take();
  await scene.beat({ faults: SLOW });
  const until = scene.clock.now() + 5_000;
  assert.equal(scene.take(), [{ kind: "faults", who: WHO, faults: [{ kind: "slow", byMs: 300, until }] }]);
  await scene.beat({ faults: SLOW });
  assert.equal(scene.take(), []);
  await scene.beat();
  assert.equal(scene.take(), [], "it says nothing of faults");
  await scene.beat({ faults: [] });
  assert.equal(scene.take(), [{ kind: "faults", who: WHO, faults: [] }]);
});

test("an instance that leaves has no faults, and neither has one that the full table rejects", async () => {
  const faults = SLOW;
  const leaving = await new Scene().start();
  await leaving.beat();
  await leaving.beat({ state: "draining", faults });
  assert.equal(leaving.kinds(), ["joined", "draining"]);

  const full = await new Scene({ maxIncarnations: 10 }).start();
  for (let number = 1; number <= 10; number += 1) {
    await full.beat(beatOf(number, { intervalMs: INTERVAL_MS }), `health.ratings.${number}-a`);
    const member = [...full.tracker.all()].at(-1);
    if (member === undefined) throw new Error("the instance is unknown");
    full.tracker.settle(full.tracker.admit(member, full.clock.now()), "answered", full.clock.now());
  }
  full.take();
  await full.beat({ ...beatOf(11), faults }, "health.ratings.11-a");
  assert.ok(!full.tracker.knows("11-a"));
  assert.ok(!full.kinds().includes("faults"));
});

test("`connected` is said once calls and heartbeats can be sent, whichever bus comes last", async () => {
  for (const last of ["bus", "heartbeatBus"] as const) {
    const scene = new Scene();
    const first = last === "bus" ? "heartbeatBus" : "bus";
    for (const each of [scene.bus, scene.heartbeatBus]) each.disconnect();
    await scene.start();
    scene[first].reconnect();
    assert.equal(scene.statuses(), [], `${first} is back`);
    scene[last].reconnect();
    assert.equal(scene.statuses(), ["connected"], `${last} is back`);
  }
});

test("a client that starts with one of the two away says so once the other is there", async () => {
  for (const away of ["bus", "heartbeatBus"] as const) {
    const scene = new Scene();
    scene[away].disconnect();
    await scene.start();
    assert.equal(scene.statuses(), []);
    scene[away].reconnect();
    assert.equal(scene.statuses(), ["connected"], away);
  }
});

test("once `connected` was said, the events follow the bus of the calls alone", async () => {
  const scene = await new Scene().start();
  scene.heartbeatBus.disconnect();
  scene.bus.disconnect();
  assert.equal(scene.statuses(), ["disconnected"]);
  scene.bus.reconnect();
  assert.equal(scene.statuses(), [], "no heartbeat can arrive yet");
  scene.bus.disconnect();
  assert.equal(scene.statuses(), [], "it was not reported as connected");
  scene.bus.reconnect();
  scene.heartbeatBus.reconnect();
  assert.equal(scene.statuses(), ["connected"]);
  scene.heartbeatBus.disconnect();
  scene.heartbeatBus.reconnect();
  assert.equal(scene.statuses(), [], "the calls were not interrupted");
});

test("the end of the bus is always said, also of one that never connected", async () => {
  for (const away of [[], ["bus"], ["heartbeatBus"], ["bus", "heartbeatBus"]] as const) {
    const scene = new Scene();
    for (const each of away) scene[each].disconnect();
    await scene.start();
    void scene.bus.close();
    assert.equal(scene.statuses(), ["closed"], `away: ${away}`);
  }
});

test("an interruption of heartbeats alone has its length, and one of the bus is none", async () => {
  const scene = await new Scene().start();
  await scene.clock.advance(INTERVAL_MS);
  scene.heartbeatBus.disconnect();
  await scene.clock.advance(LONG_MS);
  scene.heartbeatBus.reconnect();
  assert.equal(scene.take(), [{ kind: "heartbeats-interrupted", interruptedMs: LONG_MS }]);
  scene.bus.disconnect();
  scene.heartbeatBus.disconnect();
  scene.take();
  await scene.clock.advance(LONG_MS);
  scene.heartbeatBus.reconnect();
  scene.bus.reconnect();
  assert.equal(scene.kinds(), ["bus"]);
});

/** Lets the time pass in which a lease ends, with a tick. */
async function passes(scene: Scene, ms: number): Promise<readonly string[]> {
  await scene.clock.advance(ms);
  return scene.tracker.tick(scene.clock.now()).map(({ kind }) => kind);
}

test("leases stand still while no heartbeat can arrive, from the start on, and go on with the connection", async () => {
  const scene = new Scene();
  scene.heartbeatBus.disconnect();
  // A balancer may know instances before the client starts, as one that was kept.
  scene.tracker.onHeartbeat(beatOf(1, { intervalMs: INTERVAL_MS }), scene.clock.now());
  await scene.start();
  assert.equal(await passes(scene, LONG_MS), []);
  scene.heartbeatBus.reconnect();
  assert.equal(await passes(scene, LONG_MS), ["lost"]);
  await scene.beat();
  scene.heartbeatBus.disconnect();
  assert.equal(await passes(scene, LONG_MS), []);
});

test("a balancer that throws at the start or at a reconnect is reported, and the client goes on", async () => {
  for (const method of ["freezeLeases", "resumeLeases"] as const) {
    const scene = new Scene();
    scene.tracker[method] = () => {
      throw new Error("boom");
    };
    scene.heartbeatBus.disconnect();
    await scene.start();
    scene.heartbeatBus.reconnect();
    await scene.beat();
    assert.ok(scene.tracker.knows("1-a"), method);
    assert.match(scene.reports.join(), /^core of the client of ratings failed, .*boom/, method);
    assert.is(scene.reports.length, 1);
  }
});

test("calls wait for a roll call only while no instance is live; a roll is called all the same", async () => {
  const scene = await new Scene().start();
  assert.ok(scene.listener.rollCall !== undefined);
  await scene.beat();
  await scene.clock.advance(INTERVAL_MS / 2);
  assert.is(scene.listener.rollCall, undefined, "it is over");
  scene.heartbeatBus.disconnect();
  scene.heartbeatBus.reconnect();
  await scene.clock.advance(0);
  assert.is(scene.listener.rollCall, undefined, "calls have an instance to go to");
  assert.equal(scene.rollCalls, ["", ""]);
});

test("a connection that is lost ends the wait for its roll call", async () => {
  const scene = await new Scene().start();
  assert.ok(scene.listener.rollCall !== undefined);
  scene.heartbeatBus.disconnect();
  await scene.clock.advance(0);
  assert.is(scene.listener.rollCall, undefined);
});

test("heartbeats are required: without the right to receive them the start is refused, and says so", async () => {
  const scene = new Scene();
  const asked: unknown[] = [];
  const { heartbeatBus } = scene as { heartbeatBus: MemoryBus };
  const subscribe = heartbeatBus.subscribe.bind(heartbeatBus);
  Object.assign(heartbeatBus, {
    subscribe: (...given: Parameters<MemoryBus["subscribe"]>) => {
      asked.push([given[0], (given as readonly unknown[])[3]]);
      return subscribe(...given);
    },
  });
  await scene.start();
  assert.equal(asked, [["health.ratings.*", "required"]]);
});

test("a closed client receives nothing more", async () => {
  const scene = await new Scene().start();
  scene.listener.close();
  await scene.beat();
  scene.bus.disconnect();
  scene.heartbeatBus.disconnect();
  assert.equal(scene.take(), []);
  assert.is(scene.listener.rollCall, undefined);
});

test.run();
