// Warnings of other callers (docs/health.md, rule 19), as sequences of events with their times.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { harnessWith } from "../support/health-harness.ts";
import { LEASE_MS, NOW, warn, withdraw } from "../support/warned.ts";

const test = suite("warnings of other callers");

test("an instance that another caller warns of gets no call while another is not late, and no breaker opens", () => {
  const table = harnessWith(1, 2, 3);
  assert.equal(warn(table, 2, NOW), ["warned 2"]);
  assert.equal(table.turns(4, NOW), [1, 3, 1, 3]);
  assert.is(table.breaker(2), "closed");
});

test("the first answer of ours ends it, and nothing else of ours does", () => {
  const table = harnessWith(1, 2, 3);
  const call = table.ticketOf(2, NOW - 100);
  warn(table, 2, NOW);
  table.takeEvents();
  for (const result of ["inconclusive", "unsent", "denied"] as const) {
    table.settle(table.ticketOf(2, NOW), result, NOW);
    assert.equal(table.takeEvents(), [], result);
  }
  table.settle(call, "rejected", NOW + 1);
  assert.equal(table.takeEvents(), ["warning-over 2 (answered)"]);
  assert.equal(table.turns(3, NOW + 1).includes(2), true);
});

test("it counts for one lease of its instance", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 2, NOW);
  for (const instance of [1, 2, 3]) table.beats(instance, NOW + LEASE_MS - 1);
  assert.equal(table.turns(4, NOW + LEASE_MS - 1).includes(2), false);
  assert.equal(table.turns(3, NOW + LEASE_MS).includes(2), true, "at once, whenever the tick comes");
  const later = harnessWith(1, 2);
  warn(later, 2, NOW);
  for (const instance of [1, 2]) later.beats(instance, NOW + LEASE_MS - 1);
  later.takeEvents();
  later.tick(NOW + LEASE_MS - 1);
  assert.equal(later.takeEvents(), []);
  later.tick(NOW + LEASE_MS);
  assert.equal(later.takeEvents(), ["warning-over 2 (expired)"]);
  later.tick(NOW + LEASE_MS + 1);
  assert.equal(later.takeEvents(), [], "once");
});

test("the sender takes it back, and another one cannot", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 2, NOW);
  assert.equal(withdraw(table, 2, "b.1"), []);
  assert.equal(table.turns(2, NOW), [1, 3]);
  assert.equal(withdraw(table, 2), ["warning-over 2 (withdrawn)"]);
  assert.equal(withdraw(table, 2), [], "once");
  assert.equal(table.turns(3, NOW).includes(2), true);
});

test("it does not count if the instance has answered us since the call that its sender waits for", () => {
  const table = harnessWith(1, 2, 3);
  table.settle(table.ticketOf(2, NOW - 10), "answered", NOW);
  assert.equal(warn(table, 2, NOW + 300), [], "answered at the beginning of those 300 ms");
  assert.equal(warn(table, 2, NOW + 301), ["warned 2"]);
  const claims = harnessWith(1, 2, 3);
  claims.settle(claims.ticketOf(2, NOW - 10), "answered", NOW);
  assert.equal(warn(claims, 2, NOW + 20, { quietMs: 0 }), [], "no caller knows anything after 20 ms");
  assert.equal(warn(claims, 2, NOW + 21, { quietMs: 0 }), ["warned 2"]);
});

test("who is warned of more than half is warned of none", () => {
  const table = harnessWith(1, 2, 3, 4);
  warn(table, 1, NOW);
  warn(table, 2, NOW, { sender: "b.1" });
  assert.equal(table.turns(4, NOW), [3, 4, 3, 4], "half of them");
  assert.equal(warn(table, 3, NOW + 400, { sender: "c.1" }), ["warned 3"]);
  const picked = (count: number): readonly number[] =>
    Array.from({ length: count }, () => table.ask(NOW + 400).who.instance).toSorted();
  // Of all, three are warned of, so no newcomer is passed over; of the proven ones, 3 and 4, one is.
  assert.equal(picked(6), [1, 1, 2, 2, 4, 4]);
  for (const instance of [1, 2]) {
    table.member(instance).hasAnswered = true;
    table.tracker.lateness.warnings.proven(table.member(instance), true);
  }
  assert.equal(picked(4), [1, 2, 3, 4]);
});

test("who is warned of most is counted again as instances join, leave and answer for the first time", () => {
  const table = harnessWith(1, 2, 3);
  const turns = (now = NOW): readonly number[] =>
    Array.from({ length: 6 }, () => table.ask(now).who.instance).toSorted();
  warn(table, 1, NOW);
  assert.equal(turns(), [2, 2, 2, 3, 3, 3], "one of three");
  warn(table, 2, NOW, { sender: "b.1" });
  assert.equal(turns(), [1, 1, 2, 2, 3, 3], "two of three");
  table.beats(4, NOW);
  assert.equal(turns(), [3, 3, 3, 4, 4, 4], "two of four");
  table.beats(4, NOW, { state: "gone" });
  assert.equal(turns(), [1, 1, 2, 2, 3, 3], "two of three again");
  withdraw(table, 2, "b.1");
  assert.equal(turns(), [2, 2, 2, 3, 3, 3], "one of three: its sender has taken it back");
  table.settle(table.ticketOf(3, NOW), "answered", NOW);
  table.settle(table.ticketOf(2, NOW), "answered", NOW);
  warn(table, 2, NOW + 400, { sender: "b.1" });
  // Of all, two of three are warned of; of the proven ones, one of two.
  assert.equal(turns(NOW + 400), [1, 1, 1, 3, 3, 3]);
  const other = harnessWith(1, 2, 3);
  other.settle(other.ticketOf(1, NOW), "answered", NOW);
  warn(other, 1, NOW + 400);
  const picks = (): readonly number[] => [1, 2, 3].map(() => other.ask(NOW + 400).who.instance).toSorted();
  assert.equal(picks(), [1, 2, 3], "the only proven one");
  other.settle(other.ticketOf(2, NOW + 400), "answered", NOW + 400);
  assert.equal(picks().includes(1), false, "one of two proven ones");
});

test("who is warned of most is counted again when a warning is over, whenever the tick comes", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 1, NOW);
  warn(table, 2, NOW + 1_000, { sender: "b.1" });
  const picks = (now: number): readonly number[] => {
    for (const instance of [1, 2, 3]) table.beats(instance, now);
    return [1, 2, 3].map(() => table.ask(now).who.instance).toSorted();
  };
  assert.equal(picks(NOW + LEASE_MS - 1), [1, 2, 3], "two of three");
  assert.equal(picks(NOW + LEASE_MS).includes(2), false, "one of three");
});

test("senders that were wrong long ago mute no others", () => {
  const instances = Array.from({ length: 40 }, (_, index) => index + 1);
  const table = harnessWith(...instances);
  const answers = (instance: number, at: number): void =>
    void table.settle(table.ticketOf(instance, at), "answered", at);
  warn(table, 40, NOW, { sender: "late.1" });
  for (let instance = 1; instance <= 32; instance++)
    for (let sender = 0; sender < 8; sender++) warn(table, instance, NOW, { sender: `liar.${instance}.${sender}` });
  for (let instance = 1; instance <= 32; instance++) answers(instance, NOW);
  const { warnings } = table.tracker.lateness;
  assert.is(warnings.refutedCount, 256);
  const later = NOW + 2 * LEASE_MS;
  for (const instance of instances) table.beats(instance, later);
  answers(40, later);
  assert.is(warnings.refutedCount, 1, "the one that was wrong now");
  assert.equal(warn(table, 2, later + 400, { sender: "honest.1" }), ["warned 2"]);
});

test("a thousand senders that were wrong are kept as 256, and no warning counts until the last is forgiven", () => {
  const table = harnessWith(...Array.from({ length: 200 }, (_, index) => index + 1));
  for (let instance = 1; instance <= 200; instance++)
    for (let sender = 0; sender < 5; sender++)
      warn(table, instance, NOW, { sender: `liar.${instance}.${sender}`, quietMs: 1 });
  for (let instance = 1; instance <= 200; instance++)
    table.settle(table.ticketOf(instance, NOW + instance), "answered", NOW + instance);
  const { warnings } = table.tracker.lateness;
  assert.is(warnings.refutedCount, 256);
  const until = NOW + 200 + LEASE_MS;
  const warned = (now: number): readonly string[] => {
    for (const instance of [1, 2, 3]) table.beats(instance, now);
    return warn(table, 1, now, { sender: "honest.1" });
  };
  assert.equal(warned(until - 1), [], "those of the first 256 are over");
  assert.equal(warned(until), ["warned 1"]);
});

test("a sender that warns of all newcomers does not press all calls on the one proven instance", () => {
  const table = harnessWith(...Array.from({ length: 10 }, (_, index) => index + 1));
  table.settle(table.ticketOf(1, NOW), "answered", NOW);
  for (let instance = 1; instance <= 10; instance++) warn(table, instance, NOW + 1, { quietMs: 1 });
  assert.equal(table.member(1).warning, undefined, "it has just answered");
  const picked = Array.from({ length: 10 }, () => table.ask(NOW + 1).who.instance);
  assert.equal(new Set(picked).size, 10);
});

test("a warning that has expired does not count towards the half, whenever the tick comes", () => {
  const table = harnessWith(1, 2, 3, 4);
  for (const instance of [1, 2]) warn(table, instance, NOW);
  for (const instance of [1, 2, 3, 4]) table.beats(instance, NOW + LEASE_MS - 1);
  warn(table, 3, NOW + LEASE_MS - 1, { sender: "b.1" });
  const picked = Array.from({ length: 6 }, () => table.ask(NOW + LEASE_MS).who.instance);
  assert.equal(picked.toSorted(), [1, 1, 2, 2, 4, 4]);
});

test("with an answer of ours there are fewer again, and those count", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 1, NOW);
  warn(table, 2, NOW, { sender: "b.1" });
  const call = table.ask(NOW);
  assert.is(call.who.instance, 1);
  table.settle(call, "answered", NOW);
  assert.equal(table.turns(4, NOW), [3, 1, 3, 1]);
});

test("a single instance is called, although a caller warns of it", () => {
  const table = harnessWith(1);
  warn(table, 1, NOW);
  assert.equal(table.turns(2, NOW), [1, 1]);
});

test("if all others are late, the one that is warned of is called: this caller has seen nothing of it", () => {
  const table = harnessWith(1, 2, 3);
  for (const instance of [1, 3]) {
    const ticket = table.ticketOf(instance, NOW - 400);
    table.tracker.lateness.check([table.member(instance)], NOW);
    assert.is(ticket.who.instance, instance);
  }
  warn(table, 2, NOW);
  assert.equal(table.turns(2, NOW), [2, 2]);
});

test("forged instances that nothing proves do not make room for warnings of the real ones", () => {
  const table = harnessWith(1, 2, 3, 4, 5, 6, 7, 8);
  for (const instance of [1, 2, 3]) table.member(instance).hasAnswered = true;
  for (const instance of [1, 2, 3]) warn(table, instance, NOW, { sender: `${instance}.1` });
  const turns = Array.from({ length: 8 }, () => table.ask(NOW).who.instance);
  assert.equal([...new Set(turns)].sort(), [1, 2, 3, 4, 5, 6, 7, 8], "no warning counts: three of three are warned of");
  // With the quarantine the unproven ones get nothing, whatever is said of the others.
  for (const instance of [4, 5, 6, 7]) table.hangs(instance, NOW);
  const later = Array.from({ length: 6 }, () => table.ask(NOW + 1, { idempotent: true }).who.instance);
  assert.equal([...new Set(later)].sort(), [1, 2, 3]);
});

test("forged instances that are warned of do not end the warning of a real one, and their own do not count", () => {
  const table = harnessWith(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  for (const instance of [1, 2, 3, 4]) table.member(instance).hasAnswered = true;
  warn(table, 1, NOW);
  for (let instance = 5; instance <= 10; instance++) warn(table, instance, NOW, { sender: "b.1" });
  const picked = Array.from({ length: 18 }, () => table.ask(NOW).who.instance);
  assert.equal(
    [...new Set(picked)].toSorted((a, b) => a - b),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("a hedge goes to one that is warned of, if there is no other", () => {
  const table = harnessWith(1, 2);
  warn(table, 2, NOW);
  const excluded = new Set(["1-a"]);
  assert.is(table.ask(NOW, { isHedge: true, excluded }).who.instance, 2);
});

test("a lease is as long as its heartbeats promise, whatever a disconnection has added to it", () => {
  const table = harnessWith(1, 2, 3);
  table.tracker.freezeLeases(NOW);
  table.tracker.resumeLeases(NOW + 3_600_000);
  const now = NOW + 3_600_001;
  warn(table, 2, now);
  assert.is(table.member(2).warning?.until, now + LEASE_MS);
});

test("those that are out of the rotation are not warned of, and the half is one of the rotation", () => {
  const table = harnessWith(1, 2, 3, 4);
  table.hangs(1, NOW);
  assert.is(table.breaker(1), "open");
  assert.equal(warn(table, 1, NOW), []);
  table.beats(2, NOW, { state: "draining" });
  assert.equal(warn(table, 2, NOW), []);
  warn(table, 3, NOW);
  assert.equal(table.turns(2, NOW), [4, 4], "one of two");
});

test("one that leaves the rotation takes its warning with it", () => {
  const table = harnessWith(1, 2, 3);
  warn(table, 2, NOW);
  table.hangs(2, NOW);
  assert.equal(table.takeEvents(), ["opened 2 (request timed out)"]);
  assert.is(table.tracker.lateness.warnings.size, 0);
  table.beats(2, NOW + 10);
  assert.equal(table.turns(3, NOW + 10).includes(2), true);
  assert.is(table.tracker.lateness.warnings.size, 0, "it was called, and has answered");
});

test("a late one that was silent for 120 ms is to be warned of, once, and again when it is late again", () => {
  const table = harnessWith(1, 2);
  const overdue = (now: number): readonly number[] =>
    table.tracker.lateness
      .check(table.tracker.rotation.all(), now)
      .toWarnOf.map(({ who, quietMs }) => who.instance * 10_000 + quietMs);
  const call = table.ticketOf(2, 1_000);
  assert.equal(overdue(1_200), [], "not late yet");
  assert.equal([overdue(1_201), overdue(1_220)], [[], []], "late for a moment only");
  assert.equal(overdue(1_221), [20_221], "for 221 ms");
  assert.equal(overdue(1_400), [], "once");
  table.settle(call, "answered", 1_500);
  table.ticketOf(2, 2_000);
  overdue(2_201);
  assert.equal(overdue(2_221), [20_221]);
  const fast = harnessWith(1, 2);
  for (let call = 0; call < 80; call++) fast.settle(fast.ask(0, { operation: "get" }), "answered", 2);
  fast.tracker.admit(fast.member(2), 1_000, undefined, "get");
  const overdueOf = (now: number): number =>
    fast.tracker.lateness.check(fast.tracker.rotation.all(), now).toWarnOf.length;
  assert.equal([1_021, 1_119, 1_120, 1_121].map(overdueOf), [0, 0, 1, 0]);
});

test.run();
