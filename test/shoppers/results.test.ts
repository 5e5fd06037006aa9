import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fittedLine, statusLine, summaryLines } from "../../src/shoppers/core/lines.ts";
import { Results } from "../../src/shoppers/core/results.ts";

const test = suite("the results of shoppers");

const LOADED = { kind: "loaded", fresh: 3, lastKnown: 1 } as const;
const failed = (why: string) => ({ kind: "failed", why }) as const;

test("a page counts where it ended, its time only if it did not fail", () => {
  const results = new Results();
  assert.equal(results.report(0), {
    ...{ pages: 0, failed: 0, skipped: 0, fresh: 0, lastKnown: 0 },
    ...{ lastFailure: null, p50Ms: null, p99Ms: null },
  });
  for (let page = 0; page < 100; page++) results.add(LOADED, 10, 1_000);
  for (const why of ["status 503", "connection refused", "connection refused"]) results.add(failed(why), 0, 1_000);
  results.leaveOut(1_000);
  const { p50Ms, p99Ms, ...counts } = results.report(1_000);
  assert.equal(counts, {
    ...{ pages: 103, failed: 3, skipped: 1, fresh: 300, lastKnown: 100 },
    lastFailure: "connection refused",
  });
  for (const time of [p50Ms, p99Ms]) assert.ok(time !== null && Math.abs(time - 10) <= 1.25, String(time));
});

test("after a minute only the totals have it", () => {
  const results = new Results();
  results.add(failed("status 500"), 4, 0);
  results.add(LOADED, 4, 500);
  const { pages, failed: failedPages, fresh, lastFailure } = results.report(60_000);
  assert.equal([pages, failedPages, fresh, lastFailure], [0, 0, 0, null]);
  const { p50Ms, p99Ms, ...totals } = results.totals();
  for (const time of [p50Ms, p99Ms]) assert.ok(time !== null && Math.abs(time - 4) <= 0.5, String(time));
  assert.equal(totals, {
    ...{ pages: 2, failed: 1, skipped: 0, fresh: 3, lastKnown: 1 },
    failures: [["status 500", 1]],
  });
});

test("reasons are few, the most frequent first", () => {
  const results = new Results();
  for (let code = 0; code < 1_000; code++) results.add(failed(`reason ${code}`), 0, 0);
  for (let more = 0; more < 5; more++) results.add(failed("reason 7"), 0, 0);
  const { failures } = results.totals();
  assert.is(failures.length, 51);
  assert.equal(failures.slice(0, 2), [
    ["another reason", 950],
    ["reason 7", 6],
  ]);
  assert.is(
    failures.reduce((sum, [, pages]) => sum + pages, 0),
    1_005,
  );
});

test("the line claims nothing before a page has ended", () => {
  const results = new Results();
  assert.is(statusLine(results.report(0)), "no page has ended in the last minute");
  results.add(LOADED, 4, 0);
  const line = statusLine(results.report(0));
  assert.match(line, /^0 of 1 page failed, p99 4\.0 ms, p50 4\.0 ms; 3 ratings fresh, 1 last known$/);
  results.add(failed("no page within 5.0 s"), 5_000, 0);
  results.leaveOut(0);
  assert.match(
    statusLine(results.report(0)),
    /^1 of 2 pages failed \(no page within 5\.0 s\), .*; 1 not begun, as too many were open$/,
  );
});

test("the summary has the pages since the start, with each reason", () => {
  const results = new Results();
  results.add(failed("status 500"), 1, 0);
  results.add(LOADED, 4, 100_000);
  assert.equal(summaryLines(results.totals(), 100_000), [
    "shoppers: 1 m 40 s: 1 of 2 pages failed, p99 4.0 ms, p50 4.0 ms; 3 ratings fresh, 1 last known",
    "  1 failed: status 500",
  ]);
  const none = new Results();
  assert.equal(summaryLines(none.totals(), 1_500), [
    "shoppers: 1.5 s: 0 of 0 pages failed; 0 ratings fresh, 0 last known",
  ]);
});

test("a line fits into one row of the terminal", () => {
  assert.is(fittedLine("0 of 2 pages", 13), "0 of 2 pages");
  assert.is(fittedLine("0 of 2 pages", 12), "0 of 2 pag…");
  assert.is(fittedLine("0 of 2 pages", 1), "…");
});

test.run();
