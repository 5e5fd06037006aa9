// The share of mutants that the simulation catches: a sample of those that StrykerJS makes of the compiled code of
// src/health and src/service. Each is alone in a copy of that code, where days are simulated until a property breaks.
//
//   make mutants SIM=80             so many, drawn with SEED=1; UPDATE=1 writes test/mutants/sim-scores.json
//   make mutants SIM=80 DAYS=1000   for a thousand days, not 200; SEED=7 draws others
//   make mutants SIM=80 FOLDER=service/client   of the files whose path holds that word

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { MutantBuild } from "../../dist/test/sim/mutant-build.js";
import { SeededRandom } from "../../dist/test/support/seeded-random.js";
import { cut, squeezed } from "./mutant-text.js";
import { prose } from "./prose.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const DIST = at("../../dist/src");
const LEFT_OUT = JSON.parse(readFileSync(at("left-out.json"), "utf8"));
const SCORES = at("sim-scores.json");
const FOLDERS = ["health", "service"];
/** Half of the mutants have to be caught. */
const MIN_SHARE = 0.5;
/** A mutant that ends no day any more, or takes all of the memory, is caught as well. */
const STUCK_MS = 20_000;
const DEFAULT_DAYS = 200;

const [count = "", seed = "", days = "", word = "", keep = ""] = process.argv.slice(2);
const wanted = {
  count: number("SIM", count, 80),
  seed: number("SEED", seed, 1),
  days: number("DAYS", days, DEFAULT_DAYS),
};

const mutants = await allMutants();
const sample = drawn(mutants, wanted.count, new SeededRandom(wanted.seed));
console.log(`mutants: ${sample.length} of ${mutants.length}, each for at most ${wanted.days} days`);
const copy = new MutantBuild();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    copy.remove();
    process.exit(130);
  });
const results = [];
try {
  for (const mutant of sample) {
    const caughtBy = await copy.withText(mutant.file, mutant.text, () => caught(copy, wanted.days));
    results.push({ ...mutant, caughtBy });
    if (caughtBy === undefined) console.log(`${mutant.file}:${mutant.line}\n  - ${mutant.from}\n  + ${mutant.to}`);
  }
} finally {
  copy.remove();
}
const scores = Object.fromEntries(FOLDERS.map((folder) => [folder, scoreOf(results, folder)]));
for (const [folder, { caught: those, tried }] of Object.entries(scores))
  console.log(`mutants: ${folder.padEnd(8)} ${those} of ${tried} caught (${percent(those, tried)} %)`);
const all = scoreOf(results, "");
console.log(`mutants: ${all.caught} of ${all.tried} caught (${percent(all.caught, all.tried)} %)`);
if (keep !== "") writeFileSync(SCORES, `${JSON.stringify({ ...wanted, ...scores }, null, 2)}\n`);
process.exit(all.caught >= MIN_SHARE * all.tried ? 0 : 1);

async function allMutants() {
  const silent = () => undefined;
  const logger = { debug: silent, info: silent, warn: silent, isDebugEnabled: () => false };
  const options = { plugins: null, excludedMutations: [], ignorers: [prose] };
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(DIST, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(folder, name)),
  ).filter((file) => LEFT_OUT[file.replace(/\.js$/, "")] === undefined && file.includes(word));
  const found = [];
  for (const file of files.sort()) {
    const content = readFileSync(join(DIST, file), "utf8");
    const input = [{ name: file, mutate: true, content }];
    const { mutants: made } = await new Instrumenter(logger).instrument(input, options);
    found.push(...made.filter(({ status }) => status !== "Ignored").map((one) => ({ file, ...patched(content, one) })));
  }
  return found;
}

function patched(content, { location, replacement }) {
  const { before, from, after } = cut(content, location);
  const line = location.start.line + 1;
  return { line, from: squeezed(from), to: squeezed(replacement), text: before + replacement + after };
}

function drawn(from, most, dice) {
  const left = [...from];
  const taken = [];
  while (taken.length < most && left.length > 0) taken.push(...left.splice(dice.below(left.length), 1));
  return taken;
}

/** @returns by which property, or that the day did not end; undefined: not at all */
async function caught(where, most) {
  try {
    const [first] = await where.failures({ from: 1, to: most, untilBroken: true, stuckMs: STUCK_MS });
    return first?.broken.property;
  } catch {
    return "no day ends";
  }
}

function scoreOf(some, folder) {
  const those = some.filter(({ file }) => file.startsWith(folder));
  return { caught: those.filter(({ caughtBy }) => caughtBy !== undefined).length, tried: those.length };
}

function percent(part, whole) {
  return whole === 0 ? "100.0" : ((100 * part) / whole).toFixed(1);
}

function number(name, text, preset) {
  if (text === "") return preset;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  console.error(`mutants: ${name}=${text} is not a whole number from 1 to 9999999`);
  process.exit(2);
}
