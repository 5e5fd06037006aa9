// User code that fails is reported, and everything else goes on.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Guard } from "../../src/service/guard.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("guard of user code");

const FALLBACK = 0.5;
/** Not as a literal: a linter takes an object with it for a mistake. */
const THEN = "then";

function begin() {
  const clock = new FakeClock();
  const reports: string[] = [];
  return { clock, reports, guard: new Guard("the client of tea", (sentence) => reports.push(sentence), clock) };
}

test("a source of chance gives numbers from 0 to under 1, and half for all else", () => {
  const { guard, reports } = begin();
  for (const [drawn, expected] of [
    [0, 0],
    [0.25, 0.25],
    [0.999, 0.999],
    [1, FALLBACK],
    [-0.1, FALLBACK],
    [7, FALLBACK],
    [Number.NaN, FALLBACK],
    ["0.25", FALLBACK],
    [null, FALLBACK],
    [undefined, FALLBACK],
  ] as const)
    assert.is(guard.random((() => drawn) as () => number)(), expected, String(drawn));
  assert.equal(reports, []);
});

test("chance that throws, or promises a number that never comes, is reported by its name", async () => {
  const { guard, reports } = begin();
  const failing = guard.random(() => {
    throw new Error("boom");
  });
  assert.is(failing(), FALLBACK);
  assert.match(reports[0] ?? "", /^random of the client of tea failed, and everything else goes on: .*boom \(at /);
  const later = begin();
  assert.is(later.guard.random((() => Promise.reject(new Error("later"))) as never)(), FALLBACK);
  await Promise.resolve();
  await Promise.resolve();
  assert.match(later.reports[0] ?? "", /^random of .*later/);
});

test("a listener that throws, rejects, or returns what cannot be looked at is reported once a minute", async () => {
  const listeners: readonly (() => unknown)[] = [
    () => {
      throw new Error("boom");
    },
    () => Promise.reject(new Error("boom")),
    () =>
      Object.defineProperty({}, THEN, {
        get: () => {
          throw new Error("boom");
        },
      }),
  ];
  for (const [place, listener] of listeners.entries()) {
    const { clock, guard, reports } = begin();
    const guarded = guard.listener("onEvent", listener);
    for (const _time of [1, 2, 3]) guarded();
    await Promise.resolve();
    await Promise.resolve();
    assert.is(reports.length, 1, `listener ${place}`);
    assert.match(reports[0] ?? "", /^onEvent of the client of tea failed, and everything else goes on: .*boom/);
    await clock.advance(61_000);
    guarded();
    await Promise.resolve();
    await Promise.resolve();
    assert.is(reports.length, 2, `listener ${place}, a minute later`);
  }
});

test("a report names the place of an error, and goes without where there is none", () => {
  const place = Object.assign(new Error("boom"), { stack: "Error: boom\n    at makeTea (kitchen.js:7:1)\n    at x" });
  const unreadable = Object.defineProperty(new Error("boom"), "stack", {
    get: () => {
      throw new Error("no stack");
    },
  });
  for (const [thrown, end] of [
    [place, "boom (at makeTea (kitchen.js:7:1))"],
    [Object.assign(new Error("boom"), { stack: "Error: boom" }), "boom"],
    [Object.assign(new Error("boom"), { stack: undefined }), "boom"],
    [unreadable, "boom"],
    ["boom", "boom"],
  ] as const) {
    const { guard, reports } = begin();
    guard.failed("read", thrown);
    assert.ok(reports[0]?.endsWith(end), reports[0]);
  }
});

test("what user code returns is the result, and another value if it throws", () => {
  const { guard, reports } = begin();
  assert.is(
    guard.run("read", () => 7, 0),
    7,
  );
  const failed = guard.run(
    "read",
    () => {
      throw new Error("boom");
    },
    0,
  );
  assert.equal([failed, reports.length], [0, 1]);
});

test("where no listener was given there is nothing to fail", () => {
  const { guard, reports } = begin();
  guard.listener("onEvent", undefined)();
  assert.equal(reports, []);
});

test.run();
