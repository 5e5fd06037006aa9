import { suite } from "uvu";
import * as assert from "uvu/assert";
import { table } from "../../../src/dwc/commands/format.ts";

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

const columns = [
  { head: "NAME" },
  { head: "CALLS", isNumber: true, dropPriority: 2 },
  { head: "SHARE", isNumber: true, dropPriority: 1 },
  { head: "WHY", atLeast: 6 },
] as const;
const rows = [{ cells: ["ratings/1", "7", "50 %", "its breaker is open"] }, { cells: ["ratings/2", "8", "50 %", ""] }];
const heads = (room?: number): string => {
  const [head] = table(columns, rows, room);
  return typeof head === "object" ? head.text : "";
};

test("where there is no room for all columns the least give way first, and those that matter stay", () => {
  assert.is(heads(), "NAME       CALLS  SHARE  WHY");
  assert.is(heads(31), "NAME       CALLS  SHARE  WHY", "the last one may be cut");
  assert.is(heads(30), "NAME       CALLS  WHY");
  assert.is(heads(23), "NAME       WHY");
  assert.is(heads(1), "NAME       WHY");
});

test("a column that may be cut keeps its room, so that the others do not come and go with what it says", () => {
  const short = table(columns, [{ cells: ["ratings/1", "7", "50 %", "next"] }], 30);
  assert.is(typeof short[0] === "object" ? short[0].text : "", heads(30));
});

test.run();
