import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Choice, PickResult } from "../../src/health/balancer.ts";
import { type HealthHarness, harnessWith } from "../support/health-harness.ts";

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

test("a call that must not reach two instances is itself the retest that is due", () => {
  const table = harnessWith(1, 2);
  failsProbation(table, 2);
  allBeat(table, [1, 2], 60_000);
  const once = { idempotent: false };
  assert.equal(inNumbers(table.next(62_000, once)), [1, []]);
  assert.equal(inNumbers(table.resolver.peek(63_000, once)), [2, []]);
  const { call } = table.next(63_000, once);
  assert.is(call?.who.instance, 2);
  assert.equal(table.takeEvents(), ["retesting 2"]);
  assert.equal(inNumbers(table.next(63_000, once)), [1, []]);
  if (call !== undefined) table.settle(call, "answered", 63_010);
  assert.equal(table.takeEvents(), ["closed 2 (retest succeeded)"]);
});

test("a call that is itself the retest takes no turn, so the instances in between are not skipped", () => {
  const table = harnessWith(1, 2, 3);
  failsProbation(table, 3);
  allBeat(table, [1, 2, 3], 60_000);
  assert.equal(table.turns(1, 62_000), [1]);
  assert.equal(inNumbers(table.next(63_000, { idempotent: false })), [3, []]);
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
