import { suite } from "uvu";
import * as assert from "uvu/assert";

import { Sparing } from "../../src/bus/sparing.ts";

const test = suite("sparing");

test("of one kind one sentence a minute is passed on, the first at once", () => {
  const said: string[] = [];
  const sparing = new Sparing((sentence) => said.push(sentence));
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 1_000) sparing.say("slow", `slow at ${nowMs}`, nowMs);
  assert.equal(said, ["slow at 0", "slow at 60000", "slow at 120000"]);
});

test("kinds do not silence each other", () => {
  const said: string[] = [];
  const sparing = new Sparing((sentence) => said.push(sentence));
  sparing.say("slow", "slow", 0);
  sparing.say("denied", "denied", 1);
  sparing.say("slow", "slow again", 2);
  assert.equal(said, ["slow", "denied"]);
});

test("many kinds cost no more than a few: the memory is bounded, and the newest are still spared", () => {
  const said: string[] = [];
  const sparing = new Sparing((sentence) => said.push(sentence));
  for (let kind = 0; kind < 10_000; kind += 1) sparing.say(`kind ${kind}`, "x", 0);
  said.length = 0;
  sparing.say("kind 9999", "again", 1);
  assert.equal(said, []);
});

test.run();
