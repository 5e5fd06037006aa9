// The sink of a client's events: counted, logged, published, and limited.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { InstanceRef } from "../../../src/health/member.ts";
import { createEventSink } from "../../../src/market/ratings/event-sink.ts";
import { ServiceMonitor } from "../../../src/monitor/monitor.ts";
import type { LogEntry } from "../../../src/program/log.ts";
import type { LogLevel } from "../../../src/settings.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { DEFAULT_RULES } from "../../support/health-harness.ts";

const test = suite("event sink");

const who: InstanceRef = { service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a" };

function openSink(logLevel: LogLevel = "INFO") {
  const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
  const clock = new FakeClock();
  const lines: LogEntry[] = [];
  const sink = createEventSink(monitor, { settings: { logLevel }, clock, say: (line) => lines.push(line) }, []);
  return { monitor, clock, lines, sink };
}

test("an event is a line and a record with the same text, and names its process", () => {
  const { monitor, lines, sink } = openSink();
  sink({ kind: "retesting", who });
  const [line] = lines;
  const [record] = monitor.stream.after(0);
  assert.equal([line?.level, line?.event, line?.about], ["WARNING", "breaker.retesting", who]);
  assert.equal([record?.name, record?.instance, record?.incarnation], ["breaker.retesting", 1, "1-a"]);
  assert.is(line?.text, `- ${record?.text}`);
  assert.is(monitor.eventCounts.get("breaker.retesting"), 1);
});

test("a step of a call is logged and not published; at a level that is not printed its line is not made", () => {
  const { monitor, lines, sink } = openSink();
  let lists = 0;
  const live = (): readonly InstanceRef[] => {
    lists += 1;
    return [];
  };
  sink({ kind: "resolved", live });
  sink({ kind: "using", who });
  assert.equal([lists, lines.length, lines[0]?.event, monitor.stream.lastId], [0, 1, undefined, 0]);
  const debug = openSink("DEBUG");
  debug.sink({ kind: "resolved", live });
  assert.equal([lists, debug.lines.length], [1, 1]);
});

test("above the limit events of one name are counted, and their number is published a second later", async () => {
  const { monitor, clock, lines, sink } = openSink();
  for (let times = 0; times < 25; times += 1) sink({ kind: "newcomers-throttled" });
  for (let times = 0; times < 25; times += 1) sink({ kind: "opened", who, why: "request timed out", retestInMs: 1 });
  assert.equal([lines.length, monitor.stream.lastId], [45, 45], "a breaker of ours has no limit");
  await clock.advance(2_000);
  assert.is(monitor.eventCounts.get("heartbeat.throttled"), 25);
  assert.is(monitor.eventCounts.get("events.suppressed"), 1);
  assert.match(lines.at(-1)?.text ?? "", /^- 5 .*heartbeat\.throttled/);
});

test.run();
