// The bars of a card: each second has its place, and after a minute it has none.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lastMinuteOf, sparkPath } from "../../../src/market/web/core/board-view.ts";

const test = suite("the bars of a card");

test("a minute counts, the second that runs now among it, and no more", () => {
  const made = new Map([
    [40, 5],
    [41, 1],
    [100, 2],
  ]);
  assert.is(lastMinuteOf(made, 100), 3);
  assert.is(lastMinuteOf(made, 160), 0);
  assert.is(lastMinuteOf(new Map(), 7), 0);
});

test("now is on the right, the oldest on the left, the busiest the tallest, and a single call is seen", () => {
  const made = new Map([
    [40, 100],
    [41, 1],
    [100, 50],
  ]);
  assert.is(sparkPath(made, 100), "M0 40v-2h3v2zM236 40v-19h3v19z");
  assert.is(sparkPath(new Map([[100, 1]]), 100), "M236 40v-10h3v10z", "one call is no rush");
});

test.run();
