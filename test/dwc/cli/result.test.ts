import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type CommandResult,
  failed as failedAs,
  fieldWithFolder,
  formatLine,
  jsonText,
  quoteForMessage,
  type Rendered,
  render,
  toFailure,
  withTypedOption,
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

test("what was typed is cut only where it is longer than what is shown", () => {
  assert.is(quoteForMessage("y".repeat(64)), `"${"y".repeat(64)}"`);
  assert.is(quoteForMessage("y".repeat(65)), `"${"y".repeat(64)}…"`);
});

test("a failure is no wrong usage, and the hint of a refusal follows its last colon", () => {
  assert.equal(failedAs("no-luck", "no luck"), failed("failed", ""));
  assert.equal(toFailure({ code: "no-luck", why: "no luck: type  this" }), failed("failed"));
  assert.equal(toFailure({ code: "no-luck", why: "no luck" }), failed("failed", ""));
  const { details } = { details: undefined, ...failedAs("a", "b", "", { at: 1 }) };
  assert.equal(details, { at: 1 });
});

const URL = "nats://ann:secret@127.0.0.1";
const SHOWN = "nats://…@127.0.0.1";

test("no password is printed, but what another program sent is passed on as it is", () => {
  assert.is(jsonText({ url: URL, n: 1 }), `{"url":"${SHOWN}","n":1}`);
  assert.is(jsonText({ url: URL }, { isForeign: true }), `{"url":"${URL}"}`);
  assert.is(render({ ...done, lines: [URL, { text: URL, tone: "bad" }] }, false).stdout, `${SHOWN}\n${SHOWN}\n`);
  const foreign: CommandResult = { ...done, isForeign: true, lines: [`${URL}\u001b`, { text: URL, tone: "bad" }] };
  assert.is(render(foreign, false).stdout, `${URL}?\n${URL}\n`);
});

test("a tone is a colour where the terminal shows colours", () => {
  const line = { text: "it lies", tone: "bad" } as const;
  assert.is(formatLine(line, false), "it lies");
  assert.is(formatLine(line, true), "\u001b[31mit lies\u001b[0m");
  assert.is(render({ ...done, lines: [line] }, false).stdout, "it lies\n");
  assert.is(render({ ...done, lines: [line] }, false, { colour: true }).stdout, "\u001b[31mit lies\u001b[0m\n");
});

const folder = "/my folder";
const NOTE = [
  "Note: this is about the folder '/my folder'. Before any of these commands type",
  "  export DWC_STATE='/my folder'",
];

test("with --state a command in the text is followed by the folder that it is about", () => {
  const stderrOf = (outcome: CommandResult, at = folder): readonly string[] =>
    render(outcome, false, { folder: at }).stderr.trimEnd().split("\n");
  const hint = "more:  bin/dwc status";
  assert.equal(stderrOf(failed("failed", hint)), ["dwc: no luck", hint, ...NOTE]);
  assert.equal(stderrOf(failed("failed", "bin/dwc status")), ["dwc: no luck", "bin/dwc status", ...NOTE]);
  assert.equal(stderrOf(failed("failed", "nothing")), ["dwc: no luck", "nothing"]);
  assert.equal(stderrOf({ ...done, lines: [hint], notes: [] }), NOTE);
  assert.equal(stderrOf({ ...done, lines: ["a make of old"], notes: [] }), NOTE);
  assert.equal(stderrOf({ ...done, lines: [hint], notes: [], isForeign: true }), [""]);
  assert.equal(stderrOf({ ...done, lines: [hint], notes: [], asJson: true }), [""]);
  assert.equal(stderrOf({ ...done, notes: [hint] }), [hint, ...NOTE]);
  assert.is(render(failed("failed", hint), false).stderr, `dwc: no luck\n${hint}\n`);
  assert.is(stderrOf(failed("failed", hint), "/a\u0007é-b").at(-1), "  export DWC_STATE=$'/a\\x07\\xc3\\xa9-b'");
});

test("with --state a field of the JSON that is a command has the folder, and a name that looks like one has not", () => {
  const first = "   (first:  export DWC_STATE='/my folder')";
  assert.is(fieldWithFolder("hint", "make market", folder), `make market${first}`);
  assert.is(fieldWithFolder("name", "make market", folder), "make market");
  assert.is(fieldWithFolder("renew", "bin/dwc renew", folder), `bin/dwc renew${first}`);
  assert.is(fieldWithFolder("hint", "make market", undefined), "make market");
  const { stderr } = render(failed("failed", "bin/dwc status"), true, { folder });
  assert.is(JSON.parse(stderr).error.hint, `bin/dwc status${first}`);
  const { stdout } = render({ ...done, json: { hint: "bin/dwc status" } }, true, { folder });
  assert.is(JSON.parse(stdout).hint, `bin/dwc status${first}`);
  assert.is(withTypedOption("set DWC_STATE to another", folder), "set --state to another");
  assert.is(withTypedOption("set DWC_STATE to another", undefined), "set DWC_STATE to another");
});

const lost = (outcome: CommandResult, why: string, json = false) => render(outcome, json).ifUnwritten?.(why);

test("a result that can be had again is no error where its reader has ended, and one where the disk is full", () => {
  for (const why of ["EPIPE", "EBADF"]) assert.is(lost(done, why), undefined, why);
  const full = lost(done, "ENOSPC");
  assert.is(full?.exitCode, 1);
  assert.match(full?.stderr ?? "", /^Next: {2}more\ndwc: .*ENOSPC/);
  assert.is(lost({ ...done, exitCode: 4 }, "ENOSPC")?.exitCode, 4);
  assert.is(render({ kind: "streamed", exitCode: 0 }, false).ifUnwritten?.("EPIPE"), undefined);
  assert.is(JSON.parse(lost(done, "ENOSPC", true)?.stderr ?? "").error.code, "unwritten");
});

test("a change that could not be printed is reported, with what the bus made of it and no secret", () => {
  const ifUnwritten = { effect: "it is done", again: "to see it:  bin/dwc status" };
  const json = { code: "secret", bus: "obeys", buses: [{ url: "nats://b" }] };
  const { error, ...fields } = JSON.parse(lost({ ...done, ifUnwritten, json }, "EPIPE", true)?.stderr ?? "");
  assert.equal(fields, { schema_version: 1, bus: "obeys", buses: [{ url: "nats://b" }] });
  assert.equal([error.code, error.hint], ["unwritten", ifUnwritten.again]);
  assert.match(error.message, "it is done");
  const unwritten = { ...json, unwritten: "the file is not" };
  const more = JSON.parse(lost({ ...done, ifUnwritten, json: unwritten }, "EPIPE", true)?.stderr ?? "");
  assert.is(more.unwritten, "the file is not");
  const none = JSON.parse(lost({ ...done, ifUnwritten, json: { bus: "mine" } }, "EPIPE", true)?.stderr ?? "");
  assert.equal(Object.keys(none).sort(), ["error", "schema_version"]);
});

test.run();
