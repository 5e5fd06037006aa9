import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beatOf, DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";

const test = suite("tracker");

const LEASE_MS = 30_000;

test("a goodbye of an unknown incarnation adds no member", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { state: "draining" });
  table.beats(2, 0, { state: "gone" });
  assert.equal(table.takeEvents(), []);
  assert.is(table.tracker.size, 0);
});

test("live members are listed in number order, not in the order of joining", () => {
  const table = new HealthHarness();
  for (const instance of [10, 3, 2]) table.beats(instance, 0);
  assert.equal(table.live(1), [2, 3, 10]);
});

test("the lease is twice the interval that the sender promises", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.beats(2, 0, { intervalMs: 100 });
  assert.equal(table.live(199), [1, 2]);
  assert.equal(table.live(200), [1]);
  assert.equal(table.live(LEASE_MS - 1), [1]);
  assert.equal(table.live(LEASE_MS), []);
});

test("an expired lease is reported once, with the length of the silence", () => {
  const table = new HealthHarness();
  table.beats(1, 1000);
  table.takeEvents();
  table.tick(1000 + LEASE_MS - 1);
  assert.equal(table.takeEvents(), []);
  const [lost] = table.tracker.tick(1000 + LEASE_MS + 50);
  assert.equal(lost, { kind: "lost", who: table.member(1).who, why: "no heartbeat", silentMs: LEASE_MS + 50 });
  table.tick(1000 + LEASE_MS + 250);
  assert.equal(table.takeEvents(), []);
});

test("an instance lost without heartbeats can return, whatever sequence number was forged in its name", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.beats(1, 1, { seq: Number.MAX_SAFE_INTEGER });
  table.beats(1, 15_000);
  table.tick(30_001);
  assert.equal(table.takeEvents(), ["joined 1", "lost 1 (no heartbeat)"]);
  table.beats(1, 30_002);
  assert.equal(table.takeEvents(), ["returned 1"]);
});

test("a heartbeat out of order, or sent twice, changes nothing", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { seq: 5 });
  table.beats(1, 20_000, { seq: 5 });
  table.beats(1, 20_000, { seq: 4, state: "gone" });
  assert.equal(table.takeEvents(), ["joined 1"]);
  assert.equal(table.live(LEASE_MS), []);
  table.beats(1, 25_000, { seq: 9 });
  table.beats(1, 25_001, { seq: 8, state: "gone" });
  assert.equal(table.live(25_002), [1], "although it is newer than the first");
});

test("a goodbye is final: no later heartbeat brings its sender back", () => {
  for (const state of ["draining", "gone"] as const) {
    const table = new HealthHarness();
    table.beats(1, 0);
    table.beats(1, 10, { state });
    table.takeEvents();
    table.beats(1, 20);
    assert.equal(table.takeEvents(), []);
    assert.equal(table.live(20), []);
  }
});

test("a departure is reported once, whether or not it was announced", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.beats(2, 0);
  table.beats(1, 10, { state: "draining" });
  table.beats(1, 20, { state: "gone" });
  table.beats(1, 30, { state: "gone" });
  table.beats(2, 40, { state: "gone" });
  assert.equal(table.takeEvents(), ["joined 1", "joined 2", "draining 1", "left 1", "left 2"]);
});

test("an instance that was draining when its heartbeats ended has left, and is not lost", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.beats(1, 10, { state: "draining" });
  table.takeEvents();
  table.tick(LEASE_MS);
  assert.equal(table.takeEvents(), ["left 1"]);
});

test("an instance that refused a call and sends a heartbeat gets calls again", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.settle(table.ask(10), "draining", 12);
  assert.is(table.next(13).call, undefined);
  table.beats(1, 15_000);
  assert.equal(table.takeEvents(), ["joined 1", "draining 1", "returned 1"]);
  assert.equal(table.live(15_000), [1]);
});

test("an instance that refused a call and then fell silent is lost, and may return", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.settle(table.ask(10), "draining", 12);
  table.tick(LEASE_MS);
  table.beats(1, 60_000);
  assert.equal(table.takeEvents(), ["joined 1", "draining 1", "lost 1 (no heartbeat)", "returned 1"]);
});

test("an instance that refused a call and then says goodbye does not come back", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.settle(table.ask(10), "draining", 12);
  table.beats(1, 20, { state: "draining" });
  table.beats(1, 30);
  assert.equal(table.takeEvents(), ["joined 1", "draining 1"]);
});

test("a member that has been gone for five minutes is evicted", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.beats(1, 1000, { state: "gone" });
  table.tick(1000 + DEFAULT_RULES.purgeAfterMs - 1);
  assert.is(table.tracker.size, 1);
  table.tick(1000 + DEFAULT_RULES.purgeAfterMs);
  assert.is(table.tracker.size, 0);
});

test("the result of a call to an evicted member changes nothing", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  const ticket = table.ask(1);
  table.beats(1, 2, { state: "gone" });
  table.tick(1_000_000);
  table.takeEvents();
  for (const result of ["answered", "timeout", "no-responders", "draining", "inconclusive"] as const) {
    table.settle(ticket, result, 1_000_001);
  }
  assert.equal(table.takeEvents(), []);
  assert.is(table.tracker.size, 0);
});

test("a timeout from before an eviction does not count for the new row, but an answer proves it", () => {
  const table = new HealthHarness({ maxIncarnations: 1 });
  table.beats(1, 0);
  const [failing, answered] = [table.ask(1), table.ask(1)];
  table.beats(2, 2);
  table.beats(1, 3);
  table.settle(failing, "timeout", 1001);
  assert.is(table.breaker(1), "closed");
  table.settle(answered, "answered", 1002);
  table.beats(3, 1003);
  assert.equal(table.live(1004), [1]);
});

test("no responders lose an instance, reported once for several calls", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  const tickets = [table.ask(5), table.ask(5)];
  for (const ticket of tickets) table.settle(ticket, "no-responders", 6);
  assert.equal(table.takeEvents(), ["joined 1", "lost 1 (no responders)"]);
});

test("no responders to a call from before the last heartbeat do not lose the instance", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  const ticket = table.ask(100);
  table.beats(1, 101);
  table.settle(ticket, "no-responders", 101);
  assert.equal(table.live(102), [1]);
  table.settle(table.ask(102), "no-responders", 103);
  assert.equal(table.live(104), []);
});

test("no responders just after a reconnect do not lose the instance", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(1000);
  table.tracker.resumeLeases(2000);
  table.takeEvents();
  table.settle(table.ask(2001), "no-responders", 2002);
  assert.equal(table.takeEvents(), []);
  const { reconnectGraceMs } = DEFAULT_RULES;
  table.settle(table.ask(2000 + reconnectGraceMs - 2), "no-responders", 2000 + reconnectGraceMs - 1);
  assert.equal(table.takeEvents(), []);
});

test("that grace period ends, also for an instance that sends no heartbeat", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(1000);
  table.tracker.resumeLeases(2000);
  table.takeEvents();
  const over = 2000 + DEFAULT_RULES.reconnectGraceMs;
  table.settle(table.ask(over), "no-responders", over + 1);
  assert.equal(table.takeEvents(), ["lost 1 (no responders)"]);
});

test("that grace period ends with the first heartbeat of the instance", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(1000);
  table.tracker.resumeLeases(2000);
  table.beats(1, 2100);
  table.takeEvents();
  table.settle(table.ask(2200), "no-responders", 2201);
  assert.equal(table.takeEvents(), ["lost 1 (no responders)"]);
});

test("a second disconnection freezes leases from its own start", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(10_000);
  table.tracker.resumeLeases(20_000);
  table.tracker.freezeLeases(30_000);
  table.tracker.freezeLeases(35_000);
  table.tracker.resumeLeases(40_000);
  // 30 s of lease, frozen twice for ten seconds.
  assert.equal(table.live(49_999), [1]);
  assert.equal(table.live(50_000), []);
});

test('a heartbeat read before the status "connected" gives a lease of normal length', () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(1000);
  table.beats(1, 3_600_000);
  table.tracker.resumeLeases(3_600_001);
  assert.equal(table.live(3_600_001 + LEASE_MS - 2), [1]);
  assert.equal(table.live(3_600_001 + LEASE_MS), []);
});

test("a duplicate is reported again when another process takes the place of the one that left", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { incarnation: "1-a" });
  table.beats(1, 1, { incarnation: "1-b" });
  table.beats(1, 2, { incarnation: "1-a" });
  table.beats(1, 3, { incarnation: "1-b", state: "gone" });
  table.beats(1, 4, { incarnation: "1-c" });
  table.beats(1, 5, { incarnation: "1-a" });
  assert.equal(table.takeEvents(), ["joined 1", "joined 1", "duplicate 1", "left 1", "joined 1", "duplicate 1"]);
});

test("a duplicate that joined at the same time is reported once", () => {
  const table = new HealthHarness();
  for (const now of [0, 10, 20]) for (const incarnation of ["1-a", "1-b"]) table.beats(1, now, { incarnation });
  assert.equal(table.takeEvents(), ["joined 1", "joined 1", "duplicate 1"]);
});

for (const [state, intervalMs] of [
  ["has an expired lease", 100],
  ["is dead within its lease", 15_000],
] as const) {
  test(`a duplicate is reported at once where a third incarnation of the number ${state}`, () => {
    const table = new HealthHarness();
    table.beats(1, 0, { incarnation: "1-a", intervalMs });
    table.beats(1, 10, { incarnation: "1-b" });
    table.beats(1, 20, { incarnation: "1-c" });
    table.takeEvents();
    table.beats(1, 250, { incarnation: "1-b" });
    assert.equal(table.takeEvents(), ["duplicate 1"]);
  });
}

test("a process killed and started again within its lease is not a duplicate", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { incarnation: "1-killed" });
  for (const now of [1, 2, 3]) table.beats(1, now, { incarnation: "1-again" });
  assert.equal(table.takeEvents(), ["joined 1", "joined 1"]);
});

test("an instance with the number of a departed one is not a duplicate", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { incarnation: "1-a" });
  table.beats(1, 1, { incarnation: "1-a", state: "gone" });
  table.beats(1, 2, { incarnation: "1-b" });
  table.beats(2, 0, { intervalMs: 100, incarnation: "2-a" });
  table.beats(2, 200, { incarnation: "2-b" });
  assert.equal(table.takeEvents(), ["joined 1", "left 1", "joined 1", "joined 2", "joined 2"]);
});

test("a lease that expired just before a disconnection, unnoticed, continues after it without an event", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.tracker.freezeLeases(LEASE_MS + 100);
  table.tick(LEASE_MS + 200);
  assert.equal(table.live(LEASE_MS + 200), []);
  table.tracker.resumeLeases(60_000);
  assert.equal(table.live(60_001), [1], "its heartbeat may have been lost with the bus");
  table.tick(60_000 + DEFAULT_RULES.reconnectGraceMs);
  assert.equal(table.takeEvents(), ["joined 1", "lost 1 (no heartbeat)"], "one loss, and no return before it");
});

test("a call in flight since before a heartbeat does not lose the instance, and the next one does", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  const inFlight = table.ask(100);
  table.beats(1, 200);
  table.settle(inFlight, "no-responders", 300);
  assert.equal(table.takeEvents(), ["joined 1"]);
  table.settle(table.ask(301), "no-responders", 302);
  table.beats(1, 400);
  assert.equal(table.takeEvents(), ["lost 1 (no responders)", "returned 1"]);
  table.settle(table.ask(401), "answered", 402);
  assert.is(table.breaker(1), "closed");
});

test("reading changes nothing", () => {
  const table = new HealthHarness();
  table.beats(1, 0);
  table.hangs(1, 2000);
  const before = JSON.stringify([...table.tracker.all()]);
  for (const now of [0, 40_000, 1_000_000]) {
    table.tracker.live(now);
    table.tracker.dueForRetest(now, true, 16);
    table.resolver.peek(now);
  }
  assert.is(JSON.stringify([...table.tracker.all()]), before);
});

test("an incarnation keeps the number of its first heartbeat", () => {
  const table = new HealthHarness();
  table.beats(1, 0, { incarnation: "x" });
  table.tracker.onHeartbeat(beatOf(2, { incarnation: "x", seq: 99 }), 1);
  assert.equal(table.live(2), [1]);
});

test.run();
