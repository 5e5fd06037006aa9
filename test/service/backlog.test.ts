import { suite } from "uvu";
import * as assert from "uvu/assert";
import { afterDrop, afterFlush, afterStall, isExpired, NO_BACKLOG } from "../../src/service/core/backlog.ts";

const test = suite("backlog");

const NOON = 1_700_000_000_000;
const STALL_MS = 30_000;
const clearing = afterStall(NO_BACKLOG, STALL_MS);

test("without a stall nothing is dropped, however wrong the caller's clock", () => {
  for (const skewMs of [1, 1000, 3_600_000]) assert.not(isExpired(NO_BACKLOG, NOON - skewMs, NOON));
});

test("what waited through a stall past its deadline is dropped", () => {
  assert.ok(isExpired(clearing, NOON - 1, NOON));
  assert.ok(isExpired(clearing, NOON - STALL_MS, NOON));
});

test("what is still in time is answered, also after a stall", () => {
  assert.not(isExpired(clearing, NOON, NOON));
  assert.not(isExpired(clearing, NOON + 1000, NOON));
});

test("a deadline missed by more than the stall comes from a wrong clock, and is no reason to drop", () => {
  assert.not(isExpired(clearing, NOON - STALL_MS - 1, NOON));
});

test("a request without a deadline is never dropped", () => {
  assert.not(isExpired(clearing, undefined, NOON));
});

test("a second stall before the first backlog is cleared adds to it, and keeps what was counted", () => {
  const both = afterStall(afterDrop(clearing), 5000);
  assert.ok(isExpired(both, NOON - STALL_MS - 5000, NOON));
  assert.not(isExpired(both, NOON - STALL_MS - 5001, NOON));
  assert.is(both.kind === "clearing" ? both.dropped : undefined, 1);
});

test("a backlog is over with the answer to its flush", () => {
  assert.is(afterFlush(clearing), NO_BACKLOG);
  assert.is(afterFlush(NO_BACKLOG), NO_BACKLOG);
});

test("the answer to the first flush does not end the backlog of a second stall", () => {
  const second = afterFlush(afterStall(clearing, 5000));
  assert.ok(isExpired(second, NOON - STALL_MS, NOON));
  assert.is(afterFlush(second), NO_BACKLOG);
});

test("drops are counted while a backlog is cleared, and only then", () => {
  const twice = afterDrop(afterDrop(clearing));
  assert.is(twice.kind === "clearing" ? twice.dropped : undefined, 2);
  assert.is(afterDrop(NO_BACKLOG), NO_BACKLOG);
});

test.run();
