import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nearest } from "../../../src/util/nearest.ts";

const test = suite("near misses");
const COMMANDS = ["create-org", "create-service", "status", "login", "logout", "revoke"];

test("a slip of the finger is understood, and so is the beginning of a word", () => {
  for (const [typed, meant] of [
    ["statsu", "status"],
    ["Status", "status"],
    ["creat-org", "create-org"],
    ["create_service", "create-service"],
    ["logut", "logout"],
    ["rev", "revoke"],
  ] as const) {
    assert.is(nearest(typed, COMMANDS), meant, typed);
  }
});

test("two letters swapped are one slip, in a short word too", () => {
  assert.is(nearest("slwo", ["pause", "slow", "fail"]), "slow");
  assert.is(nearest("lsow", ["pause", "slow", "fail"]), "slow");
  assert.is(nearest("wols", ["pause", "slow", "fail"]), undefined);
});

test("the nearest wins", () => {
  assert.is(nearest("logoout", COMMANDS), "logout");
  assert.is(nearest("lgin", COMMANDS), "login");
});

test("what is far from everything is like nothing", () => {
  for (const typed of ["", "x", "frobnicate", "xyz", "орг", "status".repeat(10_000)]) {
    assert.is(nearest(typed, COMMANDS), undefined, typed.slice(0, 20));
  }
});

test.run();
