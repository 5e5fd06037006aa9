// `make sim`: a thousand simulated days. SEEDS=10000 runs more, FROM=20001 begins there, SEED=4711 runs one and prints
// it. MUTANTS=1 shows that the properties catch known defects; with UPDATE=1 it writes the table. Exit codes: 0, every
// property held; 1, one broke; 2, wrong arguments.

import { parseArgs } from "node:util";
import { type Failure, live, shorten } from "./day.ts";
import { runMutants } from "./mutation-run.ts";
import { PROPERTIES } from "./properties.ts";
import { faultLine, type Script, seconds, writeScript } from "./script.ts";
import { runSeeds, type Sum } from "./seeds.ts";

const DEFAULT_SEEDS = 1_000;
const MAX_SEEDS = 1_000_000_000;
/** A defect that this many days do not catch counts as not caught. */
const MAX_TEETH_SEEDS = 10_000;
/** Of failing seeds this many are printed in full: the first is the one to examine. */
const MAX_SHOWN = 3;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "" },
    seed: { type: "string", default: "" },
    from: { type: "string", default: "" },
    mutants: { type: "string", default: "" },
    update: { type: "string", default: "" },
  },
});

function number(name: string, text: string, preset: number): number {
  if (text === "") return preset;
  const read = Number(text);
  if (/^\d{1,10}$/.test(text) && read >= 1 && read <= MAX_SEEDS) return read;
  console.error(`sim: ${name}=${text} is not a whole number from 1 to ${MAX_SEEDS}: type  make sim ${name}=1000`);
  process.exit(2);
}

function describe(script: Script): string {
  const { instances, markets, nodes, hedge, careless, pageEveryMs, failureLimit, retestDelayMs, faults } = script;
  const who = `${instances} instances, ${counted(markets, "market")}${hedge ? " with HEDGE=1" : ""}${careless ? ", their own code full of bugs" : ""}, a bus of ${counted(nodes, "node")}`;
  const setting = `${who}, a page every ${pageEveryMs} ms, failure limit ${failureLimit}, retests after ${retestDelayMs / 1000} s`;
  return [`  ${setting}`, ...faults.map((fault) => `  ${faultLine(fault)}`)].join("\n");
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

async function explain({ seed, broken }: Failure): Promise<void> {
  const script = await shorten(writeScript(seed), broken.property);
  const again = (await live(script)).broken ?? broken;
  console.log(`\nseed ${seed} broke ${again.property}: ${PROPERTIES[again.property]}`);
  console.log(describe(script));
  console.log(`  ${seconds(again.atMs)}  ${again.detail}`);
  console.log(`Again, with all that happened:  make sim SEED=${seed}`);
}

async function showOne(seed: number): Promise<boolean> {
  const script = writeScript(seed);
  console.log(`seed ${seed}:\n${describe(script)}\n`);
  const { broken, calls, events } = await live(script, (line) => console.log(line));
  if (broken === undefined) console.log(`\nseed ${seed}: every property held (${calls} calls, ${events} events)`);
  else await explain({ seed, broken });
  return broken === undefined;
}

async function showMany(seeds: number, from: number): Promise<boolean> {
  const startedAt = performance.now();
  const tookS = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);
  const progress = ({ days, failures }: Sum): void =>
    console.log(`sim: ${days} of ${seeds} days, ${failures.length} broken, ${tookS()} s`);
  const worker = new URL("./worker.js", import.meta.url);
  const { days, calls, failures } = await runSeeds({
    from,
    to: from + seeds - 1,
    worker,
    untilBroken: false,
    progress,
  });
  for (const failure of failures.slice(0, MAX_SHOWN)) await explain(failure);
  const held = failures.length === 0 ? "every property held" : `${failures.length} days broke a property`;
  console.log(`sim: ${days} days, ${calls} calls, ${tookS()} s: ${held}`);
  return failures.length === 0 && days === seeds;
}

const isWanted = (text: string): boolean => text !== "" && text !== "0";

async function run(): Promise<boolean> {
  const seeds = number("SEEDS", values.seeds, DEFAULT_SEEDS);
  if (isWanted(values.mutants))
    return runMutants(number("SEEDS", values.seeds, MAX_TEETH_SEEDS), isWanted(values.update));
  return values.seed === "" ? showMany(seeds, number("FROM", values.from, 1)) : showOne(number("SEED", values.seed, 1));
}

process.exitCode = (await run()) ? 0 : 1;
