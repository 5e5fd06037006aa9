import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorCode, messageOf, stackOf } from "../../src/util/errors.ts";

const test = suite("errors");

test("a thrown value of any kind is a text", () => {
  assert.equal([new Error("no room"), "no room", 7, undefined].map(messageOf), [
    "no room",
    "no room",
    "7",
    "undefined",
  ]);
  assert.match(stackOf(new Error("no room")), /^Error: no room\n\s+at /);
  const bare = Object.assign(new Error("no room"), { stack: undefined });
  assert.equal([bare, "no room", null].map(stackOf), ["no room", "no room", "null"]);
});

test("only an error has a code", () => {
  assert.is(errorCode(Object.assign(new Error("no file"), { code: "ENOENT" })), "ENOENT");
  for (const error of [new Error("no code"), { code: "ENOENT" }, undefined]) assert.is(errorCode(error), undefined);
});

test.run();
