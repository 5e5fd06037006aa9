// A test runner for Stryker. One process loads every test file once; for each mutant it runs the tests that reach it, one
// by one, until the first fails or does not come back. Stryker ends the process where a mutant never lets go of it.
//
// MUTANT_TESTS=^market leaves out the test files whose names do not match: a start in seconds, for work on one folder.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { declareClassPlugin, declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { determineHitLimitReached, toMutantRunResult } from "@stryker-mutator/api/test-runner";
import { prose } from "./prose.js";
import { loading, TESTS } from "./uvu-double.js";

const WANTED = new RegExp(process.env.MUTANT_TESTS ?? "");
const SUCCESS = 0;
const FAILED = 1;
/** A mutant can leave a test waiting for what never comes: it is given so much longer than it took before. */
const MIN_LIMIT_MS = 3_000;
const LIMIT_FACTOR = 10;
/** A test that never came back and still runs would slow down all that follow. */
const LOOK_FOR_MS = 50;
const BUSY_SHARE = 0.5;
/** So long after its result is out. */
const EXIT_AFTER_MS = 100;
const DRY_RUN_LIMIT_MS = 120_000;
const HANGS = "did not come back";
/** They judge the project's own files, most of which a copy lacks. */
const LEFT_OUT_FOLDERS = /^(house|chaos|screenshots)\b/;
/** They measure memory or time, or read the sources, so a copy of the code with counters in it fails them. */
const LEFT_OUT = new Set([
  "dwc/commands/cure-commands",
  "market/board/board-viewers",
  "market/request-cost",
  "health/flood",
]);

/** Duration of each test in the first run. A file holds it for a process that is started later. */
const TIMES = "test-times.json";
let times;

class UvuRunner {
  constructor() {
    this.global = globalThis.__stryker__ ??= {};
  }

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    register("./uvu-hook.js", import.meta.url);
    // A test that ends early must not take along a rejection of the mutant's.
    process.on("unhandledRejection", () => undefined);
    process.on("uncaughtException", () => undefined);
  }

  async dryRun() {
    await this.#load();
    const tests = await this.#run(TESTS, { bail: false });
    writeFileSync(TIMES, JSON.stringify(Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))));
    return { status: "complete", tests, mutantCoverage: this.global.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    this.global.hitLimit = hitLimit;
    this.global.hitCount = hitLimit === undefined ? undefined : 0;
    if (mutantActivation === "static") this.global.activeMutant = activeMutant.id;
    await this.#load();
    this.global.activeMutant = activeMutant.id;
    const wanted = testFilter && new Set(testFilter);
    const tests = await this.#run(quickestFirst(wanted ? TESTS.filter(({ id }) => wanted.has(id)) : TESTS), {
      bail: true,
    });
    const result = determineHitLimitReached(this.global.hitCount, hitLimit) ?? { status: "complete", tests };
    return toMutantRunResult(result);
  }

  async #load() {
    if (TESTS.length > 0) return;
    const root = join(process.cwd(), "dist", "test");
    const { ProcessSharing } = await import(pathToFileURL(join(root, "runner", "shares-process.js")).href);
    const sharing = new ProcessSharing();
    const names = readdirSync(root, { recursive: true })
      .filter((name) => name.endsWith(".test.js"))
      .sort();
    for (const left of LEFT_OUT)
      if (!names.includes(`${left}.test.js`))
        throw new Error(`uvu-plugin.js leaves out ${left}, which no test file is`);
    for (const name of names) {
      const file = join(root, name);
      if (!WANTED.test(name)) continue;
      if (
        LEFT_OUT_FOLDERS.test(name) ||
        LEFT_OUT.has(name.slice(0, -".test.js".length)) ||
        sharing.of(file) !== "no process"
      )
        continue;
      loading.file = name;
      await import(pathToFileURL(file).href);
    }
  }

  async #run(tests, { bail }) {
    const results = [];
    for (const { id, name, file, run } of tests) {
      this.global.currentTestId = id;
      const startedAt = performance.now();
      const failureMessage = await failureOf(run, bail ? limitOf(id) : DRY_RUN_LIMIT_MS);
      const result = { id, name, fileName: file, timeSpentMs: performance.now() - startedAt };
      results.push(
        failureMessage === undefined ? { ...result, status: SUCCESS } : { ...result, status: FAILED, failureMessage },
      );
      if (!bail || failureMessage === undefined) continue;
      if (failureMessage === HANGS) await endIfBusy();
      break;
    }
    return results;
  }
}

/** Most mutants are caught by a test of a millisecond, and need no test of a second. */
function quickestFirst(tests) {
  return tests.toSorted((one, other) => timeOf(one.id) - timeOf(other.id));
}

function timeOf(id) {
  times ??= existsSync(TIMES) ? JSON.parse(readFileSync(TIMES, "utf8")) : {};
  return times[id] ?? 0;
}

const limitOf = (id) => Math.max(MIN_LIMIT_MS, LIMIT_FACTOR * timeOf(id));

async function failureOf(run, limitMs) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(HANGS), limitMs);
  });
  try {
    return await Promise.race([run().then(() => undefined), late]);
  } catch (error) {
    return String(error?.message ?? error) || "failed";
  } finally {
    clearTimeout(timer);
  }
}

/** Stryker starts another process, and gives that the next mutant. */
async function endIfBusy() {
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, LOOK_FOR_MS));
  if (performance.eventLoopUtilization(before).utilization < BUSY_SHARE) return;
  setTimeout(() => process.exit(1), EXIT_AFTER_MS);
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, "uvu", UvuRunner),
  declareValuePlugin(PluginKind.Ignore, "prose", prose),
];
