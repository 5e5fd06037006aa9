// A handler that has stopped because its caller waits no more, against one that has failed: by what it throws, and by the time.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { headerBlock, NO_HEADERS, parseHeaders } from "../../src/bus/core/headers.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { abortedBecause, ReceivedContext } from "../../src/service/request-context.ts";
import { StreamError } from "../../src/service/stream-error.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { beatOf } from "../support/health-harness.ts";

const test = suite("stopped handlers");

const LEFT_MS = 1_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const boom = (): never => {
  throw new Error("boom");
};

/** A request whose caller waits for so long; undefined: it did not say. */
function received(timeoutMs: number | undefined) {
  const clock = new FakeClock();
  const lines = timeoutMs === undefined ? "" : timeLines(timeoutMs, clock.wall());
  const headers = parseHeaders(headerBlock(lines))?.fields ?? NO_HEADERS;
  const source = { instance: beatOf(1), clock, realNow: () => clock.now() };
  return { clock, context: new ReceivedContext(source, "get", headers, undefined, clock.now()) };
}

const outcome = (kind: string, reason: string): object => ({ outcome: { kind, reason } });
const TIMED_OUT = outcome("unanswered", "timeout");
const WAY = { instance: beatOf(1), received: 0 };

test("a call that the handler made and that timed out has stopped it, if its own caller's time is over as well", async () => {
  const { clock, context } = received(LEFT_MS);
  await clock.advance(LEFT_MS - 6);
  assert.is(context.isStoppedBy(TIMED_OUT), false);
  await clock.advance(1);
  assert.is(context.isStoppedBy(TIMED_OUT), true, "two timers for one moment differ by some ms");
  await clock.advance(LEFT_MS);
  assert.is(context.isStoppedBy(TIMED_OUT), true);
});

test("without a time of the caller only a cancel has stopped it, whether or not the handler has read its signal", async () => {
  for (const reads of [false, true]) {
    const { clock, context } = received(undefined);
    if (reads) assert.is(context.signal.aborted, false);
    await clock.advance(LEFT_MS);
    assert.is(context.isStoppedBy(TIMED_OUT), false, `reads: ${reads}`);
    context.abort(abortedBecause("the caller has given up"));
    assert.is(context.isStoppedBy(TIMED_OUT), true, `reads: ${reads}`);
  }
});

test("of a caller that has given up, a call or a stream that ended by its time or signal has stopped it, and no other", () => {
  for (const [thrown, expected] of [
    [TIMED_OUT, true],
    [outcome("unanswered", "cancelled"), true],
    [outcome("unanswered", "no-instances"), false],
    [outcome("error", "timeout"), false],
    [outcome("error", "cancelled"), false],
    [{ outcome: undefined }, false],
    [new StreamError("cancelled", "the caller gave up", WAY), true],
    [new StreamError("lost", "items were lost", WAY), false],
    [new StreamError("died", "the instance has died", WAY), false],
    [Object.defineProperty({}, "outcome", { get: boom }), false],
    [Object.defineProperty(new Error("x"), "name", { get: boom }), false],
    [undefined, false],
  ] as const) {
    const { context } = received(LEFT_MS);
    context.abort(abortedBecause("the caller has given up"));
    assert.is(context.isStoppedBy(thrown), expected, String(expected));
  }
});

test("an abort error stops a handler only if its signal was read and is aborted", () => {
  const own = new DOMException("a timeout of its own", "TimeoutError");
  const { context } = received(LEFT_MS);
  assert.is(context.isStoppedBy(own), false, "unread");
  const { signal } = context;
  assert.is(context.isStoppedBy(own), false, "not aborted");
  context.abort(abortedBecause("the caller has given up"));
  assert.equal([signal.aborted, context.isStoppedBy(own), context.isStoppedBy(signal.reason)], [true, true, true]);
  assert.is(context.isStoppedBy(new Error("a bug")), false);
  const unread = received(LEFT_MS).context;
  unread.abort(abortedBecause("the caller has given up"));
  assert.is(unread.isStoppedBy(own), false, "it cannot come from a signal that was not read");
});

test("a signal is one and the same however often it is read, and has one timer", () => {
  const { clock, context } = received(LEFT_MS);
  assert.is(context.signal, context.signal);
  assert.is(clock.timers, 1);
  context.end();
  assert.is(clock.timers, 0);
});

test("a time that no timer can hold has none, and the longest has one", () => {
  for (const [timeoutMs, timers] of [
    [MAX_TIMER_MS, 1],
    [MAX_TIMER_MS + 1, 0],
  ] as const) {
    const { clock, context } = received(timeoutMs);
    assert.is(context.signal.aborted, false);
    assert.is(clock.timers, timers, `${timeoutMs} ms`);
  }
});

test.run();
