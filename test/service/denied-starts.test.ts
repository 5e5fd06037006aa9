// The start of an instance on a bus that denies it, and among answers to its roll call that are none.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimNumber } from "../../src/service/claim-number.ts";
import { answer } from "../../src/service/core/handler.ts";
import { holderOf, readRollCallAnswer } from "../../src/service/identity.ts";
import { startClaimed, startInstance } from "../../src/service/instance.ts";
import { NotPermitted } from "../../src/service/start-errors.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("denied starts");

const SERVICE = "ratings";
const INSTANCE = { service: SERVICE, instance: 2, handle: () => answer({}) };
const LONG_MS = 10_000;
const DENIAL = { kind: "limited", message: "not allowed to subscribe to health.ratings", isDenial: true };
const OUTAGE = { kind: "unreachable", message: "connection refused" };

/** A bus that loses its connection with its first flush, for that reason. Counts the subscriptions that are left. */
function losing(bus: MemoryBus, lastFailure: object | undefined) {
  const flush = bus.flush.bind(bus);
  const subscribe = bus.subscribe.bind(bus);
  const scene = { open: 0, flushes: 0 };
  Object.assign(bus, {
    lastFailure,
    flush: () => {
      scene.flushes += 1;
      if (scene.flushes > 1) return flush();
      bus.disconnect();
      return Promise.resolve(false);
    },
    subscribe: (...given: Parameters<MemoryBus["subscribe"]>) => {
      scene.open += 1;
      const { close, drain } = subscribe(...given);
      const ended = <T>(end: () => T): T => {
        scene.open -= 1;
        return end();
      };
      return { close: () => ended(close), drain: () => ended(drain) };
    },
  });
  return scene;
}

const STARTS: readonly (readonly [string, (bus: MemoryBus, clock: FakeClock) => Promise<unknown>])[] = [
  ["claimNumber", (bus, clock) => claimNumber(bus, SERVICE, clock)],
  ["startInstance", (bus, clock) => startInstance({ ...INSTANCE, bus, clock })],
  [
    "startClaimed",
    (bus, clock) => {
      const claimed = { instance: 2, holder: () => Promise.resolve(undefined), release: () => undefined };
      return startClaimed({ ...INSTANCE, bus, clock }, claimed);
    },
  ],
];

test("a start that the server denies ends with the reason, and leaves no subscription", async () => {
  for (const [name, start] of STARTS) {
    const clock = new FakeClock();
    const bus = new MemoryNetwork(clock).bus();
    const scene = losing(bus, DENIAL);
    const error: unknown = await clock.run(start(bus, clock).catch((reason: unknown) => reason));
    assert.instance(error, NotPermitted, name);
    assert.equal([(error as Error).name, (error as Error).message], ["NotPermitted", DENIAL.message], name);
    await clock.advance(LONG_MS);
    assert.equal([scene.open, clock.timers], [0, 0], name);
  }
});

test("a start whose bus is away for another reason goes on once that is back", async () => {
  for (const [name, start] of STARTS)
    for (const failure of [undefined, OUTAGE]) {
      const clock = new FakeClock();
      const bus = new MemoryNetwork(clock).bus();
      losing(bus, failure);
      const starting = start(bus, clock).then(
        () => "started",
        (reason: Error) => reason.message,
      );
      await clock.advance(100);
      bus.reconnect();
      assert.is(await clock.run(starting, { limitMs: LONG_MS }), "started", name);
    }
});

test("a denial of something else does not end the start of a bus that is connected", async () => {
  for (const [name, start] of STARTS) {
    const clock = new FakeClock();
    const bus = new MemoryNetwork(clock).bus();
    Object.assign(bus, { lastFailure: DENIAL });
    const starting = start(bus, clock).then(
      () => "started",
      (reason: Error) => reason.message,
    );
    assert.is(await clock.run(starting, { limitMs: LONG_MS }), "started", name);
  }
});

const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

test("what is no heartbeat in answer to a roll call takes no number, and neither does one that has left", async () => {
  for (const [answers, expected] of [
    [[], 1],
    [["{", "", "7", "null", {}, { ...beatOf(1), service: "tea" }, { ...beatOf(1), incarnation: "a b" }], 1],
    [[beatOf(1, { state: "gone" })], 1],
    [[beatOf(1)], 2],
    [[beatOf(1, { state: "draining" })], 2],
    [[beatOf(2), beatOf(1)], 3],
  ] as const) {
    const clock = new FakeClock();
    const network = new MemoryNetwork(clock);
    const others = network.bus();
    for (const one of answers) others.subscribe(`health.${SERVICE}`, (message) => void message.answer(bytesOf(one)));
    const claimed = await clock.run(claimNumber(network.bus(), SERVICE, clock));
    assert.is(claimed.instance, expected, JSON.stringify(answers));
    claimed.release();
  }
});

test("a number is held by one that is up, or that is not ready yet; not by one that leaves", () => {
  const holder = (...answers: readonly unknown[]): string | undefined =>
    holderOf(SERVICE, 1, answers.map(bytesOf))?.incarnation;
  assert.is(holder(), undefined);
  assert.is(holder("{", { ...beatOf(1), incarnation: 7 }, beatOf(2)), undefined);
  assert.is(holder("{", beatOf(2), beatOf(1)), "1-a");
  assert.is(holder(beatOf(1, { state: "draining" })), undefined);
  assert.is(holder(beatOf(1, { state: "gone" })), undefined);
  assert.is(holder({ ...beatOf(1, { state: "draining" }), ready: false }), "1-a");
  assert.is(readRollCallAnswer(SERVICE, bytesOf(beatOf(1)))?.isReady, true);
  for (const incarnation of ["a b", "", 7, null])
    assert.is(
      readRollCallAnswer(SERVICE, bytesOf({ ...beatOf(1), incarnation, address: `ratings.get.${incarnation}` })),
      undefined,
    );
  assert.is(readRollCallAnswer(SERVICE, bytesOf({ ...beatOf(1), seq: -1 })), undefined);
});

test.run();
