import { suite } from "uvu";
import * as assert from "uvu/assert";
import { STAR_CELL, STAR_MARGIN, STARS, starsWidth } from "../../../src/market/shop/core/page.ts";

const test = suite("stars");

test("whole stars fill whole cells", () => {
  for (let stars = 0; stars <= STARS; stars += 1) assert.is(starsWidth(stars), stars * STAR_CELL);
});

test("half a star is half of its ink", () => {
  assert.is(starsWidth(4.5), 4 * STAR_CELL + STAR_CELL / 2);
  assert.is(starsWidth(2.1), 2 * STAR_CELL + STAR_MARGIN + 2);
});

test("the smallest part of a star is inked, and nearly a whole one is not whole", () => {
  assert.ok(starsWidth(0.05) > STAR_MARGIN);
  assert.ok(starsWidth(0.95) < STAR_CELL - STAR_MARGIN);
});

test("a rating outside the scale stays inside the drawing", () => {
  assert.equal([-1, 99, Number.NaN, Infinity].map(starsWidth), [0, STARS * STAR_CELL, 0, 0]);
});

test.run();
