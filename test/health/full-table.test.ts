// A full table: the member that makes room for a newcomer.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_RULES, HealthHarness } from "../support/health-harness.ts";

const test = suite("a full table");

test("a full table evicts members that are gone or never answered, and no others", () => {
  const table = new HealthHarness({ maxIncarnations: 3 });
  for (const instance of [1, 2, 3]) table.beats(instance, 0);
  assert.equal(table.turns(2, 1), [1, 2]);
  table.beats(4, 2);
  assert.equal(table.live(2), [1, 2, 4], "3 had never answered");
  table.beats(1, 3, { state: "gone" });
  table.beats(5, 4);
  assert.equal(table.live(4), [2, 4, 5], "1 was gone");
});

test("a full table evicts one with a call in flight only if each has one, because it is not asked if it is there", () => {
  const table = new HealthHarness({ maxIncarnations: 2 });
  table.beats(1, 0);
  table.beats(2, 0);
  assert.is(table.ask(1).who.instance, 1);
  table.beats(3, 2);
  assert.equal(table.live(2), [1, 3]);
  assert.is(table.ask(3).who.instance, 3);
  table.beats(4, 4);
  assert.equal(table.live(4), [3, 4], "3 has the only call");
  assert.is(table.ask(5).who.instance, 4);
  table.beats(5, 6);
  assert.equal(table.live(6), [4, 5], "each has one: the oldest");
  table.settle(table.ask(7), "answered", 8);
});

test("a full table evicts one that is gone with a call in flight before a newcomer that lives", () => {
  const table = new HealthHarness({ maxIncarnations: 2 });
  table.beats(1, 0);
  table.turns(1, 1);
  table.ask(2);
  table.beats(1, 3, { state: "gone" });
  table.beats(2, 4);
  table.beats(3, 5);
  assert.equal(
    [...table.tracker.all()].map(({ who }) => who.instance),
    [2, 3],
  );
});

test("a full table of proven instances rejects newcomers, reported once until there is room", () => {
  const table = new HealthHarness({ maxIncarnations: 2 });
  table.beats(1, 0);
  table.beats(2, 0);
  table.turns(2, 1);
  for (const instance of [3, 4, 5]) table.beats(instance, 2);
  assert.equal(table.takeEvents(), ["joined 1", "joined 2", "table-full 3"]);
  table.beats(2, 3, { state: "gone" });
  table.tick(3 + DEFAULT_RULES.purgeAfterMs);
  table.beats(1, 400_000);
  table.beats(2, 400_000, { incarnation: "2-b" });
  table.turns(2, 400_000);
  table.takeEvents();
  table.beats(6, 400_001);
  assert.equal(table.takeEvents(), ["table-full 6"]);
});

test("a full table is reported again after a newcomer has found room in it", () => {
  const table = new HealthHarness({ maxIncarnations: 2 });
  table.beats(1, 0);
  table.beats(2, 0);
  table.turns(2, 1);
  table.beats(3, 2);
  table.beats(2, 3, { state: "gone" });
  table.beats(4, 4);
  table.turns(2, 5);
  table.beats(5, 6);
  assert.equal(table.takeEvents(), ["joined 1", "joined 2", "table-full 3", "left 2", "joined 4", "table-full 5"]);
});

test.run();
