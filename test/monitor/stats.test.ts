// The statistics of attempts: outcomes, durations, the last minute.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Result } from "../../src/health/result.ts";
import { AttemptCounts } from "../../src/metrics/core/call-counts.ts";
import { type AttemptOutcomeName, outcomeOf } from "../../src/metrics/core/outcomes.ts";
import { RecentLatency } from "../../src/monitor/latency.ts";
import { AttemptStats } from "../../src/monitor/stats.ts";
import type { AttemptOutcome } from "../../src/service/client-options.ts";

const test = suite("attempt stats");

type Attempt = Extract<AttemptOutcome, { kind: "attempt" }>;

const WHO = { service: "ratings", instance: 1, incarnation: "1-a", address: "ratings.get.1-a" };
const attemptOf = (more: Partial<Attempt>): Attempt => ({
  ...{
    kind: "attempt",
    operation: "get",
    isRetry: false,
    who: WHO,
    result: "answered",
    tookMs: 1,
    sentAs: "call",
    isRefusal: false,
  },
  ...more,
});

test("each result has one outcome; answers and timeouts have a duration", () => {
  for (const [result, outcome, isTimed] of [
    ["answered", "ok", true],
    ["invalid", "invalid", true],
    ["timeout", "timeout", true],
    ["no-responders", "unreachable", false],
    ["draining", "draining", false],
    ["unchecked", "failed", false],
    ["inconclusive", "abandoned", false],
    ["unsent", "failed", false],
    ["denied", "denied", false],
  ] as const satisfies readonly (readonly [Result, AttemptOutcomeName, boolean])[]) {
    const attempt = attemptOf({ result });
    assert.is(outcomeOf(attempt), outcome, result);
    const [tally, total] = [new AttemptStats(), new AttemptCounts()];
    tally.add(attempt, outcome, 0);
    total.add(attempt, outcome);
    assert.equal([tally.outcomes[outcome], total.outcomes[outcome]], [1, 1], result);
    assert.equal([tally.quantiles([0.5], 0) !== undefined, total.durations.count], [isTimed, isTimed ? 1 : 0], result);
  }
  assert.is(outcomeOf(attemptOf({ isRefusal: true })), "error");
  assert.is(outcomeOf(attemptOf({ isRefusal: true, result: "no-responders" })), "unreachable");
});

test("each of the last sixty seconds has its calls, the newest last; older ones are dropped", () => {
  const tally = new AttemptStats();
  const callsAt = (now: number, count: number): void => {
    for (let call = 0; call < count; call += 1) tally.add(attemptOf({}), "ok", now);
  };
  callsAt(0, 1);
  callsAt(999, 1);
  callsAt(1_000, 3);
  callsAt(59_999, 5);
  const seconds = tally.seconds(59_999);
  assert.equal([seconds.length, seconds[0], seconds[1], seconds[59]], [60, 2, 3, 5]);
  assert.equal(tally.lastSeconds(3, 59_999), [0, 0, 5]);
  assert.equal(tally.seconds(60_000).slice(0, 2), [3, 0], "the first second is over");
  callsAt(61_000, 7);
  assert.equal(tally.lastSeconds(4, 62_000), [5, 0, 7, 0]);
  assert.equal(
    tally.seconds(120_000).filter((count) => count > 0),
    [7],
  );
  assert.equal(
    tally.seconds(1_000_000).filter((count) => count > 0),
    [],
  );
});

test("success and errors are of the last minute; a caller's own error is a success, and a call that went on is neither", () => {
  const tally = new AttemptStats();
  const ends = (now: number, count: number, more: Partial<Attempt>): void => {
    const attempt = attemptOf(more);
    for (let call = 0; call < count; call += 1) tally.add(attempt, outcomeOf(attempt), now);
  };
  const wrong = (code: number, message = "no luck") => ({ isRefusal: true, error: { code, message } });
  assert.equal([tally.ended(0), tally.lastError(0)], [{ succeeded: 0, errors: 0 }, undefined]);
  ends(0, 3, {});
  for (const code of [400, 404, 499]) ends(0, 1, wrong(code));
  assert.equal([tally.ended(0), tally.lastError(0)], [{ succeeded: 6, errors: 0 }, undefined]);
  for (const code of [399, 500]) ends(1_000, 1, wrong(code));
  ends(1_000, 1, { result: "timeout" });
  for (const result of ["no-responders", "draining", "overloaded", "inconclusive", "denied"] as const)
    ends(1_000, 1, { result });
  for (const sentAs of ["copy", "hedge"] as const) ends(1_000, 1, { ...wrong(500), sentAs });
  assert.equal([tally.ended(1_000), tally.lastError(1_000)], [{ succeeded: 6, errors: 3 }, "500: no luck"]);
  ends(2_000, 1, { result: "invalid" });
  assert.equal([tally.ended(2_000).errors, tally.lastError(2_000)], [4, "an invalid response"]);
  ends(2_000, 1, wrong(503, `a\nb\u0007${"x".repeat(200)}`));
  assert.match(tally.lastError(2_000) ?? "", /^503: a b x{90,96}…$/);
  assert.equal(tally.ended(60_000), { succeeded: 0, errors: 5 }, "the first second is over");
  assert.equal([tally.ended(62_000), tally.lastError(62_000)], [{ succeeded: 0, errors: 0 }, undefined]);
});

test("an instance is failing above a tenth of at least ten calls; a timeout is none of its errors", () => {
  const failing = (calls: number, errors: number, result: Result = "answered"): boolean => {
    const tally = new AttemptStats();
    for (let call = 0; call < calls; call += 1) {
      const isWrong = call < errors;
      const attempt = attemptOf(isWrong ? { result, isRefusal: result === "answered" } : {});
      tally.add(attempt, outcomeOf(attempt), 0);
    }
    const isSo = tally.isFailing(59_999);
    assert.not.ok(tally.isFailing(60_000), "a minute later");
    return isSo;
  };
  assert.equal(
    [failing(9, 9), failing(10, 1), failing(10, 2), failing(20, 2), failing(20, 3)],
    [...[false, false, true, false, true]],
  );
  assert.equal([failing(10, 10, "invalid"), failing(10, 10, "timeout")], [true, false]);
});

/** Longer than any call: the longest call then does not limit a quantile. */
const MAX_MS = 1e9;

test("a quantile is within an eighth of the measured value, on the bounds of buckets as well", () => {
  for (let power = 0; power <= 62; power += 0.125) {
    for (const nudge of [1 - 1e-9, 1, 1 + 1e-9]) {
      const tookMs = 0.1 * 1.25 ** power * nudge;
      const latency = new RecentLatency();
      for (const ms of [tookMs, MAX_MS]) latency.add(ms, 0);
      const [shown = 0] = latency.quantiles([0.5], 0) ?? [];
      assert.ok(Math.abs(shown / tookMs - 1) <= 0.125, `${tookMs} ms is shown as ${shown}`);
    }
  }
});

test("the quantile of a share is that of the call with this rank", () => {
  const latency = new RecentLatency();
  assert.is(latency.quantiles([0.5], 0), undefined);
  for (const ms of [1, 10, 100, 1_000]) latency.add(ms, 0);
  const shown = latency.quantiles([0, 0.25, 0.26, 0.5, 0.75, 0.76, 1], 0) ?? [];
  for (const [place, ms] of [1, 1, 10, 10, 100, 1_000, 1_000].entries())
    assert.ok(Math.abs((shown[place] ?? 0) / ms - 1) <= 0.125, `${place}: ${shown[place]}`);
  for (const ms of [0, 0.01, MAX_MS]) {
    const odd = new RecentLatency();
    odd.add(ms, 0);
    assert.ok((odd.quantiles([0.5], 0)?.[0] ?? Number.NaN) <= ms, `${ms} ms`);
  }
});

test("calls count for half a minute to a minute, however seldom quantiles are read", () => {
  for (const looks of [[29_999, 30_000, 59_999], [59_999], []]) {
    const latency = new RecentLatency();
    latency.add(8, 0);
    for (const now of looks) assert.ok(latency.quantiles([0.5], now), `${now} of ${looks}`);
    assert.is(latency.quantiles([0.5], 60_000), undefined, `after ${looks}`);
  }
});

test("no quantile is above the longest call in the windows", () => {
  /** Below the middle of its bucket. */
  const SHORT_MS = 4.45;
  const latency = new RecentLatency();
  latency.add(1_000, 0);
  latency.add(SHORT_MS, 31_000);
  latency.add(SHORT_MS, 31_000);
  for (let look = 0; look < 5; look += 1) assert.ok((latency.quantiles([0.5], 31_000)?.[0] ?? 1_000) < 10);
  assert.ok((latency.quantiles([1], 59_999)?.[0] ?? 0) > 800);
  assert.equal(latency.quantiles([1], 62_000), [SHORT_MS], "the longer one is over");
  latency.add(1_000, 63_000);
  latency.add(SHORT_MS, 200_000);
  assert.equal(latency.quantiles([1], 200_000), [SHORT_MS], "long over");
});

test.run();
