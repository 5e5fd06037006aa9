// The clock of the test kit: what runs when, and the error of a test that waits in vain.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fakeClock, memoryBus } from "../../src/testing/index.ts";
import { repository } from "../support/repository.ts";

const test = suite("fake clock");

/** The message that a promise rejects with. */
const rejection = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: Error) => error.message,
  );

test("timers run in the order in which they fall due, each at its own time", async () => {
  const clock = fakeClock();
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name} at ${clock.now()}`);
  clock.after(30, note("late"));
  clock.after(10, note("first"));
  clock.after(10, note("second"));
  clock.every(20, note("interval"));
  await clock.advance(45);
  assert.equal(ran, ["first at 10", "second at 10", "interval at 20", "late at 30", "interval at 40"]);
  assert.is(clock.now(), 45);
});

test("promises settle between two timers of one moment, and sockets are read after both", async () => {
  const clock = fakeClock();
  const ran: string[] = [];
  clock.after(5, () => {
    clock.afterIoPoll(() => ran.push("after the poll"));
    clock.read(() => ran.push("read"));
    void Promise.resolve()
      .then(() => undefined)
      .then(() => ran.push("promise"));
  });
  clock.after(5, () => ran.push("second timer"));
  await clock.advance(5);
  assert.equal(ran, ["promise", "second timer", "read", "after the poll"]);
});

test("run lets exactly as much time pass as its work takes", async () => {
  const clock = fakeClock();
  clock.every(7, () => undefined);
  const value = await clock.run(async () => {
    await clock.sleep(1_000);
    await clock.sleep(250);
    return clock.now();
  });
  assert.equal([value, clock.now()], [1_250, 1_250]);
  assert.is(await clock.run(clock.sleep(50).then(() => "a promise")), "a promise");
  assert.is(await clock.run(() => "no promise"), "no promise");
});

test("the work of run may advance the clock, and begin runs of its own", async () => {
  const clock = fakeClock();
  const ran: number[] = [];
  clock.every(100, () => ran.push(clock.now()));
  await clock.run(async () => {
    await clock.advance(250);
    assert.is(clock.now(), 250);
    await Promise.all([clock.run(clock.sleep(100)), clock.run(clock.sleep(30))]);
    assert.is(clock.now(), 350);
    await clock.sleep(50);
  });
  assert.equal(ran, [100, 200, 300, 400]);
});

test("run waits for what comes from outside the clock", async () => {
  const clock = fakeClock();
  const text = await clock.run(readFile(join(repository, "package.json"), "utf8"));
  assert.match(text, "datawire");
});

test("run rejects with the error of its work, and with that of a timer", async () => {
  const clock = fakeClock();
  const fails = async (): Promise<never> => {
    await clock.sleep(10);
    throw new Error("the work failed");
  };
  assert.is(await rejection(clock.run(fails)), "the work failed");
  clock.after(10, () => {
    throw new Error("a timer failed");
  });
  assert.is(await rejection(clock.run(clock.sleep(20))), "a timer failed");
  assert.is(await clock.run(() => "and goes on"), "and goes on");
});

test("work that cannot end is an error at once, and work that does not end is one at the limit", async () => {
  const clock = fakeClock();
  const never = new Promise<void>(() => undefined);
  assert.match(await rejection(clock.run(never)), /has not ended, and never will: no timer of its clock is set/);
  clock.every(1_000, () => undefined);
  assert.match(await rejection(clock.run(never)), /has not ended within 900000 ms of its clock/);
  assert.match(await rejection(clock.run(never, { limitMs: 5_000 })), /within 5000 ms/);
});

test("timers that set each other without a delay are an error, and no endless loop", async () => {
  const clock = fakeClock();
  const again = (): void => void clock.after(0, again);
  again();
  assert.match(await rejection(clock.advance(1)), /the clock stands still/);
});

test("what a test does wrong is said", async () => {
  const clock = fakeClock();
  assert.match(await rejection(clock.advance(Number.NaN)), /by a number of ms from 0 on, not by NaN/);
  assert.match(await rejection(clock.advance(-1)), /not by -1/);
  assert.match(await rejection(clock.run(() => 1, { limitMs: 0 })), /limitMs 0 must be a number from 1 to/);
  assert.throws(() => clock.after(Number.NaN, () => undefined), /a timer is set for a number of ms, not for NaN/);
  const first = clock.advance(10);
  assert.match(await rejection(clock.advance(10)), /advance was called before the last one had ended/);
  await first;
  assert.is(clock.now(), 10);
});

const run = promisify(execFile);
const kit = join(repository, "dist/src/testing/index.js");
/** What a program prints to stderr, and its exit code, when it waits on the top level. */
async function program(text: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const script = `import { fakeClock, memoryBus } from ${JSON.stringify(kit)}; ${text}`;
  return run(process.execPath, ["--input-type=module", "--eval", script]).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

test("a process that ends while a call waits for a clock that no test advances says so", async () => {
  const bus = "const clock = fakeClock(); const bus = memoryBus({ clock }); bus.subscribe('shop.get', () => {});";
  const call = "bus.request('shop.get', '', { timeoutMs: 50 })";
  const stuck = await program(`${bus} ${call}.then(() => console.log("never"));`);
  assert.match(
    stuck.stderr,
    /a call to shop\.get waits for a fake clock that no test advances: write {2}await clock\.run/,
  );
  assert.is(stuck.code, 1);
  assert.equal(await program(`${bus} await clock.run(${call});`), { code: 0, stderr: "" });
  assert.equal(await program(`${bus} void ${call}; await clock.advance(10);`), { code: 0, stderr: "" });
});

test("a bus names its clock", () => {
  const clock = fakeClock();
  const bus = memoryBus({ clock });
  assert.is(bus.clock, clock);
  assert.is(bus.connect().clock, clock);
});

test.run();
