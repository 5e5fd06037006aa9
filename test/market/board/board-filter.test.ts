// The filter of the board's table: the same for the page without scripts and for the browser.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filterOf, isTable, MAX_FIND_LENGTH, passes, shownText } from "../../../src/market/web/core/board-filter.ts";
import type { InstanceState } from "../../../src/monitor/states.ts";

const test = suite("the filter of the board");

const TEXTS = ["Breaker open", "request timed out, 3 s ago", "7-ab12", "ratings.get.7-ab12"];
const lets = (find: string, state: InstanceState = "open", isUnhealthyOnly = false): boolean =>
  passes(filterOf(isUnhealthyOnly, find), { instance: 7, state }, TEXTS);

test("an empty one lets all through", () => {
  for (const find of ["", " ", ", ,"]) assert.ok(lets(find), find);
});

test("a number is an instance, and of several numbers any", () => {
  for (const find of ["7", "07", "3 7", "3,7", "7 timed"]) assert.ok(lets(find), find);
  // Three is in a text, and 12 in the incarnation.
  for (const find of ["3", "12", "70", "3 12", "7 nonesuch"]) assert.not.ok(lets(find), find);
});

test("words are looked for in all texts of the row, each, in any case", () => {
  for (const find of ["breaker", "TIMED out", "7-ab", "ratings.get", "open 7-AB12"]) assert.ok(lets(find), find);
  for (const find of ["healthy", "timed nowhere", "8-ab"]) assert.not.ok(lets(find), find);
});

test("not healthy: every state but healthy", () => {
  assert.not.ok(lets("", "healthy", true));
  for (const state of ["open", "failing", "draining", "left"] as const) assert.ok(lets("", state, true), state);
  assert.not.ok(lets("8", "open", true));
});

test("no more is looked for than the field takes", () => {
  assert.ok(lets(`${" ".repeat(MAX_FIND_LENGTH)}nonesuch`));
  assert.not.ok(lets(`${" ".repeat(MAX_FIND_LENGTH - 8)}nonesuch`));
});

test("how many are shown, and from how many on it is a table", () => {
  assert.equal(
    [shownText(1, 1), shownText(12, 12), shownText(0, 12)],
    ["1 instance.", "12 instances.", "0 of 12 instances."],
  );
  assert.equal([isTable(11), isTable(12)], [false, true]);
});

test.run();
