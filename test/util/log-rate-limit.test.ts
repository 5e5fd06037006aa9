import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_LIMIT, LogRateLimiter } from "../../src/util/throttle.ts";

const test = suite("line limit");

const limit = (): LogRateLimiter => new LogRateLimiter({ maxPerWindow: 2, windowMs: 1000 });
const admitted = (lines: LogRateLimiter, kind: string, now: number, count: number): number =>
  Array.from({ length: count }, () => lines.admit(kind, now)).filter((isAdmitted) => isAdmitted).length;

test("of one kind so many are told in a window, and no more", () => {
  const lines = limit();
  assert.is(admitted(lines, "joined", 0, 5), 2);
  assert.is(admitted(lines, "joined", 999, 5), 0);
});

test("each kind has a limit of its own", () => {
  const lines = limit();
  admitted(lines, "joined", 0, 5);
  assert.is(admitted(lines, "opened", 0, 1), 1);
});

test("in the next window as many may be told again", () => {
  const lines = limit();
  assert.is(admitted(lines, "joined", 0, 2), 2);
  assert.is(admitted(lines, "joined", 1000, 5), 2);
});

test("what was held back is handed out as a number, once, when its window is over", () => {
  const lines = limit();
  admitted(lines, "joined", 0, 5);
  assert.equal(lines.suppressed(999), []);
  assert.equal(lines.suppressed(1000), [{ kind: "joined", count: 3 }]);
  assert.equal(lines.suppressed(1000), []);
  assert.is(admitted(lines, "joined", 1001, 1), 1);
});

test("no line is lost without being counted, also if nobody has asked for the number in time", () => {
  const lines = limit();
  const told = admitted(lines, "joined", 0, 5) + admitted(lines, "joined", 1500, 5);
  const held = lines.suppressed(3000).reduce((sum, { count }) => sum + count, 0);
  assert.is(told + held, 10);
});

test("a quiet window leaves nothing to be told, and nothing behind", () => {
  const lines = limit();
  lines.admit("joined", 0);
  assert.equal(lines.suppressed(5000), []);
});

test("twenty instances may join at once and each be named", () => {
  const lines = new LogRateLimiter();
  assert.is(admitted(lines, "joined", 0, 21), 20);
  assert.equal(lines.suppressed(DEFAULT_LIMIT.windowMs), [{ kind: "joined", count: 1 }]);
});

test.run();
