import { suite } from "uvu";
import * as assert from "uvu/assert";
import { table } from "../../../src/dwc/live/table.ts";

const test = suite("tables");

test("columns are as wide as their widest cell, numbers end together, and no line ends in a space", () => {
  const lines = table(
    [{ head: "NAME" }, { head: "CALLS", isNumber: true }, { head: "WHY" }],
    [{ cells: ["ratings/1", "7", ""] }, { cells: ["r/2", "12345678", "√ well"], tone: "good" }],
  );
  assert.equal(lines, [
    { text: "NAME          CALLS  WHY", tone: "faint" },
    "ratings/1         7",
    { text: "r/2        12345678  √ well", tone: "good" },
  ]);
});

test.run();
