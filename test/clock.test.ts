import { performance } from "node:perf_hooks";
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { advanceTo, afterRunning, type Clock, type RunningTime, STALL_MS, systemClock } from "../src/clock.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { until } from "./support/until.ts";

const test = suite("clock");

const start = (): RunningTime => ({ runningMs: 1_000, seenAtMs: 5_000 });

function observed(...looksAtMs: readonly number[]): { time: RunningTime; stalledMs: number | undefined } {
  const time = start();
  const stalls = looksAtMs.map((atMs) => advanceTo(time, atMs));
  return { time, stalledMs: stalls.at(-1) };
}

test("a short gap counts as run, in full", () => {
  for (const gapMs of [0, 1, 50, 0.25, STALL_MS]) {
    assert.equal(observed(5_000 + gapMs), {
      time: { runningMs: 1_000 + gapMs, seenAtMs: 5_000 + gapMs },
      stalledMs: 0,
    });
  }
});

test("of a stall one tick counts as run, and the rest is reported", () => {
  assert.equal(observed(5_251), { time: { runningMs: 1_050, seenAtMs: 5_251 }, stalledMs: 201 });
  assert.equal(observed(65_000), { time: { runningMs: 1_050, seenAtMs: 65_000 }, stalledMs: 59_950 });
});

test("time that runs backwards takes nothing back, and is not counted twice", () => {
  assert.equal(observed(4_900), { time: start(), stalledMs: 0 });
  assert.is(observed(4_900, 5_010).time.runningMs, 1_010);
});

test("however often it is looked at, the running time adds up to the same", () => {
  const often = Array.from({ length: 21 }, (_, look) => 5_000 + 10 * look);
  assert.equal(observed(...often).time, observed(5_200).time);
});

interface Look {
  readonly runningMs: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** A look at the clock, and between which times it was: on a busy machine they may lie far apart. */
function lookAt(clock: Clock): Look {
  const earliestMs = performance.now();
  const runningMs = clock.now();
  return { runningMs, earliestMs, latestMs: performance.now() };
}

/** Running time and stalls together are the time that has passed. */
function assertPassed(ms: number, from: Look, to: Look): void {
  const [least, most] = [to.earliestMs - from.latestMs, to.latestMs - from.earliestMs];
  assert.ok(ms >= least - 1 && ms <= most + 1, `${ms} of ${least} to ${most}`);
}

test("a busy loop stops running time, and is reported once to every listener, with its length", async () => {
  const clock = systemClock();
  const reported: number[] = [];
  const ended: number[] = [];
  clock.onStall((stalledMs) => reported.push(stalledMs));
  clock.onStall((stalledMs) => ended.push(stalledMs))();
  const began = lookAt(clock);
  while (performance.now() - began.latestMs < 600);
  const last = lookAt(clock);
  const ran = last.runningMs - began.runningMs;
  assert.ok(ran < STALL_MS, `${ran} ms counted as run`);
  assert.is(reported.length, 1);
  assertPassed((reported[0] ?? 0) + ran, began, last);
  assert.equal(ended, []);
});

test("a stall is noticed although the time is not read", async () => {
  const clock = systemClock();
  const reported: number[] = [];
  clock.onStall((stalledMs) => reported.push(stalledMs));
  const beganAt = performance.now();
  while (performance.now() - beganAt < 400);
  await until("it is reported", () => reported.length > 0);
});

test("without a stall running time keeps pace with real time", async () => {
  const clock = systemClock();
  let stalledMs = 0;
  clock.onStall((ms) => {
    stalledMs += ms;
  });
  const began = lookAt(clock);
  await new Promise<void>((resolve) => clock.after(300, resolve));
  const ended = lookAt(clock);
  assertPassed(ended.runningMs - began.runningMs + stalledMs, began, ended);
});

test("what waits for reading runs after the sockets were read, even with overdue timers", async () => {
  const { createServer, createConnection } = await import("node:net");
  const clock = systemClock();
  const server = createServer((socket) => socket.end("here")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const order: string[] = [];
  const socket = createConnection(address.port, "127.0.0.1").pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  await new Promise((resolve) => clock.after(100, () => resolve(undefined)));
  // Begun where the loop's next phase is that of timers: they run first, then the socket is read.
  await new Promise<void>((resolve) => {
    clock.afterIoPoll(() => {
      socket.on("data", () => order.push("read")).resume();
      clock.after(1, () => {
        order.push("timer");
        clock.afterIoPoll(() => {
          order.push("after reading");
          resolve();
        });
      });
      const beganAt = performance.now();
      while (performance.now() - beganAt < 20);
    });
  });
  server.close();
  assert.equal(order, ["timer", "read", "after reading"]);
});

test("timers end when cancelled, and wall time is this host's", async () => {
  const clock = systemClock();
  const acts: string[] = [];
  clock.after(5, () => acts.push("after"))();
  const stop = clock.every(5, () => acts.push("every"));
  await until("it ran twice", () => acts.length >= 2);
  stop();
  const count = acts.length;
  await new Promise<void>((resolve) => clock.after(30, resolve));
  assert.is(acts.length, count);
  assert.equal(new Set(acts), new Set(["every"]));
  assert.ok(Math.abs(clock.wall() - Date.now()) < 1_000);
});

test("a limit in running time goes on after a stall, and can be cancelled", async () => {
  const clock = new FakeClock();
  const over: string[] = [];
  afterRunning(clock, 1_000, () => over.push("over"));
  const cancel = afterRunning(clock, 1_000, () => over.push("cancelled"));
  await clock.stall(5_000);
  cancel();
  await clock.advance(900);
  assert.equal(over, []);
  await clock.advance(100);
  assert.equal(over, ["over"]);
});

test("a rest that rounding leaves is no time to wait for", () => {
  const over: string[] = [];
  let waits = 0;
  let now = 0;
  // As a clock that counts from the start of its host: the sum of its times and that of its events differ in a last digit.
  const clock: Pick<Clock, "now" | "after" | "afterIoPoll"> = {
    now: () => now - 1e-10,
    after: (delayMs, act) => {
      waits += 1;
      now += delayMs < 1e-9 ? 0 : delayMs - 1e-10;
      if (waits < 10) act();
      return () => undefined;
    },
    afterIoPoll: (act) => act(),
  };
  afterRunning(clock as Clock, 1_000, () => over.push("over"));
  assert.equal({ over, waits }, { over: ["over"], waits: 1 });
});

test.run();
