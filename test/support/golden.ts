// Prose in golden files. test/golden/NAME.txt holds the output of a command or a part, with a section for each test. A
// test compares with its section, value by value; a value repeated in a row is stored once. UPDATE=1 rewrites the
// sections of the suites that run, so a changed word changes a golden file and no test.

import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "./repository.ts";

const FOLDER = join(repository, "test/golden");
const HEADING = "=== ";
/** Rewriting a file takes a few milliseconds: a lock that is older was left by a test that was killed. */
const LOCK_TIMEOUT_MS = 10_000;
const BETWEEN = "\n---\n";
/** Patterns of values that differ from run to run, and the word that replaces each. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\(at [^)\n]*\)+/g, "(at PLACE)"],
  [/TEMPORARY(\/[\w-]+-\w{6}(?!\w))?/g, "FOLDER"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME"],
  [/(-p |PORT=|(?<!"):|port )\d{4,5}\b(?!-)/g, "$1PORT"],
  [/\b[A-Z2-7]{10}\b(?=[\]\s/]|$)/gm, "ORG"],
  [/√ fine {6}(Node|nats-server) .*/g, "√ fine      $1 VERSION"],
  [/(√ fine {6}\w+: )\d+ calls? in the last minute.*/g, "$1CALLS in the last minute"],
  [/\bdwc1\.\S+/g, "CODE"],
  [/\bpid \d+/g, "pid PID"],
  [/\b(\d+)-[\w-]{12}(?![\w-])/g, "$1-INCARNATION"],
  [/\b[OAUNX][A-Z2-7]{55}\b/g, "KEY"],
  [/\b[0-9a-f]{32}\b/g, "ID"],
];

type Sections = Map<string, readonly string[]>;

/**
 * What a test of `test` calls with a value that holds prose.
 * @param name of the golden file; suites may share one
 */
export function goldenOf(test: Pick<Test, "after" | "before">, name: string): (value: unknown) => void {
  const file = join(FOLDER, `${name}.txt`);
  const update = process.env["UPDATE"] === "1";
  const kept = readSections(file);
  const said: Sections = new Map();
  let section = "";
  test.before.each((context) => {
    const { __suite__, __test__ } = context as unknown as { readonly __suite__: string; readonly __test__: string };
    section = `${__suite__}: ${__test__}`;
    said.set(section, []);
  });
  test.after(() => (update ? rewrite(file, said) : failWhereLess(name, said, kept)));
  return (value) => {
    const place = said.get(section) ?? [];
    const text = normal(value);
    if (text === place.at(-1)) return;
    said.set(section, [...place, text]);
    if (update) return;
    const expected = kept.get(section)?.[place.length] ?? "(nothing: UPDATE=1 writes it)";
    assert.fixture(text, expected, `test/golden/${name}.txt has another text for "${section}"; UPDATE=1 rewrites it`);
  };
}

/** A test that compares less than before holds less. The process fails for it: uvu drops its report when a hook throws. */
function failWhereLess(name: string, said: Sections, kept: Sections): void {
  const less = [...said].filter(([section, values]) => values.length < (kept.get(section)?.length ?? 0));
  for (const [section] of less)
    console.error(`test/golden/${name}.txt has more values for "${section}"; UPDATE=1 takes them out`);
  if (less.length > 0)
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
}

export function normal(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value, undefined, 1) ?? "undefined");
  const start = text.replaceAll(tmpdir(), "TEMPORARY");
  return VARYING.reduce((left, [pattern, instead]) => left.replace(pattern, instead), start)
    .replace(/[ \t]+$/gm, "")
    .trimEnd();
}

function readSections(file: string): Sections {
  const parts = readIfThere(file)
    .split(new RegExp(`^${HEADING}`, "m"))
    .slice(1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [
        part.slice(0, end),
        part
          .slice(end + 1)
          .replace(/\n+$/, "")
          .split(BETWEEN),
      ];
    }),
  );
}

/** Sections of the suites that ran are replaced as a whole, so that outdated texts go. */
function rewrite(file: string, said: Sections): void {
  const suites = new Set([...said.keys()].map(suiteOf));
  mkdirSync(dirname(file), { recursive: true });
  locked(`${file}.lock`, () => {
    const others = [...readSections(file)].filter(([section]) => !suites.has(suiteOf(section)));
    const all = [...others, ...said]
      .filter(([, values]) => values.length > 0)
      .sort(([a], [b]) => Number(a > b) - Number(a < b));
    const text = all.map(([section, values]) => `${HEADING}${section}\n${values.join(BETWEEN)}\n`).join("\n");
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  });
}

const suiteOf = (section: string): string => section.slice(0, section.indexOf(": "));

/** Test files run two at a time, and may share a golden file. */
function locked(lock: string, work: () => void): void {
  const until = performance.now() + LOCK_TIMEOUT_MS;
  while (!isTaken(lock)) {
    if (performance.now() > until) throw new Error(`${lock} has been there for long: delete it if no tests run`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isTaken(lock: string): boolean {
  try {
    closeSync(openSync(lock, "wx"));
    return true;
  } catch {
    return false;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
