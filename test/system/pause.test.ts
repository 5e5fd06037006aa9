// takes: 20 s
// An instance is paused (SIGSTOP): it keeps its connection and its place on the bus, and answers nothing.

import * as assert from "uvu/assert";
import type { HeaderLines } from "../../src/bus/core/headers.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { answeredBy, failures } from "../support/caller.ts";
import { callerSuite } from "../support/system.ts";

const pausing = callerSuite("an instance is paused");

pausing(
  "at most three calls at 5 a second time out, then none until it is continued, then both answer in turn",
  async ({ world, caller }) => {
    const [, second] = [await world.startRatings(1), await world.startRatings(2)];
    await caller.untilKnown(2);
    const load = caller.load(5);
    await load.more(10);
    await second.program.stop();
    await load.more(40);
    const duringPause = load.ended.length;
    const closedBefore = caller.count(/CLOSE breaker/);
    second.program.signal("SIGCONT");
    await second.program.waitFor(/resumed after a pause of \d+\.\d s/);
    await load.more(20);
    const calls = await load.stop();

    const failed = failures(calls);
    assert.ok(failed.length >= 1 && failed.length <= 3, `${failed.length} of ${calls.length} calls failed`);
    assert.ok(failed.every(({ answer }) => answer.kind === "unanswered" && answer.reason === "timeout"));
    assert.is(failures(calls.slice(duringPause)).length, 0, "after SIGCONT nothing fails");
    assert.is(caller.count(/OPEN breaker on \[ratings at nats:ratings\.get\.2-.*\] \(request timed out\)/), 1);
    assert.is(closedBefore, 0, "nothing closed it while it was paused");
    assert.is(caller.count(/CLOSE breaker on \[ratings at nats:ratings\.get\.2-.*\] \(heartbeat\)/), 1);
    assert.equal(
      new Set(answeredBy(calls.slice(-10)).map((number, place) => (number + place) % 2)).size,
      1,
      "in turn again",
    );
  },
);

pausing("what piled up is dropped unread when it is continued, and counted", async ({ world, caller, server }) => {
  const only = await world.startRatings(1);
  await caller.untilKnown(1);
  assert.is((await caller.call()).answer.kind, "ok");
  await only.program.waitFor(/^GET /); // lines are written in batches: a stopped process keeps its last one
  await only.program.stop();
  const mark = only.program.mark();
  const piled = Array.from({ length: 20 }, () =>
    caller.bus.request("ratings.get", BODY, { lines: lines(), timeoutMs: 500 }),
  );
  const replies = await Promise.all(piled);
  assert.equal(new Set(replies.map(({ kind }) => kind)), new Set(["timeout"]));
  only.program.signal("SIGCONT");
  const [, dropped] = await only.program.waitFor(/dropped (\d+) expired requests/, { mark });
  assert.is(dropped, "20");
  assert.is((await caller.bus.request("ratings.get", BODY, { lines: lines(), timeoutMs: 10_000 })).kind, "answered");
  await only.program.waitFor(/^GET camera => 4\.5/, { mark });
  assert.is(only.program.count(/^GET /, mark), 1, "of all these only the last reached the handler");
  assert.ok(server.pid > 0);
});

const BODY = JSON.stringify({ thingID: "camera" });
const lines = (): HeaderLines => timeLines(500, Date.now());

pausing.run();
