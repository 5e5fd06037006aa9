// Text in lines: no word and no command is broken.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandLines, wrap } from "../../src/util/wrap.ts";

const test = suite("wrap");

test("breaks between words, and no command", () => {
  assert.equal(wrap("Type  make it  to see it", 12), ["Type", "make it  to", "see it"]);
  assert.equal(wrap("one two three", 7), ["one two", "three"]);
  assert.equal(wrap("with  fg  where it runs", 40), ["with  fg  where it runs"]);
  assert.equal(wrap("  bin/dwc explain ratings/2", 9), ["  bin/dwc explain ratings/2"]);
  assert.equal(wrap("a verylongword b", 5), ["a", "verylongword", "b"]);
});

const ROWS = [
  { command: "kill -STOP 12345", does: "pauses instance 2, and no further page waits for it" },
  { command: "kill -CONT 12345", does: "its breaker closes" },
];

test("what a command does stands beside it, in a column of its own", () => {
  assert.equal(commandLines(ROWS, 56), [
    "  kill -STOP 12345    pauses instance 2, and no further",
    "                      page waits for it",
    "  kill -CONT 12345    its breaker closes",
  ]);
  assert.equal(commandLines(ROWS, Number.POSITIVE_INFINITY), [
    "  kill -STOP 12345    pauses instance 2, and no further page waits for it",
    "  kill -CONT 12345    its breaker closes",
  ]);
});

test("on a narrow terminal it stands below the command", () => {
  assert.equal(commandLines(ROWS, 40), [
    "  kill -STOP 12345",
    "      pauses instance 2, and no further",
    "      page waits for it",
    "  kill -CONT 12345",
    "      its breaker closes",
  ]);
  assert.equal(commandLines([], 40), []);
});

test.run();
