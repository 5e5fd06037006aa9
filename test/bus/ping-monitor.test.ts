import { suite } from "uvu";
import * as assert from "uvu/assert";

import { PING_EVERY_MS, PingMonitor } from "../../src/bus/ping-monitor.ts";

const test = suite("ping monitor");

test("a bus that answers is asked again and never doubted", () => {
  const pings = new PingMonitor();
  for (let nowMs = 0; nowMs < 60_000; nowMs += PING_EVERY_MS) {
    assert.is(pings.tick(nowMs, 0), "ping");
    pings.answered(nowMs + 1);
    assert.not.ok(pings.isSuspect(nowMs + PING_EVERY_MS - 1));
  }
});

test("a ping without an answer brings doubt before the next beat, then death in three seconds", () => {
  const pings = new PingMonitor();
  assert.is(pings.tick(0, 0), "ping");
  assert.not.ok(pings.isSuspect(399));
  assert.ok(pings.isSuspect(400));
  assert.is(pings.tick(500, 0), "wait");
  assert.is(pings.tick(2_999, 0), "wait");
  assert.is(pings.tick(3_000, 0), "dead");
});

test("when a request of one second runs out, a bus that stopped before it was sent is in doubt, whenever it stopped", () => {
  for (let stoppedAtMs = 0; stoppedAtMs < PING_EVERY_MS; stoppedAtMs += 1) {
    const pings = new PingMonitor();
    pings.tick(0, 0);
    if (stoppedAtMs > 0) pings.answered(1);
    pings.tick(PING_EVERY_MS, 0);
    pings.tick(2 * PING_EVERY_MS, 0);
    assert.ok(pings.isSuspect(stoppedAtMs + 1_000), `stopped at ${stoppedAtMs}`);
  }
});

test("messages are a sign of life while the answer to the ping waits behind them", () => {
  const pings = new PingMonitor();
  assert.is(pings.tick(0, 10), "ping");
  for (let count = 1; count < 20; count += 1) assert.is(pings.tick(count * 500, 10 + count), "wait");
  assert.is(pings.tick(12_499, 29), "wait");
  assert.is(pings.tick(12_500, 29), "dead");
});

test("messages are no excuse for a late answer: the answers to calls wait behind them too", () => {
  const pings = new PingMonitor();
  pings.tick(0, 10);
  assert.is(pings.tick(500, 5_000), "wait");
  assert.ok(pings.isSuspect(500));
});

test("a late answer leaves doubt, as calls were late with it; the next one in time ends it", () => {
  const pings = new PingMonitor();
  pings.tick(0, 0);
  pings.tick(2_900, 0);
  pings.answered(2_900);
  assert.ok(pings.isSuspect(2_900));
  assert.is(pings.tick(3_000, 0), "ping");
  assert.ok(pings.isSuspect(3_000));
  pings.answered(3_001);
  assert.not.ok(pings.isSuspect(3_001));
});

test("a call that was out while the bus was late had less than its time, however well the bus is by then", () => {
  const pings = new PingMonitor();
  pings.tick(0, 0);
  pings.answered(1_500);
  pings.tick(1_500, 0);
  pings.answered(1_501);
  assert.ok(pings.isSuspect(2_400, 1_400));
  assert.not.ok(pings.isSuspect(2_600, 1_600));
});

test("an answer is late after 400 ms, and only calls that were sent before it are in doubt by that", () => {
  for (const [tookMs, isLate] of [
    [399, false],
    [400, true],
  ] as const) {
    const pings = new PingMonitor();
    assert.is(pings.tick(10_000, 0), "ping", "the first one ever");
    assert.is(pings.isSuspect(10_100), false);
    pings.answered(10_000 + tookMs);
    assert.is(pings.isSuspect(10_460), isLate, `${tookMs} ms`);
    assert.is(pings.tick(10_500, 0), "ping");
    assert.is(pings.tick(10_501, 0), "wait");
    pings.answered(10_502);
    const atMs = 10_000 + tookMs;
    assert.equal(
      [atMs - 1, atMs].map((sentAtMs) => pings.isSuspect(10_510, sentAtMs)),
      [isLate, false],
      `${tookMs} ms`,
    );
  }
});

test.run();
