import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asText, createLog, type Line, rendering } from "../../src/program/log.ts";
import type { LogFormat, LogLevel } from "../../src/settings.ts";

const test = suite("log");

const NOON = Date.UTC(2024, 0, 1, 12);
const LINES: readonly Line[] = (["DEBUG", "INFO", "WARNING", "ERROR"] as const).map((level) => ({
  level,
  logger: "x",
  text: level,
}));

interface Asked {
  readonly level?: LogLevel;
  readonly format?: LogFormat;
}

function written(lines: readonly Line[], { level = "DEBUG", format = "text" }: Asked = {}): readonly string[] {
  const output: string[] = [];
  const say = createLog({ level, render: rendering(format, () => NOON), write: (text) => output.push(text) });
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
  assert.is(written(LINES, { level: "DEBUG" }).length, 4);
  assert.equal(written(LINES, { level: "WARNING" }), ["WARNING:x:WARNING\n", "ERROR:x:ERROR\n"]);
  assert.equal(written([{ level: "INFO", text: "ASK for camera" }], { level: "WARNING" }), []);
});

test("text from elsewhere stays on its line and moves no cursor", () => {
  const hostile = "500 oops\r\nINFO:resolver:- all is well\u001b[2J\u009b2J\u007f";
  assert.is(
    asText({ level: "WARNING", logger: "x", text: hostile }),
    "WARNING:x:500 oops??INFO:resolver:- all is well?[2J?2J?",
  );
  assert.is(asText({ level: "INFO", text: "a\tb: Käse ★" }), "a?b: Käse ★");
});

test("for machines each line is one object, with its time", () => {
  const [own, other] = written(
    [
      { level: "INFO", text: "GOT camera: 4.5" },
      { level: "WARNING", logger: "resolver", text: "- a\nb" },
    ],
    { format: "json" },
  );
  assert.is(own, '{"time":"2024-01-01T12:00:00.000Z","level":"info","logger":"market","message":"GOT camera: 4.5"}\n');
  assert.is(other, '{"time":"2024-01-01T12:00:00.000Z","level":"warning","logger":"resolver","message":"a\\nb"}\n');
});

test("a line that tells of an event carries its name, for machines alone", () => {
  const line = { level: "INFO", logger: "bus", text: "- connected", event: "bus.connected" } as const;
  const [told] = written([line], { format: "json" });
  assert.is(JSON.parse(told ?? "").event, "bus.connected");
  assert.is(asText(line), "INFO:bus:- connected");
});

test.run();
