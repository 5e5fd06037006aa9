// Words that must not come back. Each stood for several things, or for a thing that the field has a word for.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";

const test = suite("words");

/** Every folder with code, and every page. */
const PLAIN = [
  "src",
  "bin",
  "bench",
  "tracing",
  "test",
  "examples",
  "docs",
  "README.md",
  "CONTRIBUTING.md",
  "package/README.md",
];

/** This file names the words. */
const EXCLUDED = "test/house/words.test.ts";

/** Each word, and the words to use instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(told|tells?|untold)\b/i, "report, log, emit, notify, publish, send or return"],
  [/\b(hears?|heard|hearing|deaf)\b/i, "receive, subscribe, interrupted"],
  [/\b(nobody|somebody|anybody|whoever|whom)\b/i, "the noun: caller, instance, Market, server, client, no responders"],
  [/\banew\b/i, "again, restart"],
  [/\bstrangers?\b/i, "unproven instance, newcomer, outsider, unknown key"],
  [/\bnonsense\b/i, "invalid answer"],
  [/\busual\b/i, "default"],
  [/\b(befalls?|befell|reckons?|deeds?|henceforth)\b/i, "a word of today"],
  [/\b(MOST|LONGEST|LARGEST|HIGHEST|WIDEST|TALLEST)_/, "MAX_"],
  [/\b(LEAST|SHORTEST)_/, "MIN_"],
  [/\bUSUAL_/, "DEFAULT_"],
  [/_WITHIN_MS\b/, "_TIMEOUT_MS"],
];

interface Found {
  readonly place: string;
  readonly word: string;
  readonly instead: string;
}

function wordsIn(name: string, text: string): readonly Found[] {
  return text.split("\n").flatMap((line, index) =>
    WORDS.flatMap(([pattern, instead]) => {
      const [word] = pattern.exec(line) ?? [];
      return word === undefined ? [] : [{ place: `${name}:${index + 1}`, word, instead }];
    }),
  );
}

const filesAt = (place: string): readonly string[] =>
  /\.(md|ts)$/.test(place)
    ? [place]
    : readdirSync(join(repository, place), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.(js|md|ts)$/.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
        .map((file) => `${place}/${file}`)
        .filter((file) => file !== EXCLUDED);

for (const place of PLAIN)
  test(`${place} says it in the field's words`, () => {
    const found = filesAt(place).flatMap((file) => wordsIn(file, readFileSync(join(repository, file), "utf8")));
    const lines = found.map(({ place, word, instead }) => `${place} says "${word}": say ${instead}`);
    assert.equal(lines, [], `\n${lines.join("\n")}`);
  });

test("scripts of pages, bench and mutants are read, and no package of others", () => {
  const read = ["src/market", "bench", "test/mutants"].flatMap(filesAt);
  for (const script of ["src/market/public/board.js", "bench/lib/calls.js", "test/mutants/prose.js"])
    assert.ok(read.includes(script), script);
  assert.not.ok(read.some((file) => file.includes("/node_modules/")));
});

test("a word of the list is found, in a name as well", () => {
  const wordsOf = (text: string): readonly string[] => wordsIn("a.ts", text).map(({ word }) => word);
  assert.equal(wordsOf("// Whoever hears of it.\nconst MOST_ROWS = 3;\n"), ["hears", "Whoever", "MOST_"]);
  assert.equal(wordsOf("const PROBE_WITHIN_MS = 3; // as usual"), ["usual", "_WITHIN_MS"]);
  assert.equal(wordsOf("for the most part, at the latest"), []);
});

test.run();
