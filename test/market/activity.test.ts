// The reports of a Market, of its pages and instances, to the program that started it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Activity } from "../../src/activity/core/activity.ts";
import { MarketActivity } from "../../src/market/activity.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import type { MonitorSource } from "../../src/monitor/snapshot.ts";
import { passThroughTrace } from "../../src/protocol.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { DEFAULT_RULES } from "../support/health-harness.ts";

const test = suite("activity of a Market");

const who = (instance: number) => ({
  ...{ service: "ratings", instance, incarnation: `${instance}-a`, address: `ratings.get.${instance}-a` },
});
const traceOf = (id: string) => passThroughTrace(id, id);

function scene() {
  const reports: Activity[] = [];
  const clock = new FakeClock();
  return { reports, clock, activity: new MarketActivity((one) => void reports.push(one), clock) };
}

test("a page has its own calls, in the order in which they were sent, also where two are loaded at once", () => {
  const { reports, activity } = scene();
  const one = activity.beginPage(traceOf("one"));
  const other = activity.beginPage(traceOf("other"));
  activity.onStep({ kind: "using", who: who(1) }, traceOf("one"));
  activity.onStep({ kind: "using", who: who(2) }, traceOf("other"));
  activity.onStep({ kind: "using", who: who(3) }, traceOf("one"));
  activity.onStep({ kind: "using", who: who(4) }, undefined);
  activity.onState({ kind: "lost", who: who(3), why: "no responders", silentMs: 0 }, traceOf("one"));
  activity.onStep({ kind: "using", who: who(1) }, traceOf("one"));
  activity.onState({ kind: "opened", who: who(2), why: "request timed out", retestInMs: 1 }, traceOf("other"));
  one({ waitedMs: 3, things: [{ thing: "camera" }, { thing: "football" }], answeredBy: [1, 1] });
  other({ waitedMs: 1_000, things: [{ thing: "camera", why: "request timed out" }], answeredBy: [] });
  const pages = reports.flatMap((report) => (report.kind === "page" ? [report.page] : []));
  assert.equal(
    pages.map(({ number, calls, opened, dead }) => ({ number, calls, opened, dead })),
    [
      { number: 1, calls: [1, 3, 1], opened: [], dead: [3] },
      { number: 2, calls: [2], opened: [2], dead: [] },
    ],
  );
  assert.equal(
    reports.map(({ kind }) => kind),
    ["page begun", "page begun", "state", "state", "page", "page"],
  );
});

test("a page that shares the calls of another has them by their answers; a shopper's page is not announced", () => {
  const { reports, activity } = scene();
  const end = activity.beginPage(passThroughTrace("page 1", "shoppers-1"));
  activity.onStep({ kind: "using", who: who(2) }, traceOf("page 1"));
  activity.onStep({ kind: "using", who: who(3) }, traceOf("another"));
  end({ waitedMs: 3, things: [], answeredBy: [2, 3, 3] });
  assert.equal(
    reports.map((report) => (report.kind === "page" ? report.page.calls : report.kind)),
    [[2, 3, 3]],
  );
});

test("an instance that begins to fail is reported once, with its calls, and once when it fails no longer", async () => {
  const { reports, clock, activity } = scene();
  const monitor = new ServiceMonitor({ service: "ratings", version: "1", rules: DEFAULT_RULES, startedAt: 0 });
  const member = { who: who(1), membership: { kind: "up" } };
  const source = { tracker: { all: () => [member] } } as unknown as MonitorSource;
  const attempt = {
    kind: "attempt",
    who: who(1),
    operation: "get",
    sentAs: "call",
    isRetry: false,
    tookMs: 1,
  } as const;
  const error = { code: 500, message: "no such table" };
  const stop = activity.watchFailing(monitor, source);
  const call = (isWrong: boolean): void =>
    monitor.recordAttempt(
      { ...attempt, result: "answered", isRefusal: isWrong, ...(isWrong && { error }) },
      clock.now(),
    );
  for (let count = 0; count < 12; count += 1) call(count % 2 === 0);
  await clock.advance(5_000);
  assert.equal(
    reports.map((report) => (report.kind === "failing" ? report.calls : report.kind)),
    [{ succeeded: 6, errors: 6, lastError: "500: no such table" }],
  );
  await clock.advance(70_000);
  assert.equal(
    reports.slice(1).map((report) => report.kind === "failing" && report.calls),
    [undefined],
  );
  stop();
});

test.run();
