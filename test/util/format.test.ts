import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bracketHost,
  formatDuration,
  parseDuration,
  parsePercent,
  roundTo2,
  secondsText,
} from "../../src/util/format.ts";

const test = suite("formats");

test("a time is a number and its unit, and a bare number could mean anything", () => {
  assert.equal(["500ms", "2s", "1.5m", "1h"].map(parseDuration), [500, 2_000, 90_000, 3_600_000]);
  for (const typed of ["", "5", "s", "-1s", "1 s", "1e3ms", "2sec", "0x1s"])
    assert.is(parseDuration(typed), undefined, typed);
});

test("a time is shown with the digits that matter", () => {
  const shown = [-1, 0.4249, 9.99, 12.4, 3_400, 25_100, 250_000, 11_100_000, 187_200_000].map(formatDuration);
  assert.equal(shown, ["0 ms", "0.42 ms", "9.99 ms", "12 ms", "3.4 s", "25 s", "4 m 10 s", "3 h 5 m", "2 d 4 h"]);
});

test("a share is a number of percent", () => {
  assert.equal(["30%", "2.5%", "100%"].map(parsePercent), [0.3, 0.025, 1]);
  for (const typed of ["", "30", "%", "-1%", "1000%", "1e1%", "30 %"]) assert.is(parsePercent(typed), undefined, typed);
});

test("numbers and hosts are shown in one form", () => {
  assert.is(roundTo2(0.4249), 0.42);
  assert.is(secondsText(3_449), "3.4 s");
  assert.equal(["::1", "127.0.0.1", "localhost"].map(bracketHost), ["[::1]", "127.0.0.1", "localhost"]);
});

test.run();
