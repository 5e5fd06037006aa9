// takes: 15 s
// A short run of what `make fuzz` does at length: whatever is sent, typed or found in a file, reading it never throws.

import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fuzz, inWords } from "./fuzzing.ts";
import { must, target } from "./target.ts";

const test = suite("fuzzing");

const INPUTS = 12_000;
/** Always the same inputs: a test that fails now and then is no test. The long run takes others every time. */
const SEED = 20_160_218;

test("every rule holds for every input", async () => {
  const { tried, found } = await fuzz({ inputs: INPUTS, seed: SEED, print: () => {} });
  assert.is(found, undefined, found && inWords(found));
  assert.is(
    [...tried.values()].reduce((sum, count) => sum + count, 0),
    INPUTS,
  );
});

test("a reader that throws, is slow, or breaks a rule is found, and its input made small", () => {
  const throwing = target("throwing", fc.string(), (text) => void JSON.parse(`[${text}]`));
  assert.match(throwing.try(1000, 1)?.why ?? "", /SyntaxError/);
  const wrong = target("wrong", fc.nat(), (number) => must(number < 100, "it is small"));
  const found = wrong.try(1000, 1);
  assert.is(found?.input, "[100]");
  assert.match(found?.why ?? "", /does not hold: it is small/);
  assert.is(wrong.try(1, found?.seed ?? 0, found?.path)?.input, "[100]");
  const slow = target("slow", fc.constant(0), () => {
    const startedAt = performance.now();
    while (performance.now() - startedAt < 150);
  });
  assert.match(slow.try(1, 1)?.why ?? "", /took \d+ ms, 3 times in a row/);
  assert.is(target("good", fc.nat(), () => {}).try(1000, 1), undefined);
});

test.run();
