// The instances that a pick avoids for now, and the budget of what a client sends beyond its calls.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newRetryBudget } from "../../src/health/call-budget.ts";
import { Deprioritized } from "../../src/health/deprioritized.ts";
import { HealthHarness, harnessWith } from "../support/health-harness.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("deprioritized");

test("an overloaded instance is avoided for as long as it asks for, and the last word counts", () => {
  const deprioritized = new Deprioritized();
  assert.is(deprioritized.at(0), undefined);
  deprioritized.addOverloaded("1-a", 100, 0);
  deprioritized.addOverloaded("2-a", 500, 0);
  assert.equal([...(deprioritized.at(99)?.keys() ?? [])], ["1-a", "2-a"]);
  assert.equal([...(deprioritized.at(100)?.keys() ?? [])], ["2-a"]);
  deprioritized.addOverloaded("2-a", 50, 100);
  assert.is(deprioritized.at(149)?.has("2-a"), true);
  assert.is(deprioritized.at(150), undefined);
});

test("one overloaded: 2 2 2 2 2 2, and back in turn at once", () => {
  const table = harnessWith(1, 2);
  const deprioritized = new Deprioritized();
  const turns = (count: number, now: number): readonly number[] =>
    Array.from({ length: count }, () => table.ask(now, { deprioritized: deprioritized.at(now) }).who.instance);
  assert.equal(turns(2, 0), [1, 2]);
  deprioritized.addOverloaded("1-a", 100, 0);
  assert.equal(turns(6, 99), [2, 2, 2, 2, 2, 2]);
  assert.equal(turns(4, 100), [1, 2, 1, 2]);
});

test("where all are overloaded they get calls in turn: a slot may be free again", () => {
  const table = harnessWith(1, 2, 3);
  const deprioritized = new Deprioritized();
  for (const instance of [1, 2, 3]) deprioritized.addOverloaded(`${instance}-a`, 100, 0);
  const turns = Array.from({ length: 4 }, () => table.ask(1, { deprioritized: deprioritized.at(1) }).who.instance);
  assert.equal(turns, [1, 2, 3, 1]);
});

test("no copy goes to an overloaded instance: neither a retest nor a probe", () => {
  const table = harnessWith(1, 2);
  table.hangs(2, 1_000);
  const dueAt = 100_000;
  table.beats(1, dueAt - 1);
  table.beats(2, dueAt - 1, { seq: 0 }); // older, so it closes nothing
  const deprioritized = new Set(["2-a"]);
  table.beats(2, dueAt - 1);
  if (table.breaker(2) !== "open") table.hangs(2, dueAt);
  assert.is(table.breaker(2), "open");
  const retestAt = dueAt + 300_000;
  for (const instance of [1, 2]) table.beats(instance, retestAt - 1);
  assert.equal(table.resolver.peek(retestAt, { deprioritized }).retests, []);
  assert.is(table.resolver.peek(retestAt).retests.length, 1);
});

test("overloaded is proof of life: it counts as no failure, drains no instance, and answers a retest", () => {
  const table = harnessWith(1);
  for (let call = 0; call < 50; call++) table.settle(table.ask(call), "overloaded", call);
  assert.equal(table.takeEvents(), []);
  assert.equal([table.breaker(1), table.live(50)], ["closed", [1]]);
  table.hangs(1, 1_000);
  const { retests } = table.next(1_001);
  assert.is(retests.length, 1);
  for (const retest of retests) table.settle(retest, "overloaded", 1_002);
  assert.equal(table.takeEvents(), ["opened 1 (request timed out)", "retesting 1", "closed 1 (retest succeeded)"]);
});

test("a newcomer that is overloaded is no failed one, and no proven one", () => {
  const table = new HealthHarness();
  for (let instance = 1; instance <= 8; instance++) table.beats(instance, 0);
  for (let call = 0; call < 8; call++) table.settle(table.ask(1), "overloaded", 1);
  assert.is(table.tracker.quarantine.isActive(1), false);
  assert.is(table.member(1).hasAnswered, false);
});

test("the retry budget adds one sending in ten, and ten at the start, in any order of events", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const dice = new SeededRandom(seed);
    const budget = newRetryBudget(seed % 2 === 0);
    let [calls, added] = [0, 0];
    for (let step = 0; step < 2_000; step++) {
      if (dice.chance(0.5)) {
        budget.earn();
        calls += 1;
      } else if (budget.trySpend()) {
        added += 1;
        if (dice.chance(0.1)) {
          budget.giveBack();
          added -= 1;
        }
      }
      assert.ok(added <= 10 + calls / 10 + 1e-9, `seed ${seed}: ${added} of ${calls}`);
    }
    assert.ok(added >= calls / 10 + 7, `seed ${seed}: the budget is used`);
  }
});

test("the retry budget saves ten, and with hedging 128 more for hedges", () => {
  const saved = (isHedging: boolean): number => {
    const budget = newRetryBudget(isHedging);
    for (let call = 0; call < 10_000; call++) budget.earn();
    let taken = 0;
    while (budget.trySpend()) taken += 1;
    return taken;
  };
  assert.equal([saved(false), saved(true)], [10, 138]);
});

test.run();
