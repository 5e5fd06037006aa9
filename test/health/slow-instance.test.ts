// An instance whose answers take too long, for as long as they do: which of them end its lateness, and its share of the calls.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { debtOf, quietSince } from "../../src/health/debt.ts";
import { isLate } from "../../src/health/member.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { eventText, type HealthHarness, harnessWith } from "../support/health-harness.ts";
import { callAt, check, limit, served, turns } from "../support/late-calls.ts";

const test = suite("slow instance");

/** As often as a client looks (service/late-watch.ts). */
const CHECK_MS = 10;

interface Load {
  readonly operation: string;
  readonly everyMs: number;
  /** The time of an answer of instance 1, and of 2 before. */
  readonly typicalMs: number;
  /** The time of an answer of instance 2. */
  readonly slowMs: number;
}

/** By operation, the share of the calls of a minute that go to instance 2. */
function sharesOfSlow(loads: readonly Load[]): Readonly<Record<string, number>> {
  const table = harnessWith();
  const beat = (now: number): void => {
    for (const instance of [1, 2]) table.beats(instance, now, { operations: loads.map(({ operation }) => operation) });
  };
  beat(0);
  for (let call = 0; call < 80; call++)
    for (const { operation, typicalMs } of loads) table.settle(table.ask(0, { operation }), "answered", typicalMs);
  const due = new Map<number, Ticket[]>();
  const all = loads.map(() => 0);
  const slow = loads.map(() => 0);
  for (let now = 1_000; now < 61_000; now += 1) {
    if (now % 10_000 === 0) beat(now);
    for (const ticket of due.get(now) ?? []) table.settle(ticket, "answered", now);
    due.delete(now);
    if (now % CHECK_MS === 0) table.tracker.lateness.check(table.tracker.rotation.all(), now);
    for (const [index, { operation, everyMs, typicalMs, slowMs }] of loads.entries()) {
      if (now % everyMs !== 0) continue;
      const ticket = table.ask(now, { operation });
      const isSlow = ticket.who.instance === 2;
      all[index] = (all[index] ?? 0) + 1;
      slow[index] = (slow[index] ?? 0) + (isSlow ? 1 : 0);
      const endsAt = now + (isSlow ? slowMs : typicalMs);
      due.set(endsAt, [...(due.get(endsAt) ?? []), ticket]);
    }
  }
  return Object.fromEntries(loads.map(({ operation }, index) => [operation, (slow[index] ?? 0) / (all[index] ?? 1)]));
}

test("an instance that takes 600 ms gets one call in twenty at most, for as long as it does", () => {
  for (const everyMs of [20, 5, 1]) {
    const { get = 1 } = sharesOfSlow([{ operation: "get", everyMs, typicalMs: 2, slowMs: 600 }]);
    assert.ok(get > 0.005 && get <= 0.05, `${get} with a call every ${everyMs} ms`);
  }
});

test("an operation without a limit does not change that, and gets no more of its own", () => {
  for (const [getEveryMs, reportEveryMs] of [
    [5, 20],
    [2, 10],
    [5, 100],
  ] as const) {
    const { get = 1, report = 1 } = sharesOfSlow([
      { operation: "get", everyMs: getEveryMs, typicalMs: 2, slowMs: 600 },
      { operation: "report", everyMs: reportEveryMs, typicalMs: 300, slowMs: 900 },
    ]);
    assert.ok(Math.max(get, report) <= 0.05, `${get} and ${report} with ${getEveryMs} and ${reportEveryMs} ms`);
  }
});

test("an answer that took longer than the limit does not end it while more is owed, and the last one does", () => {
  const table = served(10);
  const owed = [1_000, 1_010, 1_030].map((now) => callAt(table, 2, now));
  assert.equal(check(table, 1_100), ["late 2"]);
  table.takeEvents();
  for (const [index, ticket] of owed.entries()) {
    table.settle(ticket, "answered", 1_600 + index);
    assert.is(isLate(table.member(2)), index < 2, `after ${index + 1} of 3`);
  }
  assert.equal(table.takeEvents(), ["on-time 2"]);
});

test("ten thousand answers after a pause do not each search through the calls that are owed", () => {
  const table = served(10);
  const owed = Array.from({ length: 10_000 }, (_, index) => callAt(table, 2, 1_000 + index / 1_000));
  check(table, 1_100);
  const { debt } = table.member(2);
  assert.ok(debt !== undefined);
  let searches = 0;
  const { longest } = debt;
  let kept = longest;
  Object.defineProperty(debt, "longest", {
    get: () => kept,
    set: (ticket: Ticket | undefined) => {
      if (ticket !== undefined) searches += 1;
      kept = ticket;
    },
  });
  for (const ticket of owed) table.settle(ticket, "answered", 1_300);
  assert.equal([debt.owes, searches <= 1], [0, true]);
});

test("a call that hangs does not keep an instance late after a pause: the answer to the one sent last ends it", () => {
  const table = served(10);
  const stuck = callAt(table, 2, 500);
  const owed = [1_000, 1_010, 1_020].map((now) => callAt(table, 2, now));
  assert.equal(check(table, 1_070), ["late 2"]);
  table.takeEvents();
  for (const [index, ticket] of owed.entries()) {
    table.settle(ticket, "answered", 1_080);
    assert.is(isLate(table.member(2)), index < 2, `after ${index + 1} of 3`);
  }
  assert.ok(turns(table, 3, 1_081).includes(2));
  table.settle(stuck, "timeout", 1_500);
});

test("the same where the last one has ended before: the answer to the last of the others ends it", () => {
  for (const result of ["inconclusive", "answered"] as const) {
    const table = served(10);
    const [stuck, second, last] = [callAt(table, 2, 1_000), callAt(table, 2, 1_010), callAt(table, 2, 1_020)];
    table.settle(last, result, 1_025);
    check(table, 1_100);
    assert.is(isLate(table.member(2)), true);
    table.settle(second, "answered", 1_300);
    assert.is(isLate(table.member(2)), false, result);
    table.settle(stuck, "timeout", 2_000);
  }
});

test("a call that has ended otherwise counts no more: the time is that of the oldest one that is owed", () => {
  const table = served(10);
  const cancelled = callAt(table, 2, 1_000);
  callAt(table, 2, 1_030);
  table.settle(cancelled, "inconclusive", 1_035);
  assert.equal(check(table, 1_060), []);
  assert.equal(check(table, 1_061), ["late 2"]);
});

test("where the last one was cancelled, only the last of those that are owed ends it, also if both were sent at once", () => {
  const table = served(10);
  const [first, second, third, last] = [1_000, 1_010, 1_010, 1_010].map((now) => callAt(table, 2, now));
  assert.ok(first !== undefined && second !== undefined && third !== undefined && last !== undefined);
  check(table, 1_100);
  table.settle(last, "inconclusive", 1_101);
  for (const [ticket, isStillLate] of [
    [second, true],
    [first, true],
    [third, false],
  ] as const) {
    table.settle(ticket, "answered", 1_300);
    assert.is(isLate(table.member(2)), isStillLate);
  }
});

test("a call without a limit that a hedge overtook makes its instance late also after the end of a probation", () => {
  const table = servedReports();
  table.hangs(2, 2_000);
  table.beats(2, 3_500, { operations: ["get", "report"] });
  const report = callAt(table, 2, 3_600, REPORT);
  for (let call = 0; call < 3; call++) table.settle(callAt(table, 2, 3_700 + call), "answered", 3_701 + call);
  assert.is(table.breaker(2), "closed");
  assert.equal(table.tracker.lateness.overtaken(report, 3_900).map(eventText), ["late 2"]);
});

test("one without a limit that was sent before its instance was lost and came back makes it not late", () => {
  const table = servedReports();
  const report = callAt(table, 2, 1_000, REPORT);
  table.settle(callAt(table, 2, 1_000), "no-responders", 1_001);
  table.beats(2, 1_500, { operations: ["get", "report"] });
  assert.equal(table.tracker.lateness.overtaken(report, 1_600), []);
});

test("a call that a hedge overtook after its breaker has opened and closed makes no instance late", () => {
  for (const operation of ["get", "report"]) {
    const table = servedReports();
    const old = callAt(table, 2, 1_000, { operation });
    table.hangs(2, 2_000);
    table.beats(2, 3_500, { operations: ["get", "report"] });
    assert.equal(table.tracker.lateness.overtaken(old, 3_600), []);
    assert.equal([isLate(table.member(2)), table.member(2).debt?.owes], [false, 0]);
  }
});

test("no event and no warning says that it was silent while it answered", () => {
  const table = served(10);
  const owed = [1_000, 1_039, 1_040].map((now) => callAt(table, 2, now));
  const [first, second] = owed;
  assert.ok(first !== undefined && second !== undefined);
  // Too late, and before the next look.
  table.settle(first, "answered", 1_041);
  assert.equal(check(table, 1_042), []);
  const { events } = table.tracker.lateness.check(table.tracker.rotation.all(), 1_080);
  assert.equal(
    events.map((event) => event.kind === "late" && [event.owes, event.quietMs]),
    [[2, 39]],
  );
  table.settle(second, "answered", 1_150);
  const warnedOf = (now: number): number[] =>
    table.tracker.lateness.check(table.tracker.rotation.all(), now).toWarnOf.map(({ quietMs }) => quietMs);
  assert.equal([warnedOf(1_200), warnedOf(1_269), warnedOf(1_270)], [[], [], [120]]);
});

test("a call that a hedge overtook counts from the last answer, if that came after it was sent", () => {
  const table = served(900);
  const [one, two] = [callAt(table, 2, 1_000), callAt(table, 2, 1_100)];
  table.settle(two, "answered", 1_600);
  table.tracker.lateness.overtaken(one, 1_610);
  const { toWarnOf } = table.tracker.lateness.check(table.tracker.rotation.all(), 1_700);
  assert.equal([toWarnOf, quietSince(debtOf(table.member(2)))], [[], 1_600]);
});

/** Two instances with `get`, whose answers take 10 ms, and `report`, which takes 400 ms and so has no limit. */
function servedReports(): HealthHarness {
  const table = harnessWith();
  for (const instance of [1, 2]) table.beats(instance, 0, { operations: ["get", "report"] });
  for (let call = 0; call < 160; call++) {
    const operation = call % 2 === 0 ? "get" : "report";
    table.settle(table.ask(0, { operation }), "answered", operation === "get" ? 10 : 400);
  }
  table.takeEvents();
  return table;
}

const REPORT = { operation: "report" } as const;

test("a slow answer of an operation without a limit does not end it either, while a call sent later is owed", () => {
  const table = servedReports();
  assert.equal([limit(table), limit(table, undefined, "report")], [30, undefined]);
  const [early, get] = [callAt(table, 2, 1_000, REPORT), callAt(table, 2, 1_100)];
  assert.equal(check(table, 1_141), ["late 2"]);
  table.settle(early, "answered", 1_500);
  assert.is(isLate(table.member(2)), true);
  table.settle(get, "answered", 1_501);
  assert.is(isLate(table.member(2)), false);
});

test("after such an answer the time counts from the oldest call that is owed", () => {
  const table = servedReports();
  const [report, get, first] = [callAt(table, 2, 990, REPORT), callAt(table, 2, 1_000), callAt(table, 2, 1_000)];
  table.settle(first, "inconclusive", 1_005);
  callAt(table, 2, 1_030);
  table.settle(get, "inconclusive", 1_035);
  table.settle(report, "answered", 1_036);
  assert.equal(check(table, 1_060), []);
  assert.equal(check(table, 1_061), ["late 2"]);
});

test("one call without a limit that a hedge overtook makes its instance late once, beside others that it answers", () => {
  const table = served(900);
  const stuck = callAt(table, 2, 1_000);
  assert.equal(table.tracker.lateness.overtaken(stuck, 1_500).map(eventText), ["late 2"]);
  table.takeEvents();
  for (let now = 1_510; now < 1_990; now += 10) {
    table.settle(table.tracker.admit(table.member(2), now, undefined, "get"), "answered", now + 2);
    assert.equal(check(table, now + 5), [], `at ${now}`);
  }
  assert.equal(table.takeEvents(), ["on-time 2"]);
});

test("the end of a probation forgives nothing: a slow instance stays late", () => {
  const table = served(10);
  table.hangs(2, 1_000);
  table.beats(2, 3_000);
  const send = (now: number): Ticket => table.tracker.admit(table.member(2), now, undefined, "get");
  const owed = [4_001, 4_002, 4_003, 4_004, 4_005].map(send);
  check(table, 4_100);
  for (const ticket of owed.slice(0, 3)) table.settle(ticket, "answered", 4_600);
  assert.equal([table.breaker(2), isLate(table.member(2)), table.member(2).debt?.owes], ["closed", true, 2]);
});

test("after an answer that came too late, the time counts from the oldest call that is still owed", () => {
  const table = served(10);
  const [one, two] = [callAt(table, 2, 1_000), callAt(table, 2, 1_010)];
  table.settle(one, "answered", 1_020);
  callAt(table, 2, 1_050);
  // No look has come between, as in a process that was busy.
  table.settle(two, "answered", 1_070);
  assert.equal(check(table, 1_080), []);
  assert.equal(check(table, 1_081), ["late 2"]);
});

test.run();
