import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ticket } from "../../src/health/ticket.ts";
import { HealthHarness } from "../support/health-harness.ts";

const test = suite("open breakers");

test("with ten thousand open breakers, a pick looks only at the members that it needs", () => {
  const table = new HealthHarness({ maxIncarnations: 10_000 });
  table.beats(1, 0, { intervalMs: 300_000 });
  table.turns(1, 0);
  for (let instance = 2; instance <= 10_000; instance++) table.beats(instance, 0, { intervalMs: 300_000 });
  for (const member of table.tracker.all()) {
    if (!member.hasAnswered) table.settle(table.tracker.admit(member, 0), "timeout", 1000 + member.who.instance);
  }
  let looks = 0;
  const { isLive } = table.tracker;
  table.tracker.isLive = (member, now) => {
    looks += 1;
    return isLive.call(table.tracker, member, now);
  };
  assert.is(table.ask(20_000).who.instance, 1);
  assert.ok(looks <= 2, `${looks} before a retest is due`);
  const { call, retests } = table.next(31_002);
  assert.equal([call?.who.instance, retests.map(({ who }) => who.instance)], [1, [2]]);
  assert.ok(looks <= 8, `${looks} with the first retest`);
  table.settle(call as Ticket, "timeout", 32_010);
  assert.is(table.next(32_011).retests.length, 16);
  assert.ok(looks <= 40, `${looks} with sixteen retests`);
});

test("a member that is gone is not searched for a retest, and is again when it has returned", () => {
  const table = new HealthHarness();
  for (const instance of [1, 2]) table.beats(instance, 0);
  table.turns(1, 0);
  table.hangs(2, 1000);
  table.beats(2, 2500);
  table.hangs(2, 3000);
  table.beats(1, 29_000);
  table.tick(32_500);
  assert.equal(table.tracker.dueForRetest(70_000, false, 1), []);
  table.beats(2, 70_000);
  assert.equal(table.tracker.dueForRetest(70_001, false, 1).length, 1);
});

/** Instance 2 failed its probation. Its retest is due at 63 s, and its lease expires at 70 s. */
function withExpiringLease(): { readonly table: HealthHarness; readonly looks: () => number } {
  const table = new HealthHarness();
  for (const instance of [1, 2]) table.beats(instance, 0, { intervalMs: 300_000 });
  table.turns(1, 0);
  table.hangs(2, 1000);
  table.beats(2, 2500);
  table.hangs(2, 3000);
  table.beats(2, 40_000);
  let looks = 0;
  const { isLive } = table.tracker;
  table.tracker.isLive = (member, now) => {
    looks += 1;
    return isLive.call(table.tracker, member, now);
  };
  return { table, looks: () => looks };
}

for (const [back, makeLive] of [
  ["by a heartbeat", (table: HealthHarness) => table.beats(2, 70_100)],
  [
    "with the bus",
    ({ tracker }: HealthHarness) => {
      tracker.freezeLeases(70_050);
      tracker.resumeLeases(70_100);
    },
  ],
] as const) {
  test(`a member with an expired lease is searched once, and again when it is back ${back}`, () => {
    const { table, looks } = withExpiringLease();
    assert.equal(table.tracker.dueForRetest(70_000, false, 1), []);
    const before = looks();
    assert.equal(table.tracker.dueForRetest(70_001, false, 1), []);
    assert.is(looks(), before);
    makeLive(table);
    assert.equal(
      table.tracker.dueForRetest(70_101, false, 1).map(({ who }) => who.instance),
      [2],
    );
  });
}

test("a due member that a call has tried is searched by the next call", () => {
  const { table } = withExpiringLease();
  assert.equal(
    table.tracker.dueForRetest(64_000, false, 1, ({ who }) => who.incarnation === "2-a"),
    [],
  );
  assert.is(table.tracker.dueForRetest(64_001, false, 1).length, 1);
});

test("an instance that answered late, while its breaker is open, is retested before newcomers", () => {
  const table = new HealthHarness();
  for (const instance of [1, 2]) table.beats(instance, 0);
  const [hung, late] = [table.ticketOf(2, 0), table.ticketOf(2, 0)];
  table.hangs(1, 1000);
  table.settle(hung, "timeout", 1000);
  table.settle(late, "answered", 1001);
  const [first] = table.tracker.dueForRetest(1002, true, 1);
  assert.is(first?.who.instance, 2);
});

test.run();
