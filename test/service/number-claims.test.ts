// Instances without a number take the lowest that is free, also if several start at the same time.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimNumber } from "../../src/service/claim-number.ts";
import { answer } from "../../src/service/core/handler.ts";
import { type Claim, claimIn, laterOf, nextNumber } from "../../src/service/core/number-claims.ts";
import { startClaimed, startInstance } from "../../src/service/instance.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";

const test = suite("number claims");

const claim = (id: string, instance: number, isFixed = false): Claim => ({ id, instance, round: 1, isFixed });

test("a claim holds if none that is ahead has the number, and else becomes the next free number", () => {
  const rows: readonly (readonly [own: Claim, taken: readonly number[], rivals: readonly Claim[], next: number])[] = [
    [claim("m", 1), [], [], 1],
    [claim("m", 1), [1], [], 2],
    [claim("m", 1), [1, 2, 4], [], 3],
    [claim("m", 3), [1, 2], [], 3],
    // The lower id holds, and a fixed claim against all.
    [claim("m", 1), [], [claim("n", 1)], 1],
    [claim("m", 1), [], [claim("a", 1)], 2],
    [claim("m", 1), [], [claim("n", 1, true)], 2],
    // Those that lose together choose different numbers.
    [claim("m", 1), [], [claim("a", 1), claim("b", 1), claim("n", 1)], 3],
    [claim("m", 1), [1, 3], [claim("a", 1), claim("n", 1)], 4],
    [claim("a", 1), [1, 3], [claim("m", 1), claim("n", 1)], 2],
    // A number that another claims is not free.
    [claim("m", 1), [1], [claim("n", 2), claim("o", 3, true)], 4],
  ];
  for (const [own, taken, rivals, next] of rows)
    assert.is(nextNumber(own, new Set(taken), rivals), next, JSON.stringify([own, taken, rivals]));
});

test("only a whole claim is one", () => {
  assert.equal(
    claimIn({ claim: { id: "a_-1", instance: 2, round: 1, isFixed: true, more: 1 } }, 9),
    claim("a_-1", 2, true),
  );
  assert.equal(claimIn({ claim: { id: "a", instance: 9, round: 1 } }, 9), claim("a", 9));
  for (const value of [
    undefined,
    null,
    "",
    { claim: null },
    { claim: { id: "", instance: 1, round: 1 } },
    { claim: { id: "a b", instance: 1, round: 1 } },
    { claim: { id: "a".repeat(65), instance: 1, round: 1 } },
    { claim: { id: "a", instance: 0, round: 1 } },
    { claim: { id: "a", instance: 10, round: 1 } },
    { claim: { id: "a", instance: "1", round: 1 } },
    { claim: { id: "a", instance: 1, round: 0 } },
    { claim: { id: "a", instance: 1 } },
    { id: "a", instance: 1, round: 1 },
  ])
    assert.is(claimIn(value, 9), undefined, JSON.stringify(value));
});

test("a claim replaces an earlier one of the same start, whichever arrives last", () => {
  const [first, second] = [claim("a", 1), { ...claim("a", 2), round: 2 }];
  assert.equal(laterOf(undefined, first), first);
  assert.equal([laterOf(first, second), laterOf(second, first)], [second, second]);
  const fixed = { ...second, isFixed: true };
  assert.equal([laterOf(second, fixed), laterOf(fixed, second)], [fixed, fixed]);
});

/** Takes numbers on one network, and starts an instance with each. */
class Starts {
  readonly clock = new FakeClock();
  readonly network: MemoryNetwork;

  constructor(delayMs: (subject: string) => number = () => 1) {
    this.network = new MemoryNetwork(this.clock, { delayMs });
  }

  async start(): Promise<number> {
    const [bus, clock] = [this.network.bus(), this.clock];
    const claimed = await claimNumber(bus, "tea");
    const { instance } = claimed;
    const started = await startClaimed({ service: "tea", instance, bus, clock, handle: () => answer({}) }, claimed);
    claimed.release();
    assert.is(started.kind, "started", `number ${instance}`);
    return instance;
  }

  /** Starts with a number that it was given. @returns its kind, and the incarnation that has the number */
  async startWith(instance: number, incarnation: string): Promise<string> {
    const [bus, clock] = [this.network.bus(), this.clock];
    const started = await startInstance({
      service: "tea",
      instance,
      incarnation,
      bus,
      clock,
      handle: () => answer({}),
    });
    return started.kind === "taken" ? `not with ${started.by.incarnation}` : incarnation;
  }

  /** Starts so many, each so much later than the one before. */
  async startAll(count: number, everyMs: number): Promise<readonly number[]> {
    return (await this.eachOf(count, everyMs, () => this.start())).sort((a, b) => a - b);
  }

  async eachOf<T>(count: number, everyMs: number, start: (place: number) => Promise<T>): Promise<T[]> {
    const starting: Promise<T>[] = [];
    for (let one = 0; one < count; one += 1) {
      starting.push(start(one));
      await this.clock.advance(everyMs);
    }
    await this.clock.advance(20_000);
    return Promise.all(starting);
  }
}

test("instances that start one after the other count up, and one that left leaves its number", async () => {
  const starts = new Starts();
  assert.equal(await starts.startAll(3, 2_000), [1, 2, 3]);
});

test("instances that start at the same time get different numbers", async () => {
  const numbers = await new Starts().startAll(8, 0);
  assert.equal(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("so do those that start within the claims of others, whatever the delays are", async () => {
  for (const everyMs of [3, 17, 40, 80, 130, 240, 249, 250, 251, 260]) {
    let sent = 0;
    const starts = new Starts(() => 1 + ((sent++ * 7) % 40));
    const numbers = await starts.startAll(8, everyMs);
    assert.is(new Set(numbers).size, 8, `every ${everyMs} ms: ${numbers}`);
  }
});

test("of several with one number one starts, and the others learn which, whatever the delays are", async () => {
  for (const everyMs of [0, 3, 17, 130, 240, 249, 250, 251, 260]) {
    let sent = 0;
    const starts = new Starts(() => 1 + ((sent++ * 7) % 40));
    const ends = await starts.eachOf(4, everyMs, (place) => starts.startWith(2, `2-${place}`));
    const started = ends.filter((end) => !end.startsWith("not"));
    assert.is(started.length, 1, `every ${everyMs} ms: ${ends}`);
    assert.equal(new Set(ends), new Set([started[0], `not with ${started[0]}`]), `every ${everyMs} ms`);
  }
});

test("one that is alone starts after one wait, and one whose rival gives up as well", async () => {
  const alone = new Starts();
  const from = alone.clock.now();
  assert.is(await alone.clock.run(alone.startWith(2, "2-a")), "2-a");
  const tookMs = alone.clock.now() - from;
  assert.ok(tookMs >= 250 && tookMs <= 260, `${tookMs} ms`);

  const starts = new Starts();
  const bus = starts.network.bus();
  // Ahead of any other claim, for a while.
  const rival = JSON.stringify({ claim: { id: "-", instance: 2, round: 1, isFixed: true } });
  const subscription = bus.subscribe("health.tea", (message) => void message.answer(rival));
  const starting = starts.startWith(2, "2-a");
  await starts.clock.advance(600);
  subscription.close();
  assert.is(await starts.clock.run(starting), "2-a");
});

/** The end of a start on a bus whose flush returns false so many times. */
async function startWithoutFlush(failures: number, start: (starts: Starts, bus: MemoryBus) => Promise<unknown>) {
  const starts = new Starts();
  const bus = starts.network.bus();
  await starts.clock.advance(10);
  const flush = bus.flush.bind(bus);
  let flushes = 0;
  bus.flush = () => (++flushes <= failures ? Promise.resolve(false) : flush());
  const from = starts.clock.now();
  const started = start(starts, bus).then(
    () => "started",
    (error: Error) => error.message,
  );
  const end = await starts.clock.run(started, { limitMs: 5_000 });
  return { end, tookMs: starts.clock.now() - from };
}

test("a start on a connected bus that never flushes fails within a second, and one false flush is repeated", async () => {
  const options = { service: "tea", instance: 2, handle: () => answer({}) };
  const ways: readonly ((starts: Starts, bus: MemoryBus) => Promise<unknown>)[] = [
    ({ clock }, bus) => startInstance({ ...options, bus, clock }),
    ({ clock }, bus) => claimNumber(bus, "tea", clock),
    // The claim holds: the start itself never flushes.
    async ({ clock }, bus) => {
      const claimed = { instance: 2, holder: () => Promise.resolve(undefined), release: () => undefined };
      return startClaimed({ ...options, bus, clock }, claimed);
    },
  ];
  for (const [place, way] of ways.entries()) {
    const { end, tookMs } = await startWithoutFlush(Number.POSITIVE_INFINITY, way);
    assert.match(end, /^the bus is connected, and its flush\(\) returned false 20 times/, `way ${place}`);
    assert.ok(tookMs >= 900 && tookMs <= 1_100, `way ${place}: ${tookMs} ms`);
    assert.is((await startWithoutFlush(1, way)).end, "started", `way ${place}`);
  }
});

test.run();
