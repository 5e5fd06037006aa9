// shares: house
// The rules of biome.json and of the table of layers, each broken once: a line of a scratch project says which rule must
// refuse it, or that it is fine. A rule that was renamed, switched off or shadowed by a later override shows here.

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/repository.ts";
import { layerBreaks } from "./layers.ts";

const FINE = "fine";
const GLOBAL = "lint/style/noRestrictedGlobals";
const PROPERTY = "lint/nursery/noJsRestrictedProperties";
const CYCLE = "lint/suspicious/noImportCycles";
const LONG = "lint/complexity/noExcessiveLinesPerFunction";
const FLOATING = "lint/nursery/noFloatingPromises";
const MISUSED = "lint/nursery/noMisusedPromises";
const HELD = new Set([GLOBAL, PROPERTY, CYCLE, LONG, FLOATING, MISUSED]);

type Line = readonly [text: string, verdict: string];
const uses = (verdict: string, ...expressions: string[]): Line[] => expressions.map((text) => [`${text};`, verdict]);

const TIME = ["Date.now()", "new Date()", "performance.now()", "setTimeout(f)", "setInterval(f)", "setImmediate(f)"];
const ACTS = ["process.pid", "console.log()", "queueMicrotask(f)", "crypto.randomUUID()", "void fetch('')"];
const CLOCKLESS: readonly Line[] = [
  ...uses(GLOBAL, ...TIME, "globalThis.f"),
  ...uses(PROPERTY, "process.hrtime()", "process.uptime()", "AbortSignal.timeout(1)", "process.env.HOME"),
];
const EDGE: readonly Line[] = [...CLOCKLESS, ...uses(FINE, "process.pid", "console.log()", "Math.random()")];
const PURE: readonly Line[] = [...uses(GLOBAL, ...TIME, ...ACTS), ...uses(PROPERTY, "Math.random()")];

const longFunction = (lines: number): string => `export function long() {${"\n  f();".repeat(lines)}\n}`;

const PROJECT: Record<string, readonly Line[]> = {
  ...Object.fromEntries(
    [
      "src/settings.ts",
      "src/health/new.ts",
      "src/monitor/new.ts",
      "src/bus/core/new.ts",
      "src/dwc/commands/new.ts",
    ].map((file) => [file, PURE]),
  ),
  ...Object.fromEntries(
    ["src/bus/new.ts", "src/market/new.ts", "src/metrics/new.ts", "src/unnamed/new.ts"].map((file) => [file, EDGE]),
  ),
  "src/clock.ts": uses(FINE, ...TIME),
  "src/market/public/new.js": uses(FINE, "Date.now()", "setInterval(f)"),
  "bin/new.ts": [...uses(FINE, "process.env.HOME", "console.log()", "setTimeout(f)"), [longFunction(71), LONG]],
  "test/free.test.ts": uses(FINE, ...TIME, ...ACTS),
  "src/service/cycle-a.ts": [['import { b } from "./cycle-b.ts"; export const a = () => b;', CYCLE]],
  "src/service/cycle-b.ts": [['import { a } from "./cycle-a.ts"; export const b = () => a;', CYCLE]],
  "src/service/long.ts": [[longFunction(71), LONG]],
  "src/service/short.ts": [[longFunction(70), FINE]],
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

/** A file, an import in it, and whether the layers allow it. */
const IMPORTS: readonly (readonly [file: string, imported: string, isAllowed: boolean])[] = [
  ["src/health/new.ts", "../settings.ts", true],
  ["src/health/new.ts", "../bus/core/subjects.ts", false],
  ["src/health/new.ts", "node:fs", false],
  ["src/bus/new.ts", "../clock.ts", true],
  ["src/bus/new.ts", "../health/tracker.ts", false],
  ["src/bus/new.ts", "nats", false],
  ["src/bus/nats-new.ts", "nats/lib/nats-base-client/protocol.js", true],
  ["src/bus/core/new.ts", "../nats-bus.ts", false],
  ["src/bus/core/new.ts", "./subjects.ts", true],
  ["src/service/new.ts", "../bus/bus.ts", true],
  ["src/service/new.ts", "../market/shop/core/cart.ts", false],
  ["src/service/new.ts", "node:timers/promises", false],
  ["src/market/new.ts", "koa", true],
  ["src/market/new.ts", "express", false],
  ["src/market/new.ts", "../ratings/run-ratings.ts", false],
  ["src/market/new.ts", "../../test/support/until.ts", false],
  ["src/market/new.ts", "../connect/index.ts", true],
  ["src/market/new.ts", "../service/index.ts", true],
  ["src/market/new.ts", "../service/client.ts", false],
  ["src/market/new.ts", "../connect/client.ts", false],
  ["src/market/new.ts", "../bus/nats-bus.ts", false],
  ["src/market/new.ts", "../bus/server/embedded-server.ts", true],
  ["src/market/core/new.ts", "../../protocol.ts", true],
  ["src/market/core/new.ts", "../../connect/index.ts", false],
  ["src/ratings/new.ts", "../trace/spans.ts", true],
  ["src/ratings/new.ts", "../trace/core/trace.ts", false],
  ["src/ratings/new.ts", "../bus/server/embedded-server.ts", false],
  ["src/demo/new.ts", "../health/tracker.ts", false],
  ["src/tour/new.ts", "../faults/fault-client.ts", false],
  ["src/contracts/new.ts", "../connect/contract.ts", false],
  ["src/dwc/live/new.ts", "../../service/client.ts", false],
  ["src/dwc/identity/new.ts", "../../bus/core/credentials.ts", true],
  ["src/dwc/identity/new.ts", "../commands/table.ts", false],
  ["src/dwc/identity/new.ts", "@nats-io/nkeys", false],
  ["src/dwc/live/new.ts", "../identity/core/names.ts", true],
  ["src/unnamed/new.ts", "../settings.ts", false],
];

for (const [file, imported, isAllowed] of IMPORTS)
  test(`${file} ${isAllowed ? "may" : "must not"} import ${imported}`, () => {
    for (const text of [
      `import { a } from "${imported}";`,
      `import {\n  a,\n} from "${imported}";`,
      `export * from "${imported}";`,
    ])
      assert.is(layerBreaks([{ file, text }]).length, isAllowed ? 0 : 1, text);
  });

test("a pure file may name the types of one that acts", () => {
  const text = 'import type { NatsBus } from "../nats-bus.ts";';
  assert.equal(layerBreaks([{ file: "src/bus/core/new.ts", text }]), []);
});

test.run();
