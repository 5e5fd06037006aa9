// Instances without a number take the lowest that is free, also if several start at the same time.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimNumber } from "../../src/service/claim-number.ts";
import { answer } from "../../src/service/core/handler.ts";
import { type Claim, claimIn, laterOf, nextNumber } from "../../src/service/core/number-claims.ts";
import { startInstance } from "../../src/service/instance.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
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
    const started = await startInstance({ service: "tea", instance, bus, clock, handle: () => answer({}) });
    claimed.release();
    assert.is(started.kind, "started", `number ${instance}`);
    return instance;
  }

  /** Starts so many, each so much later than the one before. */
  async startAll(count: number, everyMs: number): Promise<readonly number[]> {
    const starting: Promise<number>[] = [];
    for (let one = 0; one < count; one += 1) {
      starting.push(this.start());
      await this.clock.advance(everyMs);
    }
    await this.clock.advance(20_000);
    return (await Promise.all(starting)).sort((a, b) => a - b);
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

test.run();
