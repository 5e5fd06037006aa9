import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TokenBucket } from "../../src/health/token-bucket.ts";

const test = suite("token bucket");

const taken = (allowance: TokenBucket, times: number, now: number): number =>
  Array.from({ length: times }, () => allowance.tryTake(now)).filter(Boolean).length;

test("so many at once, and then so many a second, whenever the first was", () => {
  const allowance = new TokenBucket(100, 10);
  assert.is(taken(allowance, 200, 1_000_000), 100);
  assert.is(taken(allowance, 200, 1_001_000), 10);
  assert.is(taken(allowance, 200, 1_001_500), 5);
});

test("what was not used is kept, but never more than may be done at once", () => {
  const allowance = new TokenBucket(100, 10);
  assert.is(taken(allowance, 100, 0), 100);
  assert.is(taken(allowance, 200, 3_600_000), 100);
});

test("parts of one add up", () => {
  const allowance = new TokenBucket(1, 10);
  assert.ok(allowance.tryTake(0));
  const times = Array.from({ length: 100 }, (_, ms) => allowance.tryTake(ms * 10)).filter(Boolean).length;
  assert.ok(times >= 9 && times <= 10, `${times} in a second`);
});

test.run();
