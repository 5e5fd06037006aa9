import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type CommandResult,
  jsonText,
  quoteForMessage,
  type Rendered,
  render,
} from "../../../src/dwc/cli/core/result.ts";

const test = suite("outcomes");
const done: CommandResult = {
  kind: "done",
  lines: ["result"],
  notes: ["Next:  more", ""],
  json: { a: 1 },
  ifUnwritten: "read-only",
};
const failed = (category: "usage" | "failed", hint = "type  this"): CommandResult => ({
  kind: "failed",
  ...{ category, code: "no-luck", message: "no luck", hint },
});

const shownOf = (outcome: CommandResult, json = false): Rendered => {
  const { stdout, stderr, exitCode } = render(outcome, json);
  return { stdout, stderr, exitCode };
};

test("results go to stdout, and what is said about them to stderr", () => {
  assert.equal(shownOf(done), { stdout: "result\n", stderr: "Next:  more\n", exitCode: 0 });
});

test("JSON is one line with its schema's version, and nothing beside it", () => {
  assert.equal(shownOf(done, true), { stdout: '{"schema_version":1,"a":1}\n', stderr: "", exitCode: 0 });
  assert.is(render({ ...done, asJson: true }, false).stdout, '{"schema_version":1,"a":1}\n');
});

test("a failure says what happened and what to type, and leaves stdout empty", () => {
  assert.equal(render(failed("failed"), false), { stdout: "", stderr: "dwc: no luck\ntype  this\n", exitCode: 1 });
  assert.equal(render(failed("usage", ""), false), { stdout: "", stderr: "dwc: no luck\n", exitCode: 2 });
});

test("a failure as JSON has a code, a message and a hint", () => {
  const { stdout, stderr, exitCode } = render(failed("usage"), true);
  assert.is(stdout, "");
  assert.equal(JSON.parse(stderr), {
    schema_version: 1,
    error: { code: "no-luck", message: "no luck", hint: "type  this" },
  });
  assert.is(exitCode, 2);
});

test("a name begins no line and steers no terminal", () => {
  const hostile = "evil\n\x1b[2J\u202egro\u2028.";
  const { stdout } = render({ ...done, lines: [hostile] }, false);
  assert.is(stdout, "evil??[2J?gro?.\n");
});

test("JSON steers no terminal either, and says what was sent", () => {
  const sent = "\u009b31m\u202egro\u2028\u007f \u{1f469}\u200d\u{1f4bb} \u{e0041}é";
  const { stdout } = render({ ...done, json: { sent } }, true);
  assert.not.match(stdout.trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}]/u);
  assert.is((JSON.parse(stdout) as { sent: string }).sent, sent);
  assert.is(jsonText({ a: "é\u009b" }), '{"a":"é\\u009b"}');
});

test("what was typed is shown quoted, cut, and with the invisible made visible", () => {
  assert.is(quoteForMessage("a b"), '"a b"');
  assert.is(quoteForMessage("x\u001b[31m\u202e\u0085"), '"x\\u001b[31m\\u202e\\u0085"');
  assert.is(quoteForMessage("y".repeat(10_000)), `"${"y".repeat(64)}…"`);
  assert.is(quoteForMessage("\u{1f600}".repeat(100)), `"${"\u{1f600}".repeat(64)}…"`, "no letter is cut in two");
});

test.run();
