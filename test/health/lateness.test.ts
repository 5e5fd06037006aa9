// Late instances (docs/health.md, rule 17), as sequences of events with their times.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isLate } from "../../src/health/member.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { eventText, type HealthHarness, harnessWith } from "../support/health-harness.ts";
import { callAt, check, GET, limit, served, turns } from "../support/late-calls.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("lateness");

test("one that owes an answer for longer than three times the typical p99 gets no new call, and its answer ends that", () => {
  const table = served(10);
  const owed = callAt(table, 2, 1_000);
  assert.equal(check(table, 1_030), []);
  assert.ok(turns(table, 3, 1_030).includes(2), "not late yet");
  table.takeEvents();
  // It has answered calls at 1,030: it owes since then.
  assert.equal(check(table, 1_060), []);
  assert.equal(check(table, 1_061), ["late 2"]);
  assert.equal(turns(table, 4, 1_061).includes(2), false);
  assert.equal(check(table, 1_200), [], "once");
  table.settle(owed, "answered", 1_300);
  assert.equal(table.takeEvents(), ["on-time 2"]);
  assert.ok(turns(table, 3, 1_300).includes(2));
});

test("no breaker opens by it, and a timeout opens it as before", () => {
  const table = served(10);
  const owed = callAt(table, 2, 1_000);
  check(table, 1_100);
  assert.is(table.breaker(2), "closed");
  table.settle(owed, "timeout", 2_000);
  assert.equal([table.breaker(2), table.takeEvents().includes("opened 2 (request timed out)")], ["open", true]);
});

test("if all are late all get calls, in turn", () => {
  const table = served(10);
  for (const instance of [1, 2, 3]) callAt(table, instance, 1_000);
  // Those that answered meanwhile owe since 1,000 as well.
  assert.equal([...check(table, 1_100)].sort(), ["late 1", "late 2", "late 3"]);
  const all = Array.from({ length: 6 }, () => table.ask(1_100, GET).who.instance);
  for (const instance of [1, 2, 3]) assert.is(all.filter((one) => one === instance).length, 2);
});

test("where all others are overloaded or guarded, a late one gets its turns: it may only be slow", () => {
  const table = served(10);
  callAt(table, 2, 1_000);
  check(table, 1_100);
  const deprioritized = new Set(["1-a", "3-a"]);
  const picks = Array.from({ length: 6 }, () => table.ask(1_100, { operation: "get", deprioritized }).who.instance);
  assert.equal(picks.toSorted(), [1, 1, 2, 2, 3, 3]);
});

test("one slow call beside fast ones makes no instance late", () => {
  const table = served(10);
  callAt(table, 2, 1_000);
  for (let now = 1_010; now < 2_000; now += 10) {
    turns(table, 3, now);
    assert.equal(check(table, now), [], `at ${now}`);
  }
});

test("the limit is at least 20 ms, and at most a fifth of the call's time", () => {
  assert.is(limit(served(0.2)), 20);
  assert.is(limit(served(10)), 30);
  assert.is(limit(served(100)), 200);
  assert.is(limit(served(10), 150), 30);
  assert.is(limit(served(10), 40), 20, "no shorter for a call with little time");
  assert.is(limit(harnessWith(1)), 200, "no answers yet");
  assert.is(limit(harnessWith(1), 4_000), 800, "no answers yet");
});

test("an operation that typically takes longer than the limit could be makes no instance late", () => {
  const table = served(900);
  assert.is(limit(table), undefined);
  callAt(table, 2, 1_000);
  assert.equal(check(table, 1_900), []);
});

test("so does one that takes long only now and then", () => {
  const table = harnessWith(1, 2);
  for (let call = 0; call < 200; call++) table.settle(table.ask(0, GET), "answered", call % 20 < 2 ? 900 : 5);
  assert.is(limit(table), undefined);
});

test("one outlier of an instance does not change the limit", () => {
  const table = harnessWith(1);
  for (let call = 0; call < 128; call++) table.settle(table.ask(0, GET), "answered", call === 70 ? 900 : 10);
  assert.is(limit(table), 30);
});

test("an instance that has become slow does not excuse itself", () => {
  for (const instances of [
    [1, 2],
    [1, 2, 3],
    [1, 2, 3, 4, 5],
  ])
    assert.is(limit(served((instance) => (instance === 2 ? 200 : 10), instances)), 30, `of ${instances.length}`);
});

test("fewer than twenty answers say nothing", () => {
  assert.is(limit(served(10, [1], 19)), 200);
  assert.is(limit(served(10, [1], 20)), 30);
});

test("each operation has its own limit", () => {
  const table = harnessWith(1, 2);
  for (const instance of [1, 2])
    table.beats(instance, 0, { operations: ["get", "list"], incarnation: `${instance}-b` });
  const lateness = table.tracker.lateness;
  for (let call = 0; call < 160; call++) {
    const operation = call % 2 === 0 ? "get" : "list";
    table.settle(table.ask(0, { operation }), "answered", operation === "get" ? 5 : 50);
  }
  assert.equal([lateness.limitMs("get"), lateness.limitMs("list")], [20, 150]);
});

test("an instance without an answer for a minute and for 128 answers of others does not count", () => {
  const table = served((instance) => (instance === 1 ? 10 : 40), [1, 2]);
  assert.is(limit(table), 30);
  const serve = (at: number, answers: number): void => {
    for (const instance of [1, 2]) table.beats(instance, at);
    for (let call = 0; call < answers; call++)
      table.settle(table.tracker.admit(table.member(2), at, undefined, "get"), "answered", at + 40);
  };
  serve(50_000, 256);
  assert.is(limit(table), 30, "for less than a minute");
  serve(100_000, 16);
  assert.is(limit(table), 120);
  const rarely = served((instance) => (instance === 1 ? 10 : 40), [1, 2]);
  for (const instance of [1, 2]) rarely.beats(instance, 100_000);
  for (let call = 0; call < 96; call++)
    rarely.settle(rarely.tracker.admit(rarely.member(2), 100_000, undefined, "get"), "answered", 100_040);
  assert.is(limit(rarely), 30, "for fewer answers");
});

test("of an operation that is called once a minute the middle instance sets the limit, not the last one", () => {
  const table = harnessWith(1, 2, 3);
  for (let call = 0; call < 180; call++) {
    const at = call * 61_000;
    const instance = (call % 3) + 1;
    for (const one of [1, 2, 3]) table.beats(one, at);
    const ticket = table.tracker.admit(table.member(instance), at, undefined, "get");
    table.settle(ticket, "answered", at + (instance === 1 ? 200 : 10));
    if (call >= 60) assert.is(limit(table), 30, `call ${call}`);
  }
});

test("memory: of forty instances the times of fifteen are kept", () => {
  const instances = Array.from({ length: 40 }, (_, index) => index + 1);
  const table = served((instance) => instance, instances, 20);
  assert.is(limit(table), 24, "the middle of the first fifteen: 8 ms");
});

test("the times of fifteen that have all ended give way to those of their successors", () => {
  const olds = Array.from({ length: 16 }, (_, index) => index + 1);
  const table = served(5, olds, 20);
  assert.is(limit(table), 20);
  const [startedAt, soonAt, laterAt] = [1_000, 60_000, 61_000];
  for (const old of olds) table.beats(old, startedAt, { state: "gone" });
  for (const fresh of olds) table.beats(fresh, startedAt, { incarnation: `${fresh}-b` });
  const serve = (at: number): void => {
    for (const fresh of olds) table.beats(fresh, at, { incarnation: `${fresh}-b` });
    for (let call = 0; call < 20 * olds.length; call++) table.settle(table.ask(at, GET), "answered", at + 50);
  };
  serve(soonAt - 100);
  assert.is(limit(table), 20, "an instance may be silent for a minute");
  serve(laterAt);
  assert.is(limit(table), 150);
});

const NO_ANSWERS: readonly Result[] = ["inconclusive", "unsent", "denied", "draining", "no-responders", "timeout"];
const ANSWERS: readonly Result[] = ["answered", "invalid", "rejected", "overloaded", "unchecked"];

test("every kind of answer ends it, and no other end does while more is owed", () => {
  for (const result of [...ANSWERS, ...NO_ANSWERS]) {
    const table = served(10);
    callAt(table, 2, 1_000);
    const one = callAt(table, 2, 1_095);
    check(table, 1_100);
    table.takeEvents();
    table.settle(one, result, 1_101);
    assert.is(table.takeEvents().includes("on-time 2"), ANSWERS.includes(result), result);
  }
});

test("one that owes nothing any more is not late, however its calls ended", () => {
  for (const result of ["inconclusive", "unsent", "denied"] as const) {
    const table = served(10);
    const owed = callAt(table, 2, 1_000);
    check(table, 1_100);
    table.settle(owed, result, 1_101);
    assert.equal([isLate(table.member(2)), table.takeEvents()], [false, []], result);
    assert.equal(check(table, 9_000), []);
    assert.is(table.tracker.lateness.ask(table.member(2), 9_000), undefined, "and is not asked");
  }
});

test("the limit follows while something is always owed, and holds for as long as the slow call that it is for", () => {
  const table = harnessWith(1);
  const flying: Ticket[] = [table.ask(0, GET)];
  for (let now = 1; now <= 200; now++) {
    flying.push(table.ask(now, GET));
    const ticket = flying.shift();
    if (ticket !== undefined) table.settle(ticket, "answered", now);
  }
  assert.is(limit(table), 20);
  assert.equal(check(table, 220), []);
  assert.equal(check(table, 221), ["late 1"], "it owes one, as at any time before");
  const slow = table.tracker.admit(table.member(1), 300, 400);
  for (let now = 300; now <= 340; now++) table.settle(table.ask(now, GET), "answered", now);
  table.takeEvents();
  assert.equal(check(table, 420), [], "80 ms for the slow one");
  assert.equal(check(table, 421), ["late 1"]);
  table.settle(slow, "answered", 422);
});

test("refusals are not the time that the operation takes", () => {
  const table = served(50);
  for (const result of ["rejected", "overloaded"] as const)
    for (let call = 0; call < 400; call++) table.settle(table.ask(10, GET), result, 11);
  assert.is(limit(table), 150);
});

test("no copy and no hedge goes to a late instance, and a call that it was excluded from neither", () => {
  const table = served(10, [1, 2]);
  callAt(table, 2, 1_000);
  check(table, 1_100);
  assert.is(table.next(1_100, { ...GET, isHedge: true }).call?.who.instance, 1);
  const excluded = new Set(["1-a"]);
  assert.is(table.next(1_100, { ...GET, excluded, isHedge: true }).call, undefined);
  assert.is(table.next(1_100, { ...GET, excluded }).call?.who.instance, 2, "better than no answer at all");
});

test("a hedge that answers first makes the instance late at once, until it answers", () => {
  const table = served(10);
  const owed = callAt(table, 2, 1_000);
  table.takeEvents();
  assert.equal(table.tracker.lateness.overtaken(owed, 1_005).map(eventText), ["late 2"]);
  assert.equal(turns(table, 4, 1_006).includes(2), false);
  table.settle(owed, "answered", 1_010);
  assert.ok(turns(table, 3, 1_010).includes(2));
  const slow = served(900);
  const uncounted = callAt(slow, 2, 1_000);
  slow.takeEvents();
  assert.equal(slow.tracker.lateness.overtaken(uncounted, 1_500).map(eventText), ["late 2"], "whatever the operation");
  slow.settle(uncounted, "timeout", 2_000);
  assert.is(isLate(slow.member(2)), false);
});

test("a late instance is asked once a second if it is there, and one that owes nothing never", () => {
  const table = served(10);
  const { lateness } = table.tracker;
  assert.is(lateness.ask(table.member(2), 500), undefined);
  const owed = callAt(table, 2, 1_000);
  assert.ok(lateness.ask(table.member(2), 1_100));
  assert.is(lateness.ask(table.member(2), 2_099), undefined);
  assert.ok(lateness.ask(table.member(2), 2_100));
  table.settle(owed, "answered", 2_200);
  assert.is(lateness.ask(table.member(2), 9_000), undefined);
});

test("no responders to the question: the process is dead. No reply changes nothing, whatever its breaker's state", () => {
  for (const breaker of ["closed", "open", "retesting", "probation"] as const) {
    const table = served(10);
    if (breaker !== "closed") table.hangs(2, 1_000);
    if (breaker === "probation") table.beats(2, 1_001);
    if (breaker === "retesting") table.tracker.admitRetest(table.member(2), 31_001, undefined, "get");
    const owed = breaker === "retesting" ? undefined : table.tracker.admit(table.member(2), 40_000, undefined, "get");
    const before = { ...table.member(2).breaker };
    table.takeEvents();
    const silent = table.tracker.lateness.ask(table.member(2), 40_100);
    assert.ok(silent);
    table.settle(silent, "inconclusive", 41_100);
    assert.equal({ ...table.member(2).breaker }, before, breaker);
    assert.equal(table.takeEvents(), []);
    const dead = table.tracker.lateness.ask(table.member(2), 42_000);
    assert.ok(dead);
    table.settle(dead, "no-responders", 42_001);
    assert.equal(table.takeEvents(), ["lost 2 (no responders)"], breaker);
    if (owed !== undefined) table.settle(owed, "no-responders", 42_002);
  }
});

test("a heartbeat after the question proves the process: no responders then changes nothing", () => {
  const table = served(10);
  callAt(table, 2, 1_000);
  const ticket = table.tracker.lateness.ask(table.member(2), 1_100);
  assert.ok(ticket);
  table.beats(2, 1_101);
  table.takeEvents();
  table.settle(ticket, "no-responders", 1_102);
  assert.equal(table.takeEvents(), []);
});

test("one that was lost and comes back owes nothing of before", () => {
  const table = served(10);
  const lost = [callAt(table, 2, 1_000), callAt(table, 2, 1_000)];
  const [first] = lost;
  assert.ok(first);
  table.settle(first, "no-responders", 1_001);
  table.beats(2, 5_000);
  assert.equal(table.takeEvents().slice(-2), ["lost 2 (no responders)", "returned 2"]);
  assert.equal([table.member(2).debt?.owes, check(table, 5_001)], [0, []]);
});

test("in any order of events: what is owed is what is in flight, and the late ones are those that owe and are silent", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const dice = new SeededRandom(seed);
    const table = harnessWith(1, 2, 3, 4);
    const flying: Ticket[] = [];
    let now = 0;
    for (let step = 0; step < 600; step++) {
      now += dice.below(30);
      for (const instance of [1, 2, 3, 4]) if (step % 20 === 0) table.beats(instance, now);
      if (dice.chance(0.5)) {
        const { call, retests } = table.next(now, GET);
        if (call !== undefined) flying.push(call);
        flying.push(...retests);
      } else if (flying.length > 0) {
        const [ticket] = flying.splice(dice.below(flying.length), 1);
        if (ticket !== undefined) table.settle(ticket, dice.chance(0.9) ? "answered" : "inconclusive", now);
      }
      const wasLate = new Set(lateOnes(table));
      const { areOwed } = table.tracker.lateness.check(table.tracker.rotation.all(), now);
      for (const instance of [1, 2, 3, 4]) {
        const { debt } = table.member(instance);
        const owed = flying.filter(
          (ticket) => ticket.debt !== undefined && ticket.debt === debt && ticket.who.instance === instance,
        );
        assert.is(debt?.owes ?? 0, owed.length, `seed ${seed}, step ${step}`);
        const isLate = lateOnes(table).includes(instance);
        if (isLate) assert.ok(owed.length > 0, `seed ${seed}: late, and owes nothing`);
        if (isLate && !wasLate.has(instance)) {
          const oldest = Math.min(...owed.map(({ sentAt }) => sentAt));
          assert.ok(now - oldest > 20, `seed ${seed}: late after ${now - oldest} ms`);
        }
      }
      assert.is(
        areOwed,
        [1, 2, 3, 4].some((one) => (table.member(one).debt?.owes ?? 0) > 0 && table.breaker(one) !== "open"),
      );
    }
  }
});

const lateOnes = (table: HealthHarness): readonly number[] =>
  [...table.tracker.all()].filter(({ debt }) => debt?.lateSince !== undefined).map(({ who }) => who.instance);

test.run();
