// An instance under faults, with a clock that is pushed: what it does to requests and beats, and that all of it ends.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeCommand, type FaultCommand } from "../../src/faults/core/faults.ts";
import { broadcastFault, sendFaultCommand } from "../../src/faults/fault-client.ts";
import type { PauseHandle, ProcessControl } from "../../src/faults/process-control.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { goldenOf } from "../support/golden.ts";
import { ServiceScene } from "../support/service-scene.ts";

const test = suite("an instance under faults");
const golden = goldenOf(test, "service");

const ID = "1-a";
const SECOND_MS = 1_000;

interface Done {
  stops: number;
  kills: number;
  released: number;
}

/** A process that can be stopped as far as a test sees it: the clock stalls, for as long as the test says. */
class FakeProcess implements ProcessControl {
  readonly done: Done = { stops: 0, kills: 0, released: 0 };
  readonly #clock: FakeClock;
  /** How long a stop lasts. */
  stopMs = 0;
  arming: Promise<void> = Promise.resolve();
  onStop: () => void = () => undefined;
  trouble: string | undefined;
  /** Whether both watches are still there when the pause is to begin. */
  isWatched = true;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async preparePause(): Promise<PauseHandle> {
    await this.arming;
    if (this.trouble !== undefined) return { kind: "failed", why: this.trouble };
    return {
      kind: "armed",
      begin: async () => this.isWatched,
      stop: () => {
        this.done.stops += 1;
        this.onStop();
        this.#clock.stallNow(this.stopMs);
      },
      release: () => {
        this.done.released += 1;
      },
    };
  }

  kill(): void {
    this.done.kills += 1;
  }
}

async function begin({ chaos = true } = {}) {
  const beats: { readonly faults?: readonly { readonly fault: string }[] }[] = [];
  const scene = new ServiceScene({ instance: { random: () => 0.5 } });
  const { clock, network, caller, instanceEvents: events } = scene;
  const process = new FakeProcess(clock);
  caller.subscribe("health.tea.*", ({ body }) => beats.push(JSON.parse(Buffer.from(body).toString())));
  await scene.start(chaos ? { chaos: process } : {});
  const [bus] = scene.buses as [MemoryBus];
  const now = async <T>(asked: Promise<T>): Promise<T> => {
    await clock.advance(20);
    return asked;
  };
  return {
    ...{ clock, network, bus, caller, beats, events, process, now, instance: scene.instance },
    ask: (order: FaultCommand) => now(sendFaultCommand(caller, "tea", ID, order)),
    call: () => caller.request("tea.get.1-a", "{}", { timeoutMs: 60 * SECOND_MS }),
    kinds: () => events.map(({ kind }) => kind),
  };
}

const slow = (byMs: number, forMs = 10 * SECOND_MS): FaultCommand => ({
  kind: "begin",
  fault: { kind: "slow", byMs },
  forMs,
});
const mute = (forMs: number): FaultCommand => ({ kind: "begin", fault: { kind: "mute" }, forMs });
const pauseFor = (forMs: number): FaultCommand => ({ kind: "begin", fault: { kind: "pause" }, forMs });

test("without CHAOS=1 there is no such subject, and no word of it in a heartbeat", async () => {
  const { ask, caller, now, beats, kinds } = await begin({ chaos: false });
  assert.equal(await ask({ kind: "list" }), { kind: "unanswered", why: "no-responders" });
  const all = await now(caller.request("chaos.tea", encodeCommand({ kind: "reset" }), { timeoutMs: 100 }));
  assert.is(all.kind, "no-responders");
  assert.ok(beats.length > 0 && beats.every((beat) => !("faults" in beat)));
  assert.not.ok(kinds().includes("takes faults"));
});

test("a pause begins once a process is ready to end it, and ends with a beat", async () => {
  const { ask, process, beats, events, clock } = await begin();
  process.stopMs = 5 * SECOND_MS;
  const asked = await ask(pauseFor(5 * SECOND_MS));
  assert.is(asked.kind, "done");
  await clock.advance(100);
  assert.is(process.done.stops, 1);
  assert.equal(beats.at(-1)?.faults, []);
  assert.ok(beats.some((beat) => beat.faults?.some(({ fault }) => fault === "pause")));
  const ended = events.find((event) => event.kind === "fault ended");
  assert.equal(ended?.kind === "fault ended" && ended.why, "over");
});

test("mute: one last heartbeat, then none, not even to a roll call, until its end", async () => {
  const { ask, call, clock, beats, caller, now } = await begin();
  const before = beats.length;
  await ask(mute(40 * SECOND_MS));
  assert.equal(
    beats.slice(before).map((beat) => beat.faults?.map(({ fault }) => fault)),
    [["mute"]],
  );
  await clock.advance(30 * SECOND_MS);
  const roll = await now(caller.requestMany("health.tea", "", 10));
  await ask(slow(5, 60 * SECOND_MS));
  assert.equal([beats.length, roll.length], [before + 1, 0]);
  assert.is((await now(call())).kind, "answered");
  await clock.advance(10 * SECOND_MS);
  assert.equal(
    beats.at(-1)?.faults?.map(({ fault }) => fault),
    ["slow"],
  );
});

test("without a process that could end it, there is no pause", async () => {
  const { ask, process, kinds } = await begin();
  process.trouble = "no room for another process";
  golden(await ask(pauseFor(SECOND_MS)));
  assert.is(process.done.stops, 0);
  assert.not.ok(kinds().includes("fault begins"));
});

test("all are asked only for a list, and for the reset of everything", async () => {
  const { ask, caller, now, beats } = await begin();
  await ask(slow(5));
  await ask({ kind: "begin", fault: { kind: "fail", share: 0.1 }, forMs: SECOND_MS });
  const [taker] = await now(broadcastFault(caller, "tea", "list", 10));
  assert.equal(
    taker?.faults.map(({ kind }) => kind),
    ["slow", "fail"],
  );
  for (const order of [mute(SECOND_MS), { kind: "kill" } as const]) {
    const reply = await now(caller.request("chaos.tea", encodeCommand(order), { timeoutMs: 100 }));
    golden(reply);
  }
  const [reset] = await now(broadcastFault(caller, "tea", "reset", 10));
  assert.equal(reset?.faults, []);
  assert.equal(beats.at(-1)?.faults, []);
});

for (const end of ["a reset", "a goodbye"])
  test(`${end} while a pause is being prepared: it does not stop any more`, () => endedBeforeItBegan(end));

async function endedBeforeItBegan(end: string): Promise<void> {
  const { ask, process, instance, clock, caller, now, kinds } = await begin();
  let ready: () => void = () => undefined;
  process.arming = new Promise((resolve) => {
    ready = resolve;
  });
  const pausing = sendFaultCommand(caller, "tea", ID, pauseFor(SECOND_MS));
  await clock.advance(20);
  golden(await ask(slow(1)));
  const ending = end === "a reset" ? sendFaultCommand(caller, "tea", ID, { kind: "reset" }) : instance.goodbye();
  await clock.advance(100);
  ready();
  await clock.advance(100);
  await ending;
  assert.equal([process.done.stops, process.done.released], [0, 1]);
  assert.not.ok(kinds().includes("fault begins"));
  golden(await now(pausing));
}

test("what was asked of it while it slept does not begin when it wakes; a reset does count", async () => {
  const { ask, bus, caller, clock, kinds, now } = await begin();
  await ask(slow(5, 60 * SECOND_MS));
  bus.pause();
  clock.stallNow(3 * SECOND_MS);
  const late = caller.request("chaos.tea.1-a", encodeCommand(mute(60 * SECOND_MS)), { timeoutMs: SECOND_MS });
  bus.resume();
  const reply = await now(late);
  golden(reply);
  assert.is(kinds().filter((kind) => kind === "fault begins").length, 1);
  await clock.advance(SECOND_MS);
  assert.is((await ask(mute(SECOND_MS))).kind, "done");
});

test("a pause that is too short for the clock to notice counts as sleep, too", async () => {
  const { bus, caller, clock, kinds, process, now } = await begin();
  const pausing = caller.request("chaos.tea.1-a", encodeCommand(pauseFor(SECOND_MS)), { timeoutMs: SECOND_MS });
  process.onStop = () => {
    bus.pause();
    void caller.request("chaos.tea.1-a", encodeCommand(mute(SECOND_MS)), { timeoutMs: SECOND_MS });
    clock.read(() => bus.resume());
  };
  await now(pausing);
  await clock.advance(SECOND_MS);
  assert.is(process.done.stops, 1);
  assert.is(kinds().filter((kind) => kind === "fault begins").length, 1);
});

test("the end is counted in real time: a pause makes no other fault longer", async () => {
  const { ask, clock, process, kinds } = await begin();
  await ask(slow(5, 6 * SECOND_MS));
  process.stopMs = 5 * SECOND_MS;
  await ask(pauseFor(5 * SECOND_MS));
  await clock.advance(1_200);
  assert.is(kinds().filter((kind) => kind === "fault ended").length, 2);
});

test("who leaves ends its faults first, answers what they held, and leaves no timer", async () => {
  const { ask, call, instance, clock, beats } = await begin();
  await ask(mute(60 * SECOND_MS));
  await ask(slow(60 * SECOND_MS, 60 * SECOND_MS));
  const reply = call();
  await clock.advance(20);
  const leaving = instance.goodbye();
  await clock.advance(100);
  await leaving;
  assert.is((await reply).kind, "answered");
  assert.equal(
    beats.slice(-2).map((beat) => (beat as { state?: string }).state),
    ["draining", "gone"],
  );
  assert.is((await ask({ kind: "list" })).kind, "unanswered");
});

test.run();
