// The arguments of `dwc fault`, and the message for each wrong one.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseFaultArgs } from "../../../src/dwc/commands/fault.ts";
import { goldenOf } from "../../support/golden.ts";

const test = suite("dwc fault, as it is typed");
const golden = goldenOf(test, "dwc/fault");

const wish = (line: string) => {
  const [words = "", forText] = line.split(" --for ");
  return parseFaultArgs(words === "" ? [] : words.split(" "), forText);
};

test("what is typed is read as it is meant", () => {
  const target = { service: "ratings", instance: 2 };
  const begin = (fault: object, forMs = 60_000) => ({
    service: "ratings",
    target,
    order: { kind: "begin", fault, forMs },
  });
  assert.equal(wish("ratings/2 pause --for 20s"), begin({ kind: "pause" }, 20_000));
  assert.equal(wish("ratings/2 slow 300ms --for 1m"), begin({ kind: "slow", byMs: 300 }));
  assert.equal(wish("ratings/2 fail 30%"), begin({ kind: "fail", share: 0.3 }));
  assert.equal(wish("ratings/2 mute --for 10m"), begin({ kind: "mute" }, 600_000));
  assert.equal(wish("ratings/2 kill"), { service: "ratings", target, order: { kind: "kill" } });
  assert.equal(wish("ratings/2-a_B mute"), {
    ...begin({ kind: "mute" }),
    target: { ...target, incarnation: "2-a_B" },
  });
  for (const [typed, fault] of [
    ["slow 1ms", { kind: "slow", byMs: 1 }],
    ["slow 60s", { kind: "slow", byMs: 60_000 }],
    ["fail 1%", { kind: "fail", share: 0.01 }],
    ["fail 100%", { kind: "fail", share: 1 }],
    ["fail 12.5%", { kind: "fail", share: 0.125 }],
  ] as const)
    assert.equal(wish(`ratings/2 ${typed} --for 500ms`), begin(fault, 500));
  assert.equal(wish("ratings/12 mute"), { ...begin({ kind: "mute" }), target: { ...target, instance: 12 } });
  const nested = wish("x/ratings/2 mute");
  assert.is("kind" in nested && nested.code, "bad-name");
  assert.equal(wish(""), { service: "ratings", target: undefined, order: { kind: "list" } });
  assert.equal(wish("greetings"), { service: "greetings", target: undefined, order: { kind: "list" } });
  assert.equal(wish("reset"), { service: "ratings", target: undefined, order: { kind: "reset" } });
  assert.equal(wish("reset greetings"), { service: "greetings", target: undefined, order: { kind: "reset" } });
  assert.equal(wish("reset ratings/2"), { service: "ratings", target, order: { kind: "reset" } });
});

test("what cannot be right is said, with what to type", () => {
  for (const line of [
    "ratings/2 pauze",
    "ratings/2 explode",
    "ratings/2",
    "ratings pause",
    "Ratings/2 pause",
    "health",
    "ratings/2 slow",
    "ratings/2 slow 300",
    "ratings/2 slow 61s",
    "ratings/2 fail 0.3",
    "ratings/2 fail 101%",
    "ratings/2 fail 0%",
    "ratings/2 pause 20s",
    "ratings/2 pause --for 11m",
    "ratings/2 pause --for 10ms",
    "ratings/2 pause --for soon",
    "ratings/2 kill --for 5s",
    "ratings/2 reset",
    "reset ratings/2 pause",
    "reset --for 5s",
    "ratings --for 5s",
    "ratings/2 slow 60001ms",
    "ratings/2 slow 0ms",
    "ratings/2 slow 1.5ms",
    "ratings/2 fail 0.5%",
    "ratings/2 fail 30%%",
    "ratings/2 pause --for 499ms",
    "ratings/2 mute 5",
    "ratings/2 kill now",
    "ratings/1234567 mute",
    "ratings/2/3 mute",
    "xratings/ mute",
    "Ratings",
    "reset Ratings",
  ])
    golden({ line, ...wish(line) });
});

test.run();
