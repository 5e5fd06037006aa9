// The rules of health (docs/health.md, "How a call finds its instance"), one or more tests for each, as sequences of
// events with their times.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ticket } from "../../src/health/ticket.ts";
import { beatOf, DEFAULT_RULES, HealthHarness, harnessWith } from "../support/health-harness.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("rules");

function count(turns: readonly number[]): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const instance of turns) counts[instance] = (counts[instance] ?? 0) + 1;
  return counts;
}

/** Four calls at once, as a page makes them; each result is what `result` says of the instance's number. */
function page(
  table: HealthHarness,
  now: number,
  result: (instance: number) => "answered" | "timeout",
): readonly number[] {
  const tickets = [1, 2, 3, 4].map(() => table.ask(now));
  const answeredFirst = [...tickets].sort(
    (a, b) => Number(result(a.who.instance) === "timeout") - Number(result(b.who.instance) === "timeout"),
  );
  for (const ticket of answeredFirst) {
    const how = result(ticket.who.instance);
    table.settle(ticket, how, how === "answered" ? now + 3 : now + DEFAULT_RULES.requestTimeoutMs);
  }
  return tickets.map((ticket) => ticket.who.instance);
}

const well = (): "answered" => "answered";

// The steps of the walk-through, from the second instance to its recovery.

test("one page opens the breaker of a paused instance, the next page avoids it, and its heartbeat closes it", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  assert.equal(page(table, 5000, well), [1, 1, 1, 1]);
  table.beats(2, 6000);
  assert.equal(table.takeEvents(), ["joined 1", "joined 2"]);
  assert.equal(page(table, 10_000, well), [2, 1, 2, 1]);

  const twoHangs = (instance: number): "answered" | "timeout" => (instance === 2 ? "timeout" : "answered");
  table.beats(1, 12_000);
  table.beats(2, 12_000);
  assert.equal(page(table, 20_000, twoHangs), [2, 1, 2, 1]);
  assert.equal(table.takeEvents(), ["opened 2 (request timed out)"]);

  table.beats(1, 26_000);
  assert.equal(page(table, 30_000, well), [1, 1, 1, 1]);
  table.beats(1, 40_000);
  table.tick(42_000);
  assert.equal(table.takeEvents(), ["lost 2 (no heartbeat)"]);
  assert.equal(
    page(table, 50_900, well),
    [1, 1, 1, 1],
    "not even a retest goes to an instance whose lease has expired",
  );

  table.beats(2, 53_000);
  assert.equal(table.takeEvents(), ["returned 2", "closed 2 (heartbeat)"]);
  assert.equal(page(table, 54_000, well), [2, 1, 2, 1]);
  assert.equal(page(table, 54_100, well), [2, 1, 2, 1]);
  assert.equal(table.takeEvents(), []);
  assert.is(table.breaker(2), "closed");
});

// Heartbeats and goodbyes.

test("an instance is used at once after its first heartbeat, such as the answer to a roll call", () => {
  const table = new HealthHarness();
  assert.is(table.next(0).call, undefined);
  table.beats(1, 2);
  assert.is(table.ask(3).who.instance, 1);
});

test("a draining instance gets no new calls, and its last answers still count", () => {
  const table = harnessWith(1, 2);
  const last = table.ask(5);
  table.beats(1, 10, { state: "draining" });
  assert.equal(table.turns(3, 11), [2, 2, 2]);
  table.settle(last, "answered", 20);
  table.beats(1, 30, { state: "gone" });
  assert.equal(table.takeEvents(), ["draining 1", "left 1"]);
});

test("a rolling restart leaves no call without an instance", () => {
  const table = harnessWith(1, 2, 3);
  for (const instance of [1, 2, 3]) {
    const now = instance * 1000;
    table.beats(instance, now, { state: "draining" });
    assert.is(table.turns(4, now + 1).includes(instance), false);
    table.beats(instance, now + 2, { state: "gone" });
    table.beats(instance, now + 3, { incarnation: `${instance}-b` });
    assert.ok(table.turns(3, now + 4).includes(instance));
  }
});

// Dead is not hung.

test("only a timeout opens a breaker; no responders lose the instance instead", () => {
  const table = harnessWith(1, 2);
  table.settle(table.ticketOf(1, 0), "timeout", 1000);
  table.settle(table.ticketOf(2, 1000), "no-responders", 1001);
  assert.equal(table.takeEvents(), ["opened 1 (request timed out)", "lost 2 (no responders)"]);
  assert.is(table.breaker(2), "closed");
  assert.equal(table.live(1001), [1]);
});

test("no other result opens a breaker, however often", () => {
  for (const result of ["answered", "no-responders", "draining", "inconclusive"] as const) {
    const table = harnessWith(1);
    for (let now = 0; now < 20; now++) table.settle(table.ticketOf(1, now), result, now);
    assert.is(table.breaker(1), "closed", result);
  }
});

// Round robin by instance.

test("a join, a departure and an open breaker leave the counts of the other instances within one", () => {
  const events: readonly [string, (table: HealthHarness) => void][] = [
    ["a join before the cursor", (table) => table.beats(1, 10)],
    ["a join after the cursor", (table) => table.beats(9, 10)],
    ["a departure", (table) => table.beats(3, 10, { state: "gone" })],
    ["an opening", (table) => table.hangs(3, 1010)],
  ];
  for (const [name, happens] of events) {
    for (let before = 0; before < 8; before++) {
      const table = harnessWith(2, 3, 4, 5);
      const turns = [...table.turns(before, 5)];
      happens(table);
      turns.push(...table.turns(11, 1010));
      const counts = count(turns);
      const others = [2, 4, 5].map((instance) => counts[instance] ?? 0);
      assert.ok(
        Math.max(...others) - Math.min(...others) <= 1,
        `${name} after ${before} turns: ${JSON.stringify(counts)}`,
      );
    }
  }
});

// A result counts only in the generation in which its request was sent.

test("a late answer from before the opening changes nothing", () => {
  const table = harnessWith(1);
  const [first, second] = [table.ask(0), table.ask(0)];
  table.settle(first, "timeout", 1000);
  table.takeEvents();
  table.settle(second, "answered", 1100);
  assert.is(table.breaker(1), "open");
  assert.equal(table.takeEvents(), []);
});

// Heartbeats and breakers.

test("a heartbeat starts a probation; a timeout then opens for twice as long, and heartbeats close no more", () => {
  const table = harnessWith(1);
  table.hangs(1, 1000);
  table.beats(1, 15_000);
  assert.equal(table.takeEvents(), ["opened 1 (request timed out)", "closed 1 (heartbeat)"]);
  const ticket = table.ask(16_000);
  const [opened] = table.tracker.settle(ticket, "timeout", 17_000);
  assert.equal(opened, { kind: "opened", who: ticket.who, why: "request timed out", retestInMs: 60_000 });
  for (let now = 18_000; now < 70_000; now += 1000) table.beats(1, now);
  assert.equal(table.takeEvents(), []);
  assert.is(table.breaker(1), "open");
  const [retest] = table.next(77_000).retests;
  if (retest === undefined) throw new Error("no retest");
  table.settle(retest, "answered", 77_002);
  assert.equal(table.takeEvents(), ["retesting 1", "closed 1 (retest succeeded)"]);
});

test("a heartbeat closes nothing that opened after it", () => {
  const table = harnessWith(1);
  const ticket = table.ask(0);
  table.beats(1, 999);
  table.settle(ticket, "timeout", 1000);
  assert.is(table.breaker(1), "open");
  table.beats(1, 1001, { seq: 0 });
  assert.is(table.breaker(1), "open", "one that arrives out of order is from before");
});

test("an instance that sends heartbeats but never answers costs at most two calls their timeout", () => {
  const table = harnessWith(1, 2);
  let waits = 0;
  for (let now = 1000; now < 600_000; now += 100) {
    if (now % 5000 === 0) for (const instance of [1, 2]) table.beats(instance, now);
    const { call, retests } = table.next(now);
    for (const retest of retests) table.settle(retest, "timeout", now + 50);
    if (call === undefined) throw new Error(`no instance at ${now}`);
    if (call.who.instance === 2) waits += 1;
    table.settle(call, call.who.instance === 2 ? "timeout" : "answered", now + 50);
  }
  assert.is(waits, 2);
});

// Retests.

test("a retest is one at a time, leased, and ends in success, failure or expiry", () => {
  const endings: readonly [string, (table: HealthHarness, retest: Ticket) => void, string][] = [
    ["success", (table, retest) => table.settle(retest, "answered", 31_005), "closed 1 (retest succeeded)"],
    ["failure", (table, retest) => table.settle(retest, "timeout", 32_000), "opened 1 (retest timed out)"],
    ["expiry", (table) => table.tick(32_500), "opened 1 (retest timed out)"],
  ];
  for (const [name, ends, expected] of endings) {
    const table = harnessWith(1, 2);
    table.hangs(1, 1000);
    for (const instance of [2, 1]) table.beats(instance, 900, { seq: instance });
    table.tracker.freezeLeases(1000);
    table.tracker.resumeLeases(30_000);
    table.takeEvents();
    const turn = table.next(31_000);
    const [retest] = turn.retests;
    if (retest === undefined) throw new Error(`no retest to end in ${name}`);
    assert.is(turn.call?.who.instance, 2, "no caller pays for it");
    assert.equal(table.next(31_001).retests, [], "one at a time");
    ends(table, retest);
    assert.equal(table.takeEvents(), ["retesting 1", expected], name);
    assert.is.not(table.breaker(1), "retesting");
  }
});

test("after an inconclusive retest the breaker is open again", () => {
  for (const result of ["no-responders", "draining", "inconclusive"] as const) {
    const table = harnessWith(1);
    table.hangs(1, 1000);
    const [retest] = table.next(1001).retests;
    if (retest === undefined) throw new Error("no retest");
    table.settle(retest, result, 1002);
    assert.is(table.breaker(1), "open", result);
  }
});

test("without a healthy instance retests are sent before their delay, one per instance at a time", () => {
  const table = harnessWith(1, 2);
  table.hangs(1, 1000);
  table.hangs(2, 1000);
  const { retests } = table.next(1001);
  assert.equal(
    retests.map((retest) => retest.who.instance),
    [1, 2],
  );
  assert.equal(table.next(1002).retests, []);
  for (const retest of retests) table.settle(retest, "timeout", 2001);
  assert.is(table.next(2002).retests.length, 2);
});

// Incarnations.

test("a new incarnation starts with a fresh breaker", () => {
  const table = harnessWith(1);
  table.hangs(1, 1000);
  table.beats(1, 2000, { incarnation: "1-a", state: "gone" });
  table.beats(1, 2001, { incarnation: "1-b" });
  const ticket = table.ask(2002);
  assert.is(ticket.who.incarnation, "1-b");
});

test("two live incarnations of one number are both used, and reported once", () => {
  const table = harnessWith(1);
  for (let now = 1; now < 4; now++) {
    table.beats(1, now, { incarnation: "1-b" });
    table.beats(1, now, { incarnation: "1-a" });
  }
  assert.equal(table.takeEvents(), ["joined 1", "duplicate 1"]);
  const used = [1, 2, 3, 4].map(() => table.ask(5).who.incarnation);
  assert.equal(used, ["1-a", "1-b", "1-a", "1-b"]);
});

// Memory.

test("a breaker outlives the lease; both are purged later", () => {
  const table = harnessWith(1);
  table.hangs(1, 1000);
  table.tick(30_000);
  assert.equal(table.takeEvents(), ["opened 1 (request timed out)", "lost 1 (no heartbeat)"]);
  assert.is(table.breaker(1), "open");
  table.beats(1, 200_000);
  assert.equal(table.takeEvents(), ["returned 1", "closed 1 (heartbeat)"]);
  table.tick(230_000);
  table.tick(230_000 + DEFAULT_RULES.purgeAfterMs);
  assert.is(table.tracker.size, 0);
});

test("memory stays bounded for any stream of incarnations, and proven members stay", () => {
  const table = floodedTable(100, 10_000);
  assert.is(table.tracker.size, 100);
  assert.is(table.tracker.ring.all().length, 100);
  assert.equal(realOnes(table), [1, 2]);
});

test("the table holds ten thousand by default", () => {
  const table = floodedTable(DEFAULT_RULES.maxIncarnations, 12_000);
  assert.is(table.tracker.size, 10_000);
  assert.equal(realOnes(table), [1, 2]);
});

test("in a table full of forgeries a call finds a real instance at its third attempt", () => {
  const table = floodedTable(100, 1000);
  const excluded = new Set<string>();
  for (let deadEnd = 0; deadEnd < 2; deadEnd++) excluded.add(table.ask(3, { excluded }).who.incarnation);
  assert.ok([1, 2].includes(table.ask(3, { excluded }).who.instance));
});

const FORGED = beatOf(500, { intervalMs: 300_000, version: "" });

/** Instances 1 and 2 have answered; then forged heartbeats of many incarnations arrive. */
function floodedTable(maxIncarnations: number, forgeries: number): HealthHarness {
  const table = new HealthHarness({ maxIncarnations });
  for (const instance of [1, 2]) table.beats(instance, 0);
  table.turns(2, 1);
  for (let forged = 0; forged < forgeries; forged++) {
    table.tracker.onHeartbeat({ ...FORGED, incarnation: `f${forged}`, address: `ratings.get.f${forged}` }, 2);
  }
  return table;
}

const realOnes = (table: HealthHarness): readonly number[] =>
  table.live(3).filter((instance) => instance !== FORGED.instance);

// Failures that are not the instance's.

test("while the bus is disconnected no lease expires", () => {
  const table = harnessWith(1);
  table.tracker.freezeLeases(10_000);
  table.tick(1_000_000);
  assert.equal(table.takeEvents(), []);
  table.tracker.resumeLeases(1_000_000);
  table.tick(1_000_000 + 19_999);
  assert.equal(table.live(1_000_000 + 19_999), [1]);
  table.tick(1_000_000 + 20_000);
  assert.equal(table.takeEvents(), ["lost 1 (no heartbeat)"]);
});

test("a lease that was nearly over is extended to the grace period for reconnecting", () => {
  const table = harnessWith(1);
  table.tracker.freezeLeases(29_999);
  table.tracker.resumeLeases(60_000);
  assert.equal(table.live(60_000 + DEFAULT_RULES.reconnectGraceMs - 1), [1]);
  assert.equal(table.live(60_000 + DEFAULT_RULES.reconnectGraceMs), []);
});

test("a disconnected bus, or a caller that gave up, changes no breaker", () => {
  const table = harnessWith(1, 2);
  table.hangs(2, 1000);
  table.takeEvents();
  const before = JSON.stringify([table.member(1).breaker, table.member(2).breaker]);
  for (let call = 0; call < 10; call++) table.settle(table.ask(1000), "inconclusive", 1500);
  assert.is(JSON.stringify([table.member(1).breaker, table.member(2).breaker]), before);
  assert.equal(table.takeEvents(), []);
});

test("callers whose breakers opened together do not retest together", () => {
  const dice = new SeededRandom(7);
  const delays = new Set<number>();
  for (let caller = 0; caller < 10; caller++) {
    const table = new HealthHarness({}, dice.random);
    table.beats(1, 0);
    table.hangs(1, 1000);
    table.beats(1, 5000);
    const [opened] = table.tracker.settle(table.ask(5000), "timeout", 6000);
    if (opened?.kind === "opened") delays.add(opened.retestInMs);
  }
  assert.is(delays.size, 10);
});

test.run();
