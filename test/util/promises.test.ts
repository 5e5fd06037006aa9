import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isThenable, sleep, withTimeout } from "../../src/util/promises.ts";

const test = suite("promises that wait for time");

/** Timers that fire when the test says so. */
function timers(): { after(delayMs: number, act: () => void): () => void; fire(): void; readonly waits: number[] } {
  const acts = new Map<() => void, number>();
  return {
    after(delayMs, act) {
      acts.set(act, delayMs);
      return () => acts.delete(act);
    },
    fire: () => {
      for (const act of [...acts.keys()]) act();
    },
    get waits() {
      return [...acts.values()];
    },
  };
}

test("a sleep ends with its timer", async () => {
  const clock = timers();
  const slept = sleep(20, clock);
  assert.equal(clock.waits, [20]);
  clock.fire();
  await slept;
});

test("a promise that is in time cancels the timer", async () => {
  const clock = timers();
  assert.is(await withTimeout(Promise.resolve("done"), (late) => clock.after(5, late)), "done");
  assert.equal(clock.waits, []);
});

test("a promise that fails cancels the timer, too", async () => {
  const clock = timers();
  const failed = withTimeout(Promise.reject(new Error("no")), (late) => clock.after(5, late));
  assert.is(await failed.catch((error: Error) => error.message), "no");
  assert.equal(clock.waits, []);
});

test("a promise that is late is undefined", async () => {
  const clock = timers();
  const late = withTimeout(new Promise(() => undefined), (act) => clock.after(5, act));
  clock.fire();
  assert.is(await late, undefined);
});

test("anything with a then is a promise", () => {
  for (const value of [Promise.resolve(), Promise.reject(new Error("no")).catch(() => undefined)])
    assert.ok(isThenable(value));
  for (const value of [undefined, null, {}, JSON.parse('{"then":1}'), "then"]) assert.not.ok(isThenable(value));
});

test.run();
