import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newRetryBudget } from "../../src/health/call-budget.ts";
import { HedgePolicy } from "../../src/health/hedge.ts";
import type { InstanceRef } from "../../src/health/member.ts";
import { HealthHarness } from "../support/health-harness.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("hedge");

const TIMEOUT_MS = 1000;
const newHedge = (retryBudget = newRetryBudget(true)): HedgePolicy => new HedgePolicy(retryBudget);
const who = (instance: number): InstanceRef => ({
  service: "ratings",
  instance,
  incarnation: `${instance}-a`,
  address: `ratings.get.${instance}-a`,
});

/** The delay after which a call is late, after these answers. */
function lateAfter(answers: readonly number[]): number {
  const hedge = newHedge();
  const one = who(1);
  for (const tookMs of answers) hedge.recordLatency(one, "get", tookMs);
  return hedge.lateAfterMs(one, "get", TIMEOUT_MS);
}
const times = (count: number, tookMs: number): readonly number[] => Array.from({ length: count }, () => tookMs);

test("without enough answers a call is late after a tenth of its timeout", () => {
  assert.is(lateAfter([]), 100);
  assert.is(lateAfter(times(19, 30)), 100);
  assert.is(lateAfter(times(20, 30)), 30);
});

test("a call is late beyond the p95 of recent answers, and a slow twentieth of them does not change it", () => {
  assert.is(lateAfter([...times(61, 30), ...times(3, 400)]), 30);
  assert.is(lateAfter([...times(60, 30), ...times(4, 400)]), 400);
});

test("old answers do not count", () => {
  assert.is(lateAfter([...times(500, 400), ...times(72, 20)]), 20);
});

test("no call is late before ten milliseconds, and every call is late at half of its timeout", () => {
  assert.is(lateAfter(times(64, 0.2)), 10);
  assert.is(lateAfter(times(64, 900)), 500);
});

test("each operation has its own latencies, and each call its own timeout", () => {
  const hedge = newHedge();
  const one = who(1);
  for (const tookMs of times(64, 5)) hedge.recordLatency(one, "get", tookMs);
  for (const tookMs of times(64, 900)) hedge.recordLatency(one, "report", tookMs);
  assert.equal([hedge.lateAfterMs(one, "get", 5_000), hedge.lateAfterMs(one, "report", 5_000)], [10, 900]);
  assert.is(hedge.lateAfterMs(one, "report", 200), 100, "half of a shorter timeout");
  assert.is(hedge.lateAfterMs(one, "reserve", 5_000), 500, "a tenth of a longer one");
});

test("each incarnation has its own latencies", () => {
  const hedge = newHedge();
  const [one, two] = [who(1), who(2)];
  for (const tookMs of times(64, 50)) hedge.recordLatency(one, "get", tookMs);
  assert.is(hedge.lateAfterMs(one, "get", TIMEOUT_MS), 50);
  assert.is(hedge.lateAfterMs(two, "get", TIMEOUT_MS), 100);
  assert.is(hedge.lateAfterMs(who(1), "get", TIMEOUT_MS), 100, "the row that replaced it");
});

test("one call in twenty is sent twice, and eight at the start, in any order of events", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const dice = new SeededRandom(seed);
    const retryBudget = newRetryBudget(true);
    const hedge = newHedge(retryBudget);
    let [sent, twice] = [0, 0];
    for (let step = 0; step < 3000; step++) {
      if (dice.chance(0.5)) {
        retryBudget.earn();
        hedge.earn();
        sent += 1;
      } else if (hedge.trySpend()) twice += 1;
      assert.ok(twice <= 8 + sent / 20 + 1e-9, `seed ${seed}: ${twice} of ${sent}`);
    }
    assert.ok(twice >= sent / 20 + 6, "the budget is used");
  }
});

test("a new client has its eight hedges, and may go on twice after them", () => {
  const retryBudget = newRetryBudget(true);
  const hedge = newHedge(retryBudget);
  let taken = 0;
  while (hedge.trySpend()) taken += 1;
  assert.is(taken, 8);
  assert.equal([retryBudget.trySpend(), retryBudget.trySpend(), retryBudget.trySpend()], [true, true, false]);
});

test("the budget saves up at most 128, and after them a call may still go on ten times, as without hedges", () => {
  const retryBudget = newRetryBudget(true);
  const hedge = newHedge(retryBudget);
  for (let call = 0; call < 100_000; call++) {
    retryBudget.earn();
    hedge.earn();
  }
  let taken = 0;
  while (hedge.trySpend()) taken += 1;
  assert.is(taken, 128);
  for (let goneOn = 0; goneOn < 10; goneOn++) assert.is(retryBudget.trySpend(), true, String(goneOn));
  assert.is(retryBudget.trySpend(), false);
});

test("a hedge takes from the retry budget as well, but not its last two, and nothing of its own where it gets none", () => {
  const retryBudget = newRetryBudget(true);
  const hedge = newHedge(retryBudget);
  for (let taken = 0; taken < 7; taken++) assert.is(retryBudget.trySpend(), true);
  assert.equal([hedge.trySpend(), hedge.trySpend()], [true, false]);
  assert.equal([retryBudget.trySpend(), retryBudget.trySpend(), retryBudget.trySpend()], [true, true, false]);
  for (let call = 0; call < 100; call++) retryBudget.earn();
  let taken = 0;
  while (hedge.trySpend()) taken += 1;
  assert.is(taken, 7, "of the eight hedges at the start one was sent, and the refused one was given back");
});

const deprioritized = new Set(["2-a"]);

test("a hedge goes to the next healthy instance, not to a deprioritized, guarded, open or excluded one, and takes a turn", () => {
  const table = new HealthHarness();
  for (const instance of [1, 2, 3, 4]) table.beats(instance, 0);
  table.turns(1, 1);
  const hedgeTo = (now: number, ...excluded: readonly string[]): number | undefined => {
    const { call, retests, newcomerProbes } = table.resolver.peek(now, {
      deprioritized,
      isHedge: true,
      excluded: new Set(excluded),
    });
    assert.equal([...retests, ...newcomerProbes], []);
    return call?.who.instance;
  };
  assert.is(hedgeTo(1), 3);
  assert.is(hedgeTo(1, "3-a"), 4);
  table.hangs(3, 1001);
  assert.is(hedgeTo(1002), 4);
  assert.is(hedgeTo(1002, "1-a", "4-a"), undefined);
  table.beats(3, 1003);
  assert.is(table.breaker(3), "probation");
  table.ask(1004, { excluded: new Set(["1-a", "2-a", "4-a"]) });
  assert.is(hedgeTo(1005, "1-a", "4-a"), undefined, "3 is guarded");
  assert.is(table.ask(1006, { deprioritized, isHedge: true }).who.instance, 4);
  assert.is(table.resolver.peek(1008).call?.who.instance, 1);
});

test.run();
