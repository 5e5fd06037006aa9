import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ageText, countText, instancesText, priceText, ratingText } from "../../../src/market/web/core/page-format.ts";

const test = suite("words");

test("a price has two decimals and no rounding of its own", () => {
  assert.equal([0, 7, 100, 1999, 11_998, 100_000_001].map(priceText), [
    "$0.00",
    "$0.07",
    "$1.00",
    "$19.99",
    "$119.98",
    "$1000000.01",
  ]);
});

test("a rating has at most one decimal", () => {
  assert.equal([4.5, 2.1, 4, 3.4999, 0].map(ratingText), ["4.5", "2.1", "4", "3.5", "0"]);
});

test("an age is one unit, rounded down", () => {
  const s = 1000;
  const cases: readonly (readonly [number, string])[] = [
    [0, "1 s"],
    [999, "1 s"],
    [12_400, "12 s"],
    [59_999, "59 s"],
    [60 * s, "1 min"],
    [190 * s, "3 min"],
    [3599 * s, "59 min"],
    [3600 * s, "1 h"],
    [7300 * s, "2 h"],
    [47 * 3600 * s, "47 h"],
    [48 * 3600 * s, "2 days"],
  ];
  for (const [ageMs, text] of cases) assert.is(ageText(ageMs), text);
});

test("an age that no clock can mean is shown as the shortest", () => {
  assert.is(ageText(-5000), "1 s");
  assert.is(ageText(Number.NaN), "1 s");
});

test("one is singular", () => {
  assert.equal(
    [0, 1, 2].map((count) => countText(count, "thing")),
    ["0 things", "1 thing", "2 things"],
  );
});

test("several instances are named in order, each once", () => {
  assert.equal(
    [[3], [2, 1], [3, 1, 2, 3]].map((numbers) => instancesText(numbers)),
    ["instance 3", "instances 1 and 2", "instances 1, 2 and 3"],
  );
});

test.run();
