import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fieldsOf, isIntegerIn, isJsonObject, parseJson } from "../../src/util/json.ts";

const test = suite("json");

test("text that is not JSON is undefined, and null stays null", () => {
  assert.equal(parseJson('{"a":[1]}'), { a: [1] });
  assert.is(parseJson("null"), null);
  for (const text of ["", "{", "undefined", "[".repeat(100_000)]) assert.is(parseJson(text), undefined);
});

test("every value has fields, and most have none", () => {
  assert.is(fieldsOf({ a: 1 })["a"], 1);
  for (const value of [undefined, null, 7, "text", [], true]) assert.is(fieldsOf(value)["a"], undefined);
});

test("a list and null are no objects of JSON", () => {
  assert.ok(isJsonObject({}));
  for (const value of [null, [], "{}", 7, undefined]) assert.not.ok(isJsonObject(value));
});

test("a whole number lies in a range that includes both ends", () => {
  for (const value of [1, 2, 9]) assert.ok(isIntegerIn(value, 1, 9), String(value));
  for (const value of [0, 10, 1.5, "2", Number.NaN, null, 2 ** 60])
    assert.not.ok(isIntegerIn(value, 1, 9), String(value));
  assert.not.ok(isIntegerIn(2 ** 60, 1, Number.POSITIVE_INFINITY));
});

test.run();
