import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TokenBucket } from "../../src/util/token-bucket.ts";

const test = suite("token bucket");

const taken = (bucket: TokenBucket, times: number, now: number): number =>
  Array.from({ length: times }, () => bucket.tryTake(now)).filter(Boolean).length;

test("allows a burst, and then a steady rate", () => {
  const bucket = new TokenBucket(100, 10);
  assert.is(taken(bucket, 200, 1_000_000), 100);
  assert.is(taken(bucket, 200, 1_001_000), 10);
  assert.is(taken(bucket, 200, 1_001_500), 5);
});

test("keeps unused tokens, up to its capacity", () => {
  const bucket = new TokenBucket(100, 10);
  assert.is(taken(bucket, 100, 0), 100);
  assert.is(taken(bucket, 200, 3_600_000), 100);
});

test("fractions of a token add up", () => {
  const bucket = new TokenBucket(1, 10);
  assert.ok(bucket.tryTake(0));
  const times = Array.from({ length: 100 }, (_, ms) => bucket.tryTake(ms * 10)).filter(Boolean).length;
  assert.ok(times >= 9 && times <= 10, `${times} in a second`);
});

test.run();
