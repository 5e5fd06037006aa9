// The cost of forged instances, which send heartbeats and then hang, do not exist, or send invalid responses.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NewcomerQuarantine } from "../../src/health/newcomer-quarantine.ts";
import type { Result } from "../../src/health/result.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { HealthRules } from "../../src/settings.ts";
import { HealthHarness } from "../support/health-harness.ts";

const test = suite("newcomer quarantine");

const FIRST_NEWCOMER = 10;

/** Instance 1 has answered. The newcomers have not. */
function tableWithNewcomers(count: number, rules: Partial<HealthRules> = {}): HealthHarness {
  const table = new HealthHarness(rules);
  table.beats(1, 0);
  settle(table, table.next(0).call, "answered", 1);
  for (let place = 0; place < count; place++) table.beats(FIRST_NEWCOMER + place, 2);
  return table;
}

function settle(table: HealthHarness, ticket: Ticket | undefined, result: Result, now: number): void {
  if (ticket === undefined) throw new Error("no call was sent");
  table.settle(ticket, result, now);
}

/** Makes calls one after another; newcomers end them with `result`. @returns the instance of each */
function callsWhere(table: HealthHarness, result: Result, count: number, from: number): readonly number[] {
  const numbers: number[] = [];
  for (let now = from; numbers.length < count; now++) {
    const { call, newcomerProbes, retests } = table.next(now);
    for (const copy of [...newcomerProbes, ...retests]) settle(table, copy, result, now);
    settle(table, call, call?.who.instance === 1 ? "answered" : result, now);
    numbers.push(call?.who.instance ?? 0);
  }
  return numbers;
}

for (const result of ["timeout", "no-responders", "draining", "invalid"] as const) {
  test(`a hundred newcomers that end calls as "${result}" cost four calls in all`, () => {
    const table = tableWithNewcomers(100);
    const called = callsWhere(table, result, 200, 10);
    assert.is(called.filter((instance) => instance !== 1).length, 4);
  });
}

test("a hundred newcomers that hang cost four calls also where one timeout opens no breaker", () => {
  const table = tableWithNewcomers(100, { failureLimit: 3 });
  const called = callsWhere(table, "timeout", 200, 10);
  assert.is(called.filter((instance) => instance !== 1).length, 4);
});

test("several calls that hang with one newcomer count as one failure", () => {
  const table = tableWithNewcomers(1);
  const calls = Array.from({ length: 10 }, () => table.next(10).call).filter((call) => call?.who.instance !== 1);
  for (const call of calls) settle(table, call, "timeout", 1010);
  assert.ok(calls.length > 4);
  assert.not.ok(table.tracker.quarantine.isActive(1010));
});

test("a response that closes the breaker of a newcomer is no failure, although the caller's own check of it failed", () => {
  const table = tableWithNewcomers(4);
  const newcomers = [...table.tracker.all()].filter(({ who }) => who.instance !== 1);
  for (const member of newcomers) table.settle(table.tracker.admit(member, 10), "timeout", 1010);
  assert.ok(table.tracker.quarantine.isActive(1010));
  for (const member of newcomers) {
    const retest = table.tracker.admitRetest(member, 50_000);
    assert.equal(
      table.tracker.settle(retest?.ticket as Ticket, "unchecked", 50_001).map(({ kind }) => kind),
      ["closed"],
    );
  }
  assert.not.ok(table.tracker.quarantine.isActive(61_100));
});

test("newcomers that are evicted before their calls hang count all the same", () => {
  const table = new HealthHarness({ maxIncarnations: 2 });
  table.beats(1, 0);
  settle(table, table.next(0).call, "answered", 1);
  const calls: Ticket[] = [];
  for (let place = 0; place < 5; place++) {
    table.beats(FIRST_NEWCOMER + place, 2);
    const member = [...table.tracker.all()].find(({ who }) => who.instance === FIRST_NEWCOMER + place);
    if (member !== undefined) calls.push(table.tracker.admit(member, 2));
  }
  for (const call of calls) settle(table, call, "timeout", 1002);
  assert.is(calls.length, 5);
  assert.ok(table.tracker.quarantine.isActive(1002));
});

/** A newcomer sends a heartbeat and fails a call, several times. */
function failsAgain(table: HealthHarness, incarnation: string, result: Result, times: number, from: number): void {
  for (let time = 0; time < times; time++) {
    const now = from + 1000 * time;
    table.beats(FIRST_NEWCOMER, now, { incarnation });
    const member = [...table.tracker.all()].find(({ who }) => who.incarnation === incarnation);
    if (member === undefined) throw new Error(`${incarnation} is not in the table`);
    table.settle(table.tracker.admit(member, now), result, now + 500);
  }
}

for (const result of ["timeout", "no-responders", "draining", "invalid"] as const) {
  test(`three newcomers that end ten calls each as "${result}" count three times, and a fourth one activates the quarantine`, () => {
    const table = tableWithNewcomers(0);
    ["one", "two", "three"].forEach((name, place) => void failsAgain(table, name, result, 10, 10 + 10_000 * place));
    assert.not.ok(table.tracker.quarantine.isActive(30_000));
    failsAgain(table, "four", result, 1, 30_100);
    assert.ok(table.tracker.quarantine.isActive(30_700));
  });
}

test("a newcomer that answers a copy takes its turns from then on", () => {
  const table = tableWithNewcomers(4);
  callsWhere(table, "timeout", 20, 10);
  table.beats(50, 100);
  const { call, newcomerProbes } = table.next(101);
  assert.equal([call?.who.instance, newcomerProbes.map((trial) => trial.who.instance)], [1, [50]]);
  settle(table, call, "answered", 102);
  settle(table, newcomerProbes[0], "answered", 102);
  assert.equal(table.turns(4, 103), [50, 1, 50, 1]);
});

test("the copies go to the newcomers in turn", () => {
  const table = tableWithNewcomers(6);
  callsWhere(table, "invalid", 20, 10);
  const tried = Array.from({ length: 6 }, () => table.next(100).newcomerProbes[0]?.who.instance ?? 0);
  assert.equal(tried.sort(), [10, 11, 12, 13, 14, 15]);
});

test("a minute after the last failure a newcomer takes its turn at once again", () => {
  const table = tableWithNewcomers(4);
  callsWhere(table, "no-responders", 20, 10);
  for (const instance of [1, 70]) table.beats(instance, 70_000, { intervalMs: 60_000 });
  assert.equal(table.turns(2, 70_000).length, 2);
  assert.equal(table.next(70_001).newcomerProbes, []);
  assert.ok(table.turns(2, 70_002).includes(70));
});

test("without proven instances, newcomers get calls during the quarantine", () => {
  const table = new HealthHarness();
  for (let instance = 1; instance <= 8; instance++) table.beats(instance, 0);
  for (let place = 0; place < 6; place++) settle(table, table.next(1).call, "no-responders", 2);
  assert.ok(table.tracker.quarantine.isActive(3));
  assert.is(table.next(3).call?.who.instance, 7);
});

test("in a service whose calls must not be copied, a hundred newcomers that hang cost four calls, and one in a hundred", () => {
  const table = tableWithNewcomers(100);
  const called: number[] = [];
  for (let now = 10; called.length < 500; now++) {
    const { call } = table.next(now, { idempotent: false });
    settle(table, call, call?.who.instance === 1 ? "answered" : "timeout", now);
    called.push(call?.who.instance ?? 0);
  }
  assert.is(called.filter((instance) => instance !== 1).length, 4 + 5);
});

test("a call that must not be copied is itself the probe of a newcomer once in a hundred calls, and takes no turn", () => {
  const table = tableWithNewcomers(5);
  table.beats(2, 2);
  settle(table, table.tracker.admit(table.member(2), 2), "answered", 3);
  for (const instance of [10, 11, 12, 13]) table.hangs(instance, 1000);
  const numbers = Array.from({ length: 101 }, () => table.turns(1, 1001)[0]);
  assert.not.ok(numbers.includes(14), "calls that may be copied go to proven instances");
  const once = Array.from({ length: 102 }, () => {
    const { call } = table.next(1002, { idempotent: false });
    if (call?.who.instance !== 14) settle(table, call, "answered", 1002);
    return call?.who.instance;
  });
  assert.is(once.indexOf(14), 99);
  const [last, next] = [once[98], once[100]];
  assert.equal([last, next].sort(), [1, 2], "the rotation goes on where it was");
});

test("without a healthy instance a call sends sixteen retests, first to proven instances, and the next call sends others", () => {
  const table = tableWithNewcomers(40);
  for (let place = 0; place < 40; place++) table.hangs(FIRST_NEWCOMER + place, 1_000);
  table.hangs(1, 1_000);
  const retested = [1_001, 2_001, 3_001].map((now) => {
    const { retests } = table.next(now);
    for (const ticket of retests) settle(table, ticket, "timeout", now + 1);
    return retests.map((ticket) => ticket.who.instance);
  });
  for (const numbers of retested) assert.equal([numbers.length, numbers[0]], [16, 1]);
  assert.is(new Set(retested.flat()).size, 41, "all of them in three calls");
});

test("the quarantine lasts a minute from the first of four failures", () => {
  const quarantine = new NewcomerQuarantine();
  for (const [place, id] of ["a", "b", "c", "d"].entries()) quarantine.recordFailure(id, 1_000 + place);
  assert.equal(
    [60_999, 61_000].map((now) => quarantine.isActive(now)),
    [true, false],
  );
});

test.run();
