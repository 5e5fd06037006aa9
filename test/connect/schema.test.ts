import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { bytes, isSchema, nothing, type Schema, validate } from "../../src/connect/schema.ts";
import type { Validated } from "../../src/service/outcome.ts";

const test = suite("schema");

const order = v.object({ items: v.array(v.object({ sku: v.string(), "unit price": v.number() })) });

const schemaWith = (issues: readonly object[]): Schema =>
  ({ "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } }) as unknown as Schema;

test("a value that fits comes back as the schema made it", () => {
  const trimmed = v.pipe(v.string(), v.trim());
  assert.equal(validate(trimmed, " tea "), { kind: "valid", value: "tea" });
  assert.equal(validate(order, { items: [], more: 1 }), { kind: "valid", value: { items: [] } });
});

test("each problem has the path of its value, as JavaScript writes it", () => {
  const result = validate(order, { items: [{ sku: 7, "unit price": "1" }] }) as Validated;
  assert.equal(result.kind === "invalid" && result.problems.map((problem) => problem.split(": ")[0]), [
    "items[0].sku",
    'items[0]["unit price"]',
  ]);
  const keys = schemaWith([
    { message: "no", path: [{ key: "a" }, { key: 0 }, Symbol("s"), "ü"] },
    { message: "alone" },
    { message: "empty", path: [] },
  ]);
  assert.equal(validate(keys, 1), { kind: "invalid", problems: ["a[0][Symbol(s)].ü: no", "alone", "empty"] });
});

test("lists of issues and paths may be of a class of their own, as arktype's are", () => {
  class List extends Array<string> {
    constructor(...items: readonly string[]) {
      super();
      this.push(...items);
    }
  }
  const root = schemaWith([{ message: "is unknown", path: new List() }]);
  assert.equal(validate(root, 1), { kind: "invalid", problems: ["is unknown"] });
  const inner = schemaWith([{ message: "is unknown", path: new List("a", "b") }]);
  assert.equal(validate(inner, 1), { kind: "invalid", problems: ["a.b: is unknown"] });
});

test("of many problems ten are named, and the others counted", () => {
  const many = (count: number): unknown =>
    validate(schemaWith(Array.from({ length: count }, (_, index) => ({ message: `p${index}` }))), 1);
  const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);
  assert.equal(many(10), { kind: "invalid", problems: ten });
  assert.equal(many(13), { kind: "invalid", problems: [...ten, "and 3 more"] });
});

test("an asynchronous schema gets a promise; others none", async () => {
  const known = v.pipeAsync(
    v.string(),
    v.checkAsync(async (sku) => sku === "tea", "is unknown"),
  );
  const result = validate(known, "tea");
  assert.instance(result, Promise);
  assert.equal(await result, { kind: "valid", value: "tea" });
  assert.equal(await validate(known, "ham"), { kind: "invalid", problems: ["is unknown"] });
  assert.not.instance(validate(order, {}), Promise);
});

test("a schema that throws or rejects is a bug, and is seen as one", async () => {
  const broken = (act: () => never | Promise<never>): Schema =>
    ({ "~standard": { version: 1, vendor: "test", validate: act } }) as Schema;
  assert.throws(
    () =>
      validate(
        broken(() => {
          throw new Error("broken");
        }),
        1,
      ),
    "broken",
  );
  const rejected = Promise.resolve(
    validate(
      broken(() => Promise.reject(new Error("later"))),
      1,
    ),
  ).then(
    () => "valid",
    (error: Error) => error.message,
  );
  assert.is(await rejected, "later");
});

test("bytes are bytes, and nothing is undefined", () => {
  const data = Uint8Array.of(1, 2);
  assert.equal(validate(bytes, data), { kind: "valid", value: data });
  for (const value of [[1, 2], "12", undefined, new ArrayBuffer(2)])
    assert.equal(validate(bytes, value), { kind: "invalid", problems: ["must be bytes (a Uint8Array)"] });
  assert.equal(validate(nothing, undefined), { kind: "valid", value: undefined });
  assert.equal(validate(nothing, null), { kind: "invalid", problems: ["must be absent"] });
});

test("only what implements version 1 is a schema", () => {
  for (const schema of [order, bytes, v.pipeAsync(v.string())]) assert.ok(isSchema(schema));
  const callable = Object.assign(() => true, { "~standard": order["~standard"] });
  assert.ok(isSchema(callable));
  for (const value of [
    undefined,
    null,
    {},
    "",
    () => true,
    { "~standard": null },
    { "~standard": { version: 2, validate: () => ({ value: 1 }) } },
    { "~standard": { version: 1 } },
  ])
    assert.not.ok(isSchema(value));
});

test.run();
