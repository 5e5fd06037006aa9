// Senders of warnings: whose count, who may take one back, and which answers refute them (docs/health.md, rule 19).

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_RULES, harnessWith } from "../support/health-harness.ts";
import { LEASE_MS, NOW, warn, withdraw } from "../support/warned.ts";

const test = suite("senders of warnings");

test("one sender's warnings of an instance count once until it has answered us, those of others as well", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 2, NOW);
  withdraw(table, 2);
  assert.equal(warn(table, 2, NOW + 1), [], "it said so already");
  assert.equal(warn(table, 2, NOW + 1, { sender: "b.1" }), ["warned 2"]);
  withdraw(table, 2, "b.1");
  table.settle(table.ticketOf(2, NOW + 1), "answered", NOW + 2);
  assert.equal(warn(table, 2, NOW + 400), ["warned 2"], "both took it back, so neither was wrong");
});

test("an answer refutes the sender: for a lease none of its warnings counts, of no instance", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW);
  warn(table, 3, NOW);
  warn(table, 3, NOW, { sender: "b.1" });
  warn(table, 4, NOW);
  table.takeEvents();
  table.settle(table.ticketOf(2, NOW), "answered", NOW + 1);
  assert.equal(table.takeEvents(), ["warning-over 2 (answered)", "warning-over 4 (refuted)"], "another warns of 3 too");
  for (const instance of [2, 4, 5]) assert.equal(warn(table, instance, NOW + 1 + LEASE_MS - 1), [], String(instance));
  assert.equal(warn(table, 5, NOW + 1 + LEASE_MS), ["warned 5"]);
});

test("each sender's claim stands by itself: another one neither takes it back nor makes its sender wrong", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW, { by: "a" });
  warn(table, 2, NOW, { sender: "b.1", by: "b" });
  assert.is(table.member(2).warning?.by, "b");
  assert.equal(withdraw(table, 2, "b.1", NOW + 2), []);
  assert.equal(table.turns(5, NOW + 2).includes(2), false, "the other one still waits");
  assert.equal([table.member(2).warning?.by, table.member(2).warning?.until], ["a", NOW + LEASE_MS]);
  table.settle(table.ticketOf(2, NOW + 3), "answered", NOW + 4);
  assert.equal(warn(table, 3, NOW + 400), [], "the one that still waited was wrong");
  assert.equal(warn(table, 3, NOW + 400, { sender: "b.1" }), ["warned 3"], "the one that took it back was not");
});

test("a claim that has expired does not outlast that of another sender", () => {
  const table = harnessWith(1, 2, 3);
  for (const at of [NOW, NOW + LEASE_MS - 1]) {
    for (const instance of [1, 2, 3]) table.beats(instance, at);
    warn(table, 2, at, { sender: `${at}.1` });
  }
  table.takeEvents();
  table.tick(NOW + LEASE_MS);
  assert.equal(table.takeEvents(), [], "one of them counts still");
  assert.equal(withdraw(table, 2, `${NOW + LEASE_MS - 1}.1`, NOW + LEASE_MS), ["warning-over 2 (withdrawn)"]);
});

test("where a breaker had opened since, a later sender is wrong by itself alone", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW);
  table.hangs(2, NOW + 100);
  table.beats(2, NOW + 3_000);
  warn(table, 2, NOW + 3_000, { sender: "b.1" });
  table.settle(table.ticketOf(2, NOW + 3_001), "answered", NOW + 3_002);
  assert.equal(warn(table, 3, NOW + 4_000), ["warned 3"]);
  assert.equal(warn(table, 4, NOW + 4_000, { sender: "b.1" }), []);
});

test("a sender that is refuted is heeded nowhere, also where another one took its warning back", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW, { sender: "b.1" });
  withdraw(table, 2, "b.1", NOW);
  for (const instance of [2, 3]) warn(table, instance, NOW);
  table.takeEvents();
  table.settle(table.ticketOf(3, NOW), "answered", NOW + 1);
  assert.equal(table.takeEvents(), ["warning-over 3 (answered)", "warning-over 2 (refuted)"]);
});

test("a claim that was refuted does not come back, also where another sender warns and takes that back", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  table.beats(3, NOW, { intervalMs: 500 });
  for (const instance of [2, 3]) warn(table, instance, NOW);
  table.settle(table.ticketOf(3, NOW), "answered", NOW + 1);
  const later = NOW + 500 * DEFAULT_RULES.leaseIntervals + 2;
  table.takeEvents();
  assert.equal(warn(table, 2, later, { sender: "b.1" }), ["warned 2"]);
  assert.equal(withdraw(table, 2, "b.1", later + 1), ["warning-over 2 (withdrawn)"]);
  assert.is(table.turns(5, later + 1).includes(2), true);
});

test("a sender is refuted for the longest of the leases", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  table.beats(3, NOW, { intervalMs: 1_000 });
  for (const instance of [2, 3]) warn(table, instance, NOW);
  for (const instance of [2, 3]) table.settle(table.ticketOf(instance, NOW), "answered", NOW + 1);
  assert.is(LEASE_MS > 2_000 * DEFAULT_RULES.leaseIntervals, true);
  assert.equal(warn(table, 4, NOW + LEASE_MS), []);
  assert.equal(warn(table, 4, NOW + LEASE_MS + 1), ["warned 4"]);
});

test("where all that warned have taken it back, this caller may warn itself, also of one that it had taken out", () => {
  const table = harnessWith(1, 2, 3);
  for (const sender of ["a.1", "b.1"]) warn(table, 2, NOW, { sender });
  table.hangs(2, NOW + 100);
  withdraw(table, 2, "a.1", NOW + 101);
  assert.is(table.member(2).warning?.over, "left");
  withdraw(table, 2, "b.1", NOW + 101);
  assert.is(table.member(2).warning?.over, "withdrawn");
});

test("the same where the others were refuted meanwhile: they have no reason to take anything back", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  for (const instance of [2, 3]) warn(table, instance, NOW, { sender: "b.1" });
  warn(table, 2, NOW);
  table.settle(table.ticketOf(3, NOW), "answered", NOW + 1);
  table.hangs(2, NOW + 100);
  assert.is(table.member(2).warning?.over, "left");
  withdraw(table, 2, "a.1", NOW + 101);
  assert.is(table.member(2).warning?.over, "withdrawn");
});

test("a sender that takes a warning back is not wrong, also if the warning was over before", () => {
  const table = harnessWith(1, 2, 3);
  for (const end of [
    () => table.tick(NOW + LEASE_MS),
    () => table.hangs(2, NOW + LEASE_MS),
    () => table.beats(2, NOW + LEASE_MS + 2, { state: "up" }),
  ]) {
    for (const instance of [1, 2, 3]) table.beats(instance, NOW + LEASE_MS - 1);
    warn(table, 2, NOW);
    end();
    withdraw(table, 2);
    table.settle(table.ticketOf(2, NOW + LEASE_MS), "answered", NOW + LEASE_MS + 3);
    assert.equal(warn(table, 1, NOW + LEASE_MS + 4), ["warned 1"]);
    withdraw(table, 1);
    table.settle(table.ticketOf(1, NOW), "answered", NOW);
  }
});

test("an answer that took longer than the limit of its call refutes no sender: the instance may have hung", () => {
  for (const [timeoutMs, tookMs, expected] of [
    [undefined, 200, []],
    [undefined, 201, ["warned 3"]],
    [400, 80, []],
    [400, 81, ["warned 3"]],
  ] as const) {
    const table = harnessWith(1, 2, 3, 4, 5);
    const call = table.tracker.admit(table.member(2), NOW, timeoutMs);
    warn(table, 2, NOW + 50);
    table.takeEvents();
    table.settle(call, "answered", NOW + tookMs);
    assert.equal(table.takeEvents(), ["warning-over 2 (answered)"]);
    assert.equal(warn(table, 3, NOW + 1_000), expected, `after ${tookMs} ms`);
  }
});

test("where an operation has no limit, an answer within twice its typical p99 refutes", () => {
  const traits = { operation: "get" } as const;
  for (const [tookMs, expected] of [
    [800, []],
    [801, ["warned 3"]],
  ] as const) {
    const table = harnessWith(1, 2, 3, 4, 5);
    for (let call = 0; call < 200; call++) table.settle(table.ask(0, traits), "answered", 400);
    const call = table.tracker.admit(table.member(2), NOW, undefined, "get");
    warn(table, 2, NOW + 200);
    table.settle(call, "answered", NOW + tookMs);
    assert.equal(warn(table, 3, NOW + 1_000), expected, `after ${tookMs} ms`);
  }
});

test("an answer refutes no sender where this caller had opened the breaker itself", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW);
  table.hangs(2, NOW + 100);
  table.beats(2, NOW + 3_000);
  table.settle(table.ticketOf(2, NOW + 3_001), "answered", NOW + 3_002);
  assert.equal(warn(table, 3, NOW + 4_000), ["warned 3"]);
});

test("nor where it opened the breaker after the warning was over", () => {
  const table = harnessWith(1, 2, 3, 4, 5);
  warn(table, 2, NOW);
  for (const instance of [1, 2, 3, 4, 5]) table.beats(instance, NOW + LEASE_MS - 1);
  table.tick(NOW + LEASE_MS);
  table.hangs(2, NOW + LEASE_MS + 100);
  table.beats(2, NOW + LEASE_MS + 3_000);
  table.settle(table.ticketOf(2, NOW + LEASE_MS + 3_001), "answered", NOW + LEASE_MS + 3_002);
  assert.equal(warn(table, 3, NOW + LEASE_MS + 4_000), ["warned 3"]);
});

test("with as many wrong senders as are remembered no warning counts", () => {
  const table = harnessWith(1, 2, 3);
  for (let sender = 0; sender < 256; sender++) {
    assert.equal(warn(table, 2, NOW + 30 * sender, { sender: `a.${sender}`, quietMs: 20 }), ["warned 2"]);
    table.settle(table.ticketOf(2, NOW + 30 * sender), "answered", NOW + 30 * sender);
  }
  const last = NOW + 30 * 255;
  assert.equal(warn(table, 1, last + 1, { sender: "b.1" }), []);
  assert.equal(warn(table, 1, NOW + LEASE_MS, { sender: "b.1" }), ["warned 1"], "the first is forgotten");
});

test("a second sender prolongs it", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 2, NOW);
  assert.equal(warn(table, 2, NOW + 1_000, { sender: "b.1" }), [], "one event");
  for (const instance of [1, 2, 3]) table.beats(instance, NOW + LEASE_MS);
  assert.equal(table.turns(2, NOW + LEASE_MS + 999).includes(2), false);
  assert.equal(table.turns(3, NOW + LEASE_MS + 1_000).includes(2), true);
});

test("nine senders do not count more than eight", () => {
  const table = harnessWith(1, 2, 3);
  for (let sender = 1; sender <= 8; sender++) {
    assert.equal(warn(table, 2, NOW, { sender: `a.${sender}` }), ["warned 2"], String(sender));
    withdraw(table, 2, `a.${sender}`);
  }
  assert.equal(warn(table, 2, NOW, { sender: "a.9" }), []);
});

test.run();
