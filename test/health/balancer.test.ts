import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Choice, PickResult } from "../../src/health/balancer.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import { HealthHarness, harnessWith } from "../support/health-harness.ts";

const test = suite("balancer");

/** The instances that get the call and the retests. */
const inNumbers = (sent: PickResult | Choice): readonly unknown[] => [
  sent.call?.who.instance ?? "none",
  sent.retests.map((retest) => retest.who.instance),
];

/** Opened at 1 s, and failed its probation at 3 s: no heartbeat closes it, and its retest is due at 63 s. */
function failsProbation(table: HealthHarness, instance: number): void {
  table.hangs(instance, 1000);
  table.beats(instance, 2500);
  table.hangs(instance, 3000);
  table.takeEvents();
}

/** Renews all leases at a time when they would have expired. */
function allBeat(table: HealthHarness, instances: readonly number[], now: number): void {
  for (const instance of instances) table.beats(instance, now);
}

test("peek returns the next choice and changes nothing", () => {
  const table = harnessWith(1, 2);
  table.turns(1, 1);
  for (let times = 0; times < 3; times++) assert.equal(inNumbers(table.resolver.peek(2)), [2, []]);
  assert.equal(inNumbers(table.next(2)), [2, []]);
});

test("a call is not sent again to an instance that had it", () => {
  const table = harnessWith(1, 2, 3);
  assert.equal(inNumbers(table.next(1, { excluded: new Set(["1-a"]) })), [2, []]);
  assert.equal(inNumbers(table.next(1, { excluded: new Set(["1-a", "2-a", "3-a"]) })), ["none", []]);
});

test("after two dead ends a call goes only to proven instances, if there are any", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  table.settle(table.ticketOf(5, 1), "answered", 1);
  assert.equal(inNumbers(table.next(2, { excluded: new Set(["1-a"]) })), [2, []]);
  assert.equal(inNumbers(table.next(2, { excluded: new Set(["1-a", "2-a"]) })), [5, []]);
  assert.equal(inNumbers(table.next(2, { excluded: new Set(["1-a", "2-a", "5-a"]) })), [3, []]);
});

test("a retest that is due is sent as a copy of the call, and takes no turn", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.equal(inNumbers(table.next(62_999)), [1, []]);
  assert.equal(inNumbers(table.next(63_000)), [2, [3]]);
  assert.equal(inNumbers(table.next(63_000)), [1, []]);
  assert.equal(table.takeEvents(), ["retesting 3"]);
});

test("a retest has the timeout of its call, and fails by itself only after that", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.equal(inNumbers(table.next(63_000, { timeoutMs: 5_000 })), [1, [3]]);
  assert.equal(table.takeEvents(), ["retesting 3"]);
  allBeat(table, [1, 2, 3], 68_000);
  table.tick(68_499);
  assert.equal(table.takeEvents(), []);
  table.tick(68_500);
  assert.equal(table.takeEvents(), ["opened 3 (retest timed out)"]);
});

test("of several retests that are due, each call sends one", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 2);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.equal(inNumbers(table.next(63_000)), [1, [2]]);
  assert.equal(inNumbers(table.next(63_000)), [1, [3]]);
  assert.equal(inNumbers(table.next(63_000)), [1, []]);
});

test("retests without a call leave the next turn where it was", () => {
  const table = harnessWith(1, 2, 3);
  assert.equal(table.turns(1, 1), [1]);
  for (const instance of [1, 2, 3]) table.hangs(instance, 1000);
  for (const retest of table.next(1001).retests) table.settle(retest, "answered", 1002);
  assert.equal(table.turns(1, 1003), [2]);
});

test("a retest is not sent to an instance that had the call", () => {
  const table = harnessWith(1, 2);
  table.hangs(1, 1000);
  table.hangs(2, 1000);
  assert.equal(inNumbers(table.next(1001, { excluded: new Set(["1-a"]) })), ["none", [2]]);
});

const ONCE = { idempotent: false };

/** Makes `count` calls that must not be copied, each answered. @returns those that were a retest or went to `instance` */
function callsOnce(table: HealthHarness, count: number, now: number, instance: number): number {
  let hits = 0;
  for (let call = 0; call < count; call++) {
    const ticket = table.ask(now, ONCE);
    if (ticket.who.instance === instance) hits += 1;
    else table.settle(ticket, "answered", now);
  }
  return hits;
}

test("a call that must not reach two instances is the retest that is due once in a hundred such calls", () => {
  const table = harnessWith(1, 2);
  failsProbation(table, 2);
  allBeat(table, [1, 2], 60_000);
  assert.is(callsOnce(table, 99, 63_000, 2), 0, "ninety-nine callers do not pay");
  assert.equal(inNumbers(table.resolver.peek(63_001, ONCE)), [2, []]);
  const { call } = table.next(63_001, ONCE);
  assert.is(call?.who.instance, 2);
  assert.equal(table.takeEvents(), ["retesting 2"]);
  assert.equal(inNumbers(table.next(63_002, ONCE)), [1, []]);
  if (call !== undefined) table.settle(call, "answered", 63_010);
  assert.equal(table.takeEvents(), ["closed 2 (retest succeeded)"]);
});

test("calls so rare that a retest is due at each pay for one retest in a hundred", () => {
  const table = harnessWith(1, 2);
  let paid = 0;
  for (let now = 1000; now < 1000 + 500 * 600_000; now += 600_000) {
    for (const instance of [1, 2]) table.beats(instance, now - 10, { intervalMs: 300_000 });
    const ticket = table.ask(now, ONCE);
    if (ticket.who.instance === 2) paid += 1;
    table.settle(ticket, ticket.who.instance === 2 ? "timeout" : "answered", now + 1000);
  }
  // One call opens the breaker, one ends the probation, and after that one in a hundred pays.
  assert.is(paid, 2 + 5);
});

test("where some calls may be copied, no other is a retest while an instance can take it", () => {
  const table = harnessWith(1, 2);
  failsProbation(table, 2);
  allBeat(table, [1, 2], 60_000);
  const retest = table.next(63_000).retests[0];
  if (retest === undefined) throw new Error("no retest");
  table.settle(retest, "inconclusive", 63_000);
  assert.is(callsOnce(table, 98, 63_000, 2), 0);
  const again = table.next(63_001).retests[0];
  if (again === undefined) throw new Error("no retest");
  table.settle(again, "inconclusive", 63_001);
  assert.is(callsOnce(table, 99, 63_002, 2), 0);
});

test("calls of an operation that may be copied keep no instance without it from a retest", () => {
  const table = new HealthHarness();
  const beatAll = (now: number): void => {
    for (const instance of [1, 2]) table.beats(instance, now, { operations: ["reserve"] });
    table.beats(3, now, { operations: ["get"] });
  };
  const reserve = { ...ONCE, operation: "reserve" };
  const settle = (ticket: Ticket, now: number): void =>
    table.settle(ticket, ticket.who.instance === 2 ? "timeout" : "answered", now);
  beatAll(0);
  // Opened, closed by a heartbeat, and opened again: from here on a retest alone closes it.
  for (const from of [100, 3_000]) {
    for (const ticket of [table.ask(from, reserve), table.ask(from, reserve)]) settle(ticket, from + 1_000);
    beatAll(from + 1_500);
  }
  const now = 70_000;
  beatAll(now);
  let retests = 0;
  for (let call = 0; call < 200; call += 1) {
    table.settle(table.ask(now, { operation: "get" }), "answered", now);
    const ticket = table.ask(now, reserve);
    if (ticket.who.instance === 2) retests += 1;
    settle(ticket, now);
  }
  assert.is(retests, 1);
});

test("a call that goes on to another instance is no retest, and not counted", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.is(callsOnce(table, 99, 63_000, 3), 0);
  const goesOn = { ...ONCE, excluded: new Set(["1-a"]) };
  assert.is(table.ask(63_001, goesOn).who.instance, 2);
  assert.is(table.ask(63_002, ONCE).who.instance, 3);
});

test("with no instance that can take it, a call that must not reach two instances is a retest at once", () => {
  const table = harnessWith(1);
  table.hangs(1, 1000);
  assert.equal(inNumbers(table.next(1001, ONCE)), [1, []]);
  assert.equal(table.takeEvents(), ["opened 1 (request timed out)", "retesting 1"]);
});

test("with no instance that can take it, a call that goes on ends, and is no retest", () => {
  const table = harnessWith(1, 2);
  table.hangs(2, 1000);
  table.takeEvents();
  const goesOn = { ...ONCE, excluded: new Set(["1-a"]) };
  assert.equal(inNumbers(table.next(1001, goesOn)), ["none", []]);
  assert.equal(inNumbers(table.next(1001, { excluded: goesOn.excluded })), ["none", [2]], "a copy may be one");
  assert.equal(table.takeEvents(), ["retesting 2"]);
});

test("a call that is itself the retest takes no turn, so the instances in between are not skipped", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.is(callsOnce(table, 99, 62_000, 3), 0);
  assert.equal(inNumbers(table.next(63_000, ONCE)), [3, []]);
  assert.equal(table.turns(2, 63_001), [2, 1]);
});

test("an instance that sent heartbeats but no answers gets one call at a time, and more only if no other can take it", () => {
  const table = harnessWith(1, 2);
  table.hangs(2, 1000);
  table.beats(2, 1005);
  const waiting = table.next(1010);
  assert.equal(inNumbers(waiting), [1, []]);
  assert.equal(inNumbers(table.next(1011)), [2, []]);
  assert.equal(inNumbers(table.next(1012)), [1, []]);
  assert.equal(inNumbers(table.next(1013)), [1, []]);
  table.hangs(1, 1500);
  assert.equal(inNumbers(table.next(1501)), [2, []]);
});

test("an instance that is gone is not retested", () => {
  const table = harnessWith(1, 2);
  failsProbation(table, 2);
  table.beats(1, 60_000);
  assert.equal(inNumbers(table.next(63_000)), [1, []]);
});

test.run();
