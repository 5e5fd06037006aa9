import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { contract, operation } from "../../src/connect/contract.ts";
import { bytes, nothing } from "../../src/connect/schema.ts";

const test = suite("contract");

const item = v.object({ sku: v.string() });

/** Values of plain JavaScript, which no compiler has checked. */
const plain = (value: unknown): never => value as never;

test("a contract names its operations, and what each allows", () => {
  const orders = contract("orders", {
    get: operation(item, v.number(), { idempotent: true }),
    reserve: operation(item, nothing, { timeoutMs: 250 }),
    picture: operation(item, bytes),
  });
  assert.is(orders.service, "orders");
  const shown = Object.entries(orders.operations).map(([name, { idempotent, timeoutMs }]) => [
    name,
    idempotent,
    timeoutMs,
  ]);
  assert.equal(shown, [
    ["get", true, undefined],
    ["reserve", false, 250],
    ["picture", false, undefined],
  ]);
  assert.is(orders.operations.get.input, item);
  assert.throws(() => Object.assign(orders.operations, { more: 1 }), TypeError);
});

test("undefined is the default of each option", () => {
  const { idempotent, timeoutMs } = operation(item, item, { idempotent: undefined, timeoutMs: undefined });
  assert.equal([idempotent, timeoutMs], [false, undefined]);
});

test("a wrong option is an error that names it and its rule", () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{ timeoutMs: 0 }, "timeoutMs 0 must be a number from 1 to 600000"],
    [{ timeoutMs: Number.NaN }, "timeoutMs NaN must be a number from 1 to 600000"],
    [{ timeoutMs: 600_001 }, "timeoutMs 600001 must be a number from 1 to 600000"],
    [{ timeoutMs: "1s" }, 'timeoutMs "1s" must be a number from 1 to 600000'],
    [{ idempotent: "yes" }, 'idempotent "yes" must be true or false'],
    [{ idempotnet: true }, 'an operation has no option "idempotnet": did you mean idempotent?'],
  ];
  for (const [options, message] of wrong)
    assert.throws(
      () => operation(item, item, plain(options)),
      (error: Error) => error.message === message,
      message,
    );
  assert.throws(
    () => operation(plain(String), item),
    "input is no schema: it must implement Standard Schema, version 1",
  );
  assert.throws(() => operation(item, plain(undefined)), "output is no schema");
});

test("a name that cannot be used is an error that names it and its rule", () => {
  const one = operation(item, item);
  for (const name of ["", "Orders", "orders.eu", "get", "a".repeat(65)])
    assert.throws(() => contract(name, { get: one }), "service name", name);
  for (const name of ["", "1st", "a.b", "a b", "*", "then", "käse", "a".repeat(65)])
    assert.throws(() => contract("orders", { [name]: one }), "service orders: operation name", name);
  for (const name of ["get", "Get", "reserveStock", "a-b_2", "a".repeat(64), "constructor"])
    assert.is(Object.keys(contract("orders", { [name]: one }).operations)[0], name);
});

test("a contract has 1 to 50 operations, and nothing but operations", () => {
  const one = operation(item, item);
  const many = (count: number): Record<string, typeof one> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`op${index}`, one]));
  assert.is(Object.keys(contract("orders", many(50)).operations).length, 50);
  assert.throws(() => contract("orders", many(51)), "service orders has 51 operations: it must have 1 to 50");
  assert.throws(() => contract("orders", {}), "service orders has 0 operations: it must have 1 to 50");
  for (const value of [undefined, null, item, {}, { input: item }])
    assert.throws(
      () => contract("orders", { get: plain(value) }),
      "service orders: get is no operation: write get: operation(input, output)",
    );
});

test("what is no name and no list of operations is an error that shows it", () => {
  const ops = { get: operation(item, item) };
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => contract(plain(null), ops), /^the name of a service null must be a text that is not empty$/],
    [() => contract(plain(true), ops), /^the name of a service true must be/],
    [() => contract("orders", plain(null)), /^operations null must be an object$/],
    [() => contract("orders", plain([])), /^operations \(a list\) must be an object$/],
  ];
  for (const [act, message] of wrong) assert.throws(act, message);
});

test.run();
