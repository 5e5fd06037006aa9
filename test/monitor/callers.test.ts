// The calls by Market and instance: only of several Markets, by instance number, and bounded.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callersTable } from "../../src/market/web/core/callers-view.ts";
import { callersView, MAX_CALLED } from "../../src/monitor/callers.ts";

const test = suite("callers");

const callerOf = (name: string, calls: Readonly<Record<number, number | undefined>>) => ({
  ...{ market: `m-${name}`, name },
  instances: Object.entries(calls).map(([instance, count]) => ({
    ...{ instance: Number(instance), incarnation: `${instance}-a` },
    ...(count !== undefined && { calls: count }),
  })),
});

test("one Market alone is no matrix", () => {
  assert.is(callersView([callerOf("a", { 1: 5 })]), null);
  assert.equal(callersTable(null).rows, []);
});

test("each Market has a column, this one first; an instance that none calls has no row", () => {
  const view = callersView([callerOf("a", { 2: 5, 1: 7, 3: 0 }), callerOf("b", { 1: 1, 4: 9, 2: undefined })]);
  assert.equal(
    view?.instances.map(({ instance, calls }) => [instance, ...calls]),
    [
      [1, 7, 1],
      [2, 5, null],
      [4, null, 9],
    ],
  );
  const { names, rows, sums, note } = callersTable(view);
  assert.equal(names, ["a", "b"]);
  assert.equal(
    rows.map(({ title, cells }) => [title, ...cells]),
    [
      ["1", "7", "1", "8"],
      ["2", "5", "–", "5"],
      ["4", "–", "9", "9"],
    ],
  );
  assert.equal([sums.cells, note], [["12", "10", "22"], ""]);
});

test("of many instances those that are called most are listed", () => {
  const calls = Object.fromEntries(Array.from({ length: MAX_CALLED + 10 }, (_, place) => [place + 1, place + 1]));
  const view = callersView([callerOf("a", calls), callerOf("b", {})]);
  assert.equal([view?.instances.length, view?.omitted, view?.instances[0]?.instance], [MAX_CALLED, 10, 11]);
  assert.match(callersTable(view).note, "And 10 more");
});

test.run();
