import { suite } from "uvu";
import * as assert from "uvu/assert";

import { ThrottledReporter } from "../../src/util/throttle.ts";

const test = suite("throttled reporter");

test("of one kind one sentence a minute is passed on, the first at once", () => {
  const said: string[] = [];
  const sparing = new ThrottledReporter((sentence) => said.push(sentence));
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 1_000) sparing.report("slow", `slow at ${nowMs}`, nowMs);
  assert.equal(said, ["slow at 0", "slow at 60000", "slow at 120000"]);
});

test("kinds do not silence each other", () => {
  const said: string[] = [];
  const sparing = new ThrottledReporter((sentence) => said.push(sentence));
  sparing.report("slow", "slow", 0);
  sparing.report("denied", "denied", 1);
  sparing.report("slow", "slow again", 2);
  assert.equal(said, ["slow", "denied"]);
});

test("many kinds cost no more than a few: the memory is bounded, and the newest are still spared", () => {
  const said: string[] = [];
  const sparing = new ThrottledReporter((sentence) => said.push(sentence));
  for (let kind = 0; kind < 10_000; kind += 1) sparing.report(`kind ${kind}`, "x", 0);
  said.length = 0;
  sparing.report("kind 9999", "again", 1);
  assert.equal(said, []);
});

test("a hundred kinds are remembered; one more, and all are forgotten; one that speaks again forgets none", () => {
  const said: string[] = [];
  const sparing = new ThrottledReporter((sentence) => said.push(sentence));
  const say = (kind: number, nowMs: number): void => sparing.report(`kind ${kind}`, `${kind} at ${nowMs}`, nowMs);
  for (let kind = 0; kind < 100; kind += 1) say(kind, kind === 0 ? 0 : 30_000);
  said.length = 0;
  for (const [kind, nowMs] of [
    ...[[0, 59_999] as const, [0, 60_000] as const, [1, 60_001] as const],
    ...[[100, 60_002] as const, [1, 60_003] as const],
  ])
    say(kind, nowMs);
  assert.equal(said, ["0 at 60000", "100 at 60002", "1 at 60003"]);
});

test.run();
