import { suite } from "uvu";
import * as assert from "uvu/assert";

import { PING_EVERY_MS, PingMonitor } from "../../src/bus/ping-monitor.ts";

const test = suite("ping monitor");

test("a bus that answers is asked again and never doubted", () => {
  const pulse = new PingMonitor();
  for (let nowMs = 0; nowMs < 60_000; nowMs += PING_EVERY_MS) {
    assert.is(pulse.tick(nowMs, 0), "ping");
    pulse.answered(nowMs + 1);
    assert.not.ok(pulse.inDoubt(nowMs + PING_EVERY_MS - 1));
  }
});

test("a ping without an answer brings doubt before the next beat, then death in three seconds", () => {
  const pulse = new PingMonitor();
  assert.is(pulse.tick(0, 0), "ping");
  assert.not.ok(pulse.inDoubt(399));
  assert.ok(pulse.inDoubt(400));
  assert.is(pulse.tick(500, 0), "wait");
  assert.is(pulse.tick(2_999, 0), "wait");
  assert.is(pulse.tick(3_000, 0), "dead");
});

test("when a request of one second runs out, a bus that stopped before it was sent is in doubt, whenever it stopped", () => {
  for (let stoppedAtMs = 0; stoppedAtMs < PING_EVERY_MS; stoppedAtMs += 1) {
    const pulse = new PingMonitor();
    pulse.tick(0, 0);
    if (stoppedAtMs > 0) pulse.answered(1);
    pulse.tick(PING_EVERY_MS, 0);
    pulse.tick(2 * PING_EVERY_MS, 0);
    assert.ok(pulse.inDoubt(stoppedAtMs + 1_000), `stopped at ${stoppedAtMs}`);
  }
});

test("messages are a sign of life while the answer to the ping waits behind them", () => {
  const pulse = new PingMonitor();
  assert.is(pulse.tick(0, 10), "ping");
  for (let count = 1; count < 20; count += 1) assert.is(pulse.tick(count * 500, 10 + count), "wait");
  assert.is(pulse.tick(12_499, 29), "wait");
  assert.is(pulse.tick(12_500, 29), "dead");
});

test("messages are no excuse for a late answer: the answers to calls wait behind them too", () => {
  const pulse = new PingMonitor();
  pulse.tick(0, 10);
  assert.is(pulse.tick(500, 5_000), "wait");
  assert.ok(pulse.inDoubt(500));
});

test("a late answer leaves doubt, as calls were late with it; the next one in time ends it", () => {
  const pulse = new PingMonitor();
  pulse.tick(0, 0);
  pulse.tick(2_900, 0);
  pulse.answered(2_900);
  assert.ok(pulse.inDoubt(2_900));
  assert.is(pulse.tick(3_000, 0), "ping");
  assert.ok(pulse.inDoubt(3_000));
  pulse.answered(3_001);
  assert.not.ok(pulse.inDoubt(3_001));
});

test("a call that was out while the bus was late had less than its time, however well the bus is by then", () => {
  const pulse = new PingMonitor();
  pulse.tick(0, 0);
  pulse.answered(1_500);
  pulse.tick(1_500, 0);
  pulse.answered(1_501);
  assert.ok(pulse.inDoubt(2_400, 1_400));
  assert.not.ok(pulse.inDoubt(2_600, 1_600));
});

test("an answer is late after 400 ms, and only calls that were sent before it are in doubt by that", () => {
  for (const [tookMs, isLate] of [
    [399, false],
    [400, true],
  ] as const) {
    const pulse = new PingMonitor();
    assert.is(pulse.tick(10_000, 0), "ping", "the first one ever");
    assert.is(pulse.inDoubt(10_100), false);
    pulse.answered(10_000 + tookMs);
    assert.is(pulse.inDoubt(10_460), isLate, `${tookMs} ms`);
    assert.is(pulse.tick(10_500, 0), "ping");
    assert.is(pulse.tick(10_501, 0), "wait");
    pulse.answered(10_502);
    const atMs = 10_000 + tookMs;
    assert.equal(
      [atMs - 1, atMs].map((sentAtMs) => pulse.inDoubt(10_510, sentAtMs)),
      [isLate, false],
      `${tookMs} ms`,
    );
  }
});

test.run();
