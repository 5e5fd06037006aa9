// Token patches: formatting by a compiler and renamed identifiers make no difference.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { matches, replaced, tokens } from "./token-patch.ts";

const test = suite("patches by token");

function patched(text: string, from: string, to: string): string {
  const [match, second] = matches(from, text);
  assert.is(second, undefined, "once");
  return match === undefined ? "none" : replaced(text, match, to);
}

test("white space, comments and line ends mean nothing", () => {
  assert.is(
    patched("a();\n  if (x) // why\n    return 1;\nb();", "if(x)return 1;", "return 2;"),
    "a();\n  return 2;\nb();",
  );
  assert.is(patched("const a = /* b */ c;", "const a = c;", ""), "");
});

test("a word with $ stands for any name, and for the same one wherever it stands", () => {
  assert.is(
    patched("if (sent !== row.epoch) stop(row);", "if ($a !== $b.$c) stop($b);", "$a = $b.$c;"),
    "sent = row.epoch;",
  );
  assert.is(patched("if (sent !== row.epoch) stop(other);", "if ($a !== $b.$c) stop($b);", ""), "none");
  assert.is(patched("return this.#rules.delay;", "this.$rules.$delay", "this.$rules.none"), "return this.#rules.none;");
});

test("it stands for no keyword, no number and no text", () => {
  for (const text of ["f(this)", "f(1)", 'f("a")', "f(undefined)"]) assert.equal(matches("f($a)", text), [], text);
});

test("texts and patterns are one token each", () => {
  const texts = (code: string): readonly string[] => tokens(code).map(({ text }) => text);
  assert.equal(texts('a("b // c", `d, e`)'), ["a", "(", '"b // c"', ",", "`d, e`", ")"]);
  assert.equal(texts('a.replace(/[/"]/g, b) / c'), ["a", ".", "replace", "(", '/[/"]/g', ",", "b", ")", "/", "c"]);
});

test("every place is found", () => {
  assert.is(matches("$a + 1", "x + 1; y + 1; z + 2").length, 2);
});

test.run();
