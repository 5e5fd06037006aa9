import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StandingDenials } from "../../src/bus/core/server-errors.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("standing denials");

test("each is reported now and every minute, until the connection is over", async () => {
  const clock = new FakeClock();
  const reports: string[] = [];
  const denials = new StandingDenials(clock, (subject) => reports.push(subject));
  denials.add("belief.tea.*", "not allowed");
  denials.add("health.tea.*", "not allowed");
  assert.equal(reports.splice(0), ["belief.tea.*", "health.tea.*"]);
  for (let minute = 0; minute < 3; minute += 1) {
    await clock.advance(60_000);
    assert.equal(reports.splice(0), ["belief.tea.*", "health.tea.*"]);
  }
  denials.clear();
  await clock.advance(600_000);
  assert.equal([reports, clock.timers], [[], 0]);
  denials.clear();
  denials.add("belief.tea.*", "not allowed");
  await clock.advance(60_000);
  assert.equal(reports, ["belief.tea.*", "belief.tea.*"], "of the next connection");
});

test.run();
