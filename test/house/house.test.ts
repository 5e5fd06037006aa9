// The rules of the house that neither the compiler nor the linter can hold. `make check` runs them.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, normalize, sep } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { layerBreaks, loadedBy, packageOf } from "./layers.ts";

const test = suite("the house");

/** A file of code is read as a whole; a style sheet is looked up. */
const mostLines = (file: string): number => (file.endsWith(".css") ? 700 : 400);
const ROOMS = ["bin", "src", "test", "bench", "package", "examples", "tracing", ".ci"];
const LOOSE = [
  ..."Makefile README.md LICENSE CHANGELOG.md CONTRIBUTING.md package.json package-lock.json".split(" "),
  ..."tsconfig.json biome.json".split(" "),
];

const read = (file: string): string => readFileSync(join(repository, file), "utf8");
const lastLine = (file: string): string => read(file).trimEnd().split("\n").at(-1) ?? "";
const isThere = (file: string): boolean =>
  statSync(join(repository, file), { throwIfNoEntry: false })?.isFile() ?? false;
const files = [...ROOMS.flatMap(list), ...LOOSE].filter(isThere);
const sources = files.filter((file) => file.endsWith(".ts"));
/** Those of an example run in its own project. */
const tests = sources.filter((file) => file.endsWith(".test.ts") && !file.startsWith("examples/"));

function list(room: string): string[] {
  const entries = readdirSync(join(repository, room), { recursive: true, encoding: "utf8" });
  const paths = entries.map((entry) => join(room, entry).split(sep).join("/"));
  return paths.filter((path) => !/\/(node_modules|dist)\//.test(path));
}

/** Fails with every place that breaks a rule, not only the first. */
function nowhere(breaks: readonly string[], rule: string): void {
  assert.equal([...breaks], [], `${rule}: ${breaks.join(", ")}`);
}
const matching = (among: readonly string[], pattern: RegExp): string[] =>
  among.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );

test("no file is longer than a reader can hold", () => {
  // A document is read by its headings, data by machines: the limit is for what has to fit into one head at once.
  const written = files.filter((file) => !/\.(json|md|txt)$/.test(file));
  nowhere(
    written.filter((file) => read(file).split("\n").length > mostLines(file) + 1),
    "has more lines than that",
  );
});

test("each section of a golden file belongs to a test", () => {
  const sections = files
    .filter((file) => file.startsWith("test/golden/"))
    .flatMap((file) => [...read(file).matchAll(/^=== (.*?): /gm)].map(([, suiteName = ""]) => suiteName));
  const all = tests.map(read).join("");
  nowhere(
    [...new Set(sections)].filter((suiteName) => !all.includes(`"${suiteName}"`)),
    "is a suite that no test file has",
  );
});

test("the first line of a file names its thing, and asks no question", () => {
  const first = (file: string): string =>
    read(file)
      .split("\n")
      .find((line) => !/^(#!|\/\/ (takes: |alone$))/.test(line)) ?? "";
  nowhere(
    files.filter((file) => /^(\/\/|\/\*) (What|Who|Whose|Whether|When|How|Why)\b/.test(first(file))),
    "begins with a question word",
  );
});

test("nothing is left for later", () => {
  nowhere(
    matching(files, new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`)),
    "says later",
  );
});

test("every test file runs all its suites, and no test is left out", () => {
  const count = (file: string, pattern: RegExp): number => read(file).match(pattern)?.length ?? 0;
  nowhere(
    // The contract's suites are made by a function, once for each bus, and run where they are made.
    tests.filter((file) => !/^(\w+\.run\(\)|for \(const kind of kinds\) contract\(kind\));$/.test(lastLine(file))),
    "does not end with .run()",
  );
  nowhere(
    tests.filter(
      (file) =>
        count(file, /^(const|let) (\w+|\{ test, \w+ \}) = (suite|\w+Suite)\b/gm) !== count(file, /^\w+\.run\(\);$/gm),
    ),
    "has a suite that does not run",
  );
  nowhere(matching(tests, /^\s*\w+\.(only|skip)\(/), "leaves tests out");
});

test("no file knows the machine that it was written on", () => {
  const own = [repository, homedir()].filter((folder) => folder.length > 1);
  nowhere(
    files.filter((file) => own.some((folder) => read(file).includes(`${folder}/`))),
    "names a folder of this machine",
  );
  nowhere(
    matching(files, /(?<![\w.~-])\/(home|Users|root|work|workspace|builds?)\/\w/),
    "names a folder of some machine",
  );
});

test("the lock names no registry, so that everybody's own is asked", () => {
  nowhere(
    matching(
      ["", "bench/", "tracing/", "test/mutants/", "test/package/", "package/api/"].map(
        (folder) => `${folder}package-lock.json`,
      ),
      /"resolved"/,
    ),
    "names a host",
  );
});

/** They load what only those want who have set LOG_FORMAT, or OTEL_EXPORTER_OTLP_ENDPOINT. */
const LATE = ["src/program/log.ts", "src/program/tracing.ts"];

test("src loads nothing in a line, where neither the linter nor a reader would look", () => {
  nowhere(
    matching(
      sources.filter((file) => file.startsWith("src/") && !LATE.includes(file)),
      /\b(import|require)\(/,
    ),
    "loads in a line",
  );
});

test("no query is read by koa, which needs time by the square of its fields", () => {
  nowhere(
    matching(
      sources.filter((file) => file.startsWith("src/")),
      /\b(ctx|request)\.query\b/,
    ),
    "reads ctx.query: see valuesOf in src/market/web/core/target.ts",
  );
});

test("imports run down the layers, packages stay where they belong, and pure files call what is pure", () => {
  nowhere(layerBreaks(sources.map((file) => ({ file, text: read(file) }))), "goes against test/house/layers.ts");
});

test("the library loads the packages that its manifest names, and no others", () => {
  const { exports, dependencies, peerDependencies } = JSON.parse(read("package/package.json"));
  const texts = sources.map((file) => ({ file, text: read(file) }));
  const loaded = loadedBy(Object.values<string>(exports).map(normalize), texts);
  assert.ok(loaded.has("src/health/tracker.ts"));
  const packages = [...loaded].filter((path) => !/^(node:|src\/)/.test(path)).map(packageOf);
  assert.equal([...new Set(packages)].sort(), Object.keys({ ...dependencies, ...peerDependencies }).sort());
});

test("tools start without the NATS client, which takes longer to load than most answers take", () => {
  const texts = sources.map((file) => ({ file, text: read(file) }));
  const roots = ["src/protocol.ts", "src/dwc/cli/main.ts", "src/dwc/live/live-service.ts"];
  const loaded = loadedBy(roots, texts);
  assert.ok(loaded.has("src/health/heartbeat.ts"));
  assert.equal(
    ["nats", "src/service/index.ts", "src/connect/index.ts"].filter((one) => loaded.has(one)),
    [],
  );
});

test("what is typed can be run, and help names all of it", () => {
  const runnable = ["bin/prepare", "bin/dwc", "bin/prepare-packages", ".ci/run"];
  nowhere(
    runnable.filter((file) => (statSync(join(repository, file)).mode & 0o111) === 0),
    "has no run bit",
  );
  const targets = [...read("Makefile").matchAll(/^([A-Za-z-]+):(.*)$/gm)].filter(([, name]) => name !== "all");
  nowhere(
    targets.filter(([, , rest]) => !rest?.includes("## ")).map(([, name]) => `make ${name}`),
    "says nothing in make help",
  );
  const phony = /^\.PHONY: (.*)$/m.exec(read("Makefile"))?.[1]?.split(" ") ?? [];
  nowhere(
    targets.filter(([, name]) => !phony.includes(name ?? "")).map(([, name]) => `make ${name}`),
    "is not .PHONY: a file of that name would hide it",
  );
});

test.run();
