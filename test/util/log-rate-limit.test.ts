import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_LIMIT, LogRateLimiter } from "../../src/util/throttle.ts";

const test = suite("line limit");

const limit = (): LogRateLimiter => new LogRateLimiter({ maxPerWindow: 2, windowMs: 1000 });
const admitted = (lines: LogRateLimiter, kind: string, now: number, count: number): number =>
  Array.from({ length: count }, () => lines.admit(kind, now)).filter((isAdmitted) => isAdmitted).length;

test("a window admits a limited number of lines of one kind", () => {
  const lines = limit();
  assert.is(admitted(lines, "joined", 0, 5), 2);
  assert.is(admitted(lines, "joined", 999, 5), 0);
});

test("each kind has a limit of its own", () => {
  const lines = limit();
  admitted(lines, "joined", 0, 5);
  assert.is(admitted(lines, "opened", 0, 1), 1);
});

test("the next window admits as many again", () => {
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

test("every suppressed line is counted, also when the number was not read in time", () => {
  const lines = limit();
  const admittedCount = admitted(lines, "joined", 0, 5) + admitted(lines, "joined", 1500, 5);
  const held = lines.suppressed(3000).reduce((sum, { count }) => sum + count, 0);
  assert.is(admittedCount + held, 10);
});

test("a window without lines reports nothing, and keeps nothing", () => {
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
