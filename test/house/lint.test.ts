// The rules that biome.json holds, each broken once: a line of a scratch project says what must be refused, or that it
// is fine. A rule that was renamed, switched off or shadowed by a later override shows here and not in a year.

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/toolbox.ts";

const FINE = "fine";
const IMPORT = "lint/style/noRestrictedImports";
const GLOBAL = "lint/style/noRestrictedGlobals";
const PROPERTY = "lint/nursery/noJsRestrictedProperties";
const CYCLE = "lint/suspicious/noImportCycles";
const LONG = "lint/complexity/noExcessiveLinesPerFunction";
const FLOATING = "lint/nursery/noFloatingPromises";
const MISUSED = "lint/nursery/noMisusedPromises";
const HELD = new Set([IMPORT, GLOBAL, PROPERTY, CYCLE, LONG, FLOATING, MISUSED]);

type Line = readonly [text: string, verdict: string];
const imports = (verdict: string, ...paths: string[]): Line[] => paths.map((path) => [`import "${path}";`, verdict]);
const uses = (verdict: string, ...expressions: string[]): Line[] => expressions.map((text) => [`${text};`, verdict]);

const TIME = ["Date.now()", "new Date()", "performance.now()", "setTimeout(f)", "setInterval(f)", "setImmediate(f)"];
const TIMERS = ["node:timers", "node:timers/promises", "node:perf_hooks"];
const ACTS = [
  "process.pid",
  "console.log()",
  "queueMicrotask(f)",
  "crypto.randomUUID()",
  "void fetch('')",
  "globalThis.f",
];
const LEAVES = ["../settings.ts", "../clock.ts"];
const NODE = ["node:fs", "node:fs/promises"];
const TOKENS = ["@nats-io/jwt", "@nats-io/nkeys"];
const WEB = ["koa", "koa-views", "@koa/router", "@koa/bodyparser", "nunjucks", "mnemonist"];
const OUTSIDE = ["../../bin/market.ts", "../../test/support/terminal.ts", "#root/bin/market.ts", "express"];
const PROGRAMS = ["market", "ratings", "dwc"];

/** A room: what it may import, and what it may not. Every room of src is clockless. */
const room = (may: readonly string[], mayNot: readonly string[]): Line[] => [
  ...imports(FINE, "./own.ts", ...may),
  ...imports(IMPORT, ...mayNot, ...OUTSIDE, ...TIMERS),
  ...uses(GLOBAL, ...TIME),
  ...uses(PROPERTY, "process.hrtime()", "process.uptime()", "AbortSignal.timeout(1)", "process.env.HOME"),
];
const program = (name: string): Line[] =>
  room(
    [
      "../sight/sight.ts",
      "../service/client.ts",
      "../bus/bus.ts",
      "../health/tracker.ts",
      ...LEAVES,
      ...NODE,
      ...(name === "market" ? WEB : []),
    ],
    [
      ...PROGRAMS.filter((other) => other !== name).map((other) => `../${other}/x.ts`),
      "nats",
      ...(name === "market" ? [] : WEB),
    ],
  );
const pure: Line[] = [
  ...imports(IMPORT, ...NODE, "nats", "koa", "../clock.ts"),
  ...uses(GLOBAL, ...TIME, ...ACTS),
  ...uses(PROPERTY, "Math.random()"),
  ['export const late = () => import("node:fs");', IMPORT],
];

/** The pure files, from the one place that lists them: the override that takes console away. */
const configuration = JSON.parse(readFileSync(join(repository, "biome.json"), "utf8"));
const pureFiles: string[] = configuration.overrides.find(
  (one: {
    linter: { rules: { style?: { noRestrictedGlobals?: { options?: { deniedGlobals?: { console?: string } } } } } };
  }) => one.linter.rules.style?.noRestrictedGlobals?.options?.deniedGlobals?.console !== undefined,
).includes;

const longFunction = (lines: number): string => `export function long() {${"\n  f();".repeat(lines)}\n}`;

const PROJECT: Record<string, readonly Line[]> = {
  ...Object.fromEntries(pureFiles.map((file) => [file.replace("**", "pure.ts"), pure])),
  "src/health/tracker.ts": [
    ...imports(FINE, "./own.ts", "../settings.ts"),
    ...imports(IMPORT, "../bus/bus.ts", "../bus/subjects.ts", "../service/client.ts", "../market/lines.ts", ...OUTSIDE),
  ],
  "src/clock.ts": [
    ...uses(FINE, ...TIME),
    ...imports(FINE, "node:perf_hooks"),
    ...imports(IMPORT, "./settings.ts", "./bus/bus.ts", "node:fs"),
  ],
  "src/bus/embedded.ts": room(
    [...LEAVES, ...NODE],
    ["../health/tracker.ts", "../service/client.ts", "../market/x.ts", "nats", ...WEB],
  ),
  "src/bus/nats-bus.ts": room([...LEAVES, ...NODE, "nats"], ["../health/tracker.ts", "../service/client.ts", ...WEB]),
  "src/service/client.ts": room(
    ["../bus/bus.ts", "../health/tracker.ts", "../trace/trace.ts", ...LEAVES, ...NODE],
    ["@opentelemetry/api", ...PROGRAMS.map((name) => `../${name}/x.ts`), "nats", ...WEB],
  ),
  "src/program/tracing.ts": room(
    ["../trace/trace.ts", ...LEAVES, ...NODE, "pino", "@opentelemetry/api"],
    [...PROGRAMS.map((name) => `../${name}/x.ts`), "../service/client.ts", "nats", ...WEB],
  ),
  "src/trace/spans.ts": room(
    ["@opentelemetry/api"],
    ["../program/log.ts", "../service/client.ts", "../market/x.ts", "nats", "pino", ...LEAVES, ...NODE, ...WEB],
  ),
  "src/trace/another.ts": imports(IMPORT, "@opentelemetry/api", "../settings.ts"),
  "src/sight/exposition.ts": room(
    ["../service/client.ts", "../bus/bus.ts", "../health/tracker.ts", ...LEAVES, "prom-client"],
    [...PROGRAMS.map((name) => `../${name}/x.ts`), "nats", ...WEB],
  ),
  "src/market/public/board.js": [
    ...imports(IMPORT, "../app.ts", "./other.js", "koa"),
    ...uses(FINE, "Date.now()", "setInterval(f)"),
  ],
  ...Object.fromEntries(PROGRAMS.map((name) => [`src/${name}/main.ts`, program(name)])),
  "src/dwc/identity/derived.ts": room(
    ["../../bus/bus.ts", "../../settings.ts", "../../clock.ts", ...NODE],
    ["../commands.ts", "../../market/x.ts", "../../service/client.ts", "nats", ...TOKENS, ...WEB],
  ),
  "src/dwc/identity/mint.ts": room(TOKENS, ["../../bus/bus.ts", "nats", ...NODE]),
  "src/unnamed/new.ts": imports(IMPORT, "./own.ts", "../settings.ts", "node:fs"),
  "src/loose.ts": imports(IMPORT, "./settings.ts"),
  "bin/market.ts": [
    ...imports(FINE, "../src/market/main.ts", "../src/settings.ts", "node:fs"),
    ...imports(IMPORT, "../test/support/terminal.ts", "nats", "koa", "mnemonist"),
    ...uses(FINE, "process.env.HOME", "console.log()", "setTimeout(f)"),
  ],
  "test/free.test.ts": [...imports(FINE, "../src/bus/nats-bus.ts", "nats", "node:fs"), ...uses(FINE, ...TIME, ...ACTS)],
  "src/service/cycle-a.ts": [['import { b } from "./cycle-b.ts"; export const a = () => b;', CYCLE]],
  "src/service/cycle-b.ts": [['import { a } from "./cycle-a.ts"; export const b = () => a;', CYCLE]],
  "src/service/long.ts": [[longFunction(71), LONG]],
  "src/service/short.ts": [[longFunction(70), FINE]],
  "bin/long.ts": [[longFunction(71), LONG]],
  "test/long.test.ts": [[longFunction(101), LONG]],
  "src/service/promises.ts": [
    ["export async function go(): Promise<number> { return 1; }", FINE],
    ["export function forget(): void { go(); }", FLOATING],
    ["export function mean(): void { void go(); }", FINE],
    ["export function confuse(): number { return go() ? 1 : 2; }", MISUSED],
    ["export function scatter(): void { [1].forEach(async () => { await go(); }); }", MISUSED],
  ],
  "test/promises.test.ts": [["export async function go(): Promise<number> { return 1; }\ngo();", FLOATING]],
};

interface Report {
  readonly diagnostics: readonly { category: string; location: { path: string; start: { line: number } } }[];
}

/** One run of the linter over the whole scratch project. */
async function lint(): Promise<Map<string, Set<string>>> {
  const folder = mkdtempSync(join(tmpdir(), "lint-"));
  copyFileSync(join(repository, "biome.json"), join(folder, "biome.json"));
  for (const [file, lines] of Object.entries(PROJECT)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${lines.map(([text]) => text).join("\n")}\n`);
  }
  const biome = join(repository, "node_modules/.bin/biome");
  const args = ["lint", "--reporter=json", "--max-diagnostics=none"];
  // It exits 1, as it is meant to find something: what it printed is what counts.
  const { stdout } = await promisify(execFile)(biome, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stdout: string }) => error,
  );
  rmSync(folder, { recursive: true });
  const found = new Map<string, Set<string>>();
  for (const { category, location } of (JSON.parse(stdout) as Report).diagnostics) {
    const place = `${location.path}:${location.start.line}`;
    if (HELD.has(category)) found.set(place, (found.get(place) ?? new Set()).add(category));
  }
  return found;
}

const test = suite("biome.json");
const found = await lint();

for (const [file, lines] of Object.entries(PROJECT)) {
  test(`holds its rules in ${file}`, () => {
    let at = 1;
    for (const [text, verdict] of lines) {
      const span = text.split("\n").length;
      const places = Array.from({ length: span }, (_, index) => `${file}:${at + index}`);
      // The scratch files import each other in every direction: a cycle among them means something only where asked for.
      const rules = places.flatMap((place) =>
        [...(found.get(place) ?? [])].filter((rule) => rule !== CYCLE || verdict === CYCLE),
      );
      assert.equal(rules, verdict === FINE ? [] : [verdict], `${file}: ${text.slice(0, 80)}`);
      at += span;
    }
  });
}

test("names every pure file of the design", () => {
  const expected = [
    ...["src/settings.ts", "src/health/**", "src/bus/subjects.ts", "src/service/backlog.ts", "src/ratings/ratings.ts"],
    ...["cart", "lines", "rating-store", "same-origin"].map((name) => `src/market/${name}.ts`),
  ];
  for (const file of expected) assert.ok(pureFiles.includes(file), file);
});

test.run();
