import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROGRAM_EVENTS, type ProgramEvent, programLine } from "../../src/program/core/program-events.ts";

const test = suite("program events");

test("the part of a name before the dot is the logger, and the row has the level", () => {
  assert.equal(programLine("tracing.off", "traces are not sent"), {
    level: "WARNING",
    logger: "tracing",
    event: "tracing.off",
    text: "- traces are not sent",
  });
  for (const [name, { level }] of Object.entries(PROGRAM_EVENTS)) {
    assert.match(name, /^[a-z]+\.[a-z]+(_[a-z]+)*$/);
    assert.is(programLine(name as ProgramEvent, "").level, level);
  }
});

test.run();
