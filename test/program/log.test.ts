import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asText, createLog, type LogEntry, textLine } from "../../src/program/log.ts";
import type { LogLevel } from "../../src/settings.ts";

const test = suite("log");

const LINES: readonly LogEntry[] = (["DEBUG", "INFO", "WARNING", "ERROR"] as const).map((level) => ({
  level,
  logger: "x",
  text: level,
}));

function written(lines: readonly LogEntry[], level: LogLevel = "DEBUG"): readonly string[] {
  const output: string[] = [];
  const say = createLog({ level, render: textLine, write: (text) => output.push(text) });
  for (const line of lines) say(line);
  return output;
}

test("a line is its level, its logger and its text, and ends once", () => {
  assert.equal(written([{ level: "WARNING", logger: "resolver", text: "- OPEN" }]), ["WARNING:resolver:- OPEN\n"]);
});

test("what the program itself says stands alone", () => {
  assert.equal(written([{ level: "INFO", text: "ASK for camera" }]), ["ASK for camera\n"]);
});

test("what is below the level asked for is not written", () => {
  assert.is(written(LINES).length, 4);
  assert.equal(written(LINES, "WARNING"), ["WARNING:x:WARNING\n", "ERROR:x:ERROR\n"]);
  assert.equal(written([{ level: "INFO", text: "ASK for camera" }], "WARNING"), []);
});

test("text from elsewhere stays on its line and moves no cursor", () => {
  const hostile = "500 oops\r\nINFO:resolver:- all is well\u001b[2J\u009b2J\u007f";
  assert.is(
    asText({ level: "WARNING", logger: "x", text: hostile }),
    "WARNING:x:500 oops??INFO:resolver:- all is well?[2J?2J?",
  );
  assert.is(asText({ level: "INFO", text: "a\tb: Käse ★" }), "a?b: Käse ★");
});

test("a line whose level is not asked for is not even made", () => {
  let made = 0;
  const render = (): string => String(made++);
  const say = createLog({ level: "WARNING", render, write: () => undefined });
  for (const line of LINES) say(line);
  assert.is(made, 2);
});

test("what is only for machines is not in a line for people", () => {
  const trace = { traceId: "a".repeat(32), requestId: "b" };
  const line = { level: "INFO", logger: "bus", text: "- connected", event: "bus.connected", trace } as const;
  assert.is(asText(line), "INFO:bus:- connected");
});

test.run();
