// The long run behind `make fuzz`: `fuzz [INPUTS] [SEED]`. Prints its progress each second; ends with a table and exit
// code 0, or with the input that failed and exit code 1.

import { randomInt } from "node:crypto";
import { fuzz, inWords } from "./fuzzing.ts";

const DEFAULT_INPUTS = 1_000_000;
const MAX_SEED = 2 ** 31 - 1;
const TELL_EVERY_MS = 1000;
const MS_PER_SECOND = 1000;

function wholeOr(typed: string | undefined, name: string, most: number, preset: number): number {
  if (typed === undefined || typed === "") return preset;
  if (/^-?\d{1,10}$/.test(typed) && Math.abs(Number(typed)) <= most) return Number(typed);
  process.stderr.write(`${name}=${typed} is not a whole number up to ${most}: type  make fuzz ${name}=1000\n`);
  process.exit(2);
}

const inputs = wholeOr(process.argv[2], "INPUTS", MAX_SEED, DEFAULT_INPUTS);
const seed = wholeOr(process.argv[3], "SEED", MAX_SEED, randomInt(MAX_SEED));
const startedAt = performance.now();
let toldAt = startedAt;

console.log(`fuzz: ${inputs} inputs, seed ${seed}`);
const { tried, found } = await fuzz({
  ...{ inputs, seed },
  print: ({ tried: so, target }) => {
    const now = performance.now();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    const perSecond = Math.round(so / ((now - startedAt) / MS_PER_SECOND));
    console.log(`${String(so).padStart(8)} of ${inputs}  ${perSecond} inputs/s  (${target})`);
  },
});
for (const [target, count] of tried) console.log(`${target.padEnd(24)} ${String(count).padStart(8)}`);
const tookMs = performance.now() - startedAt;
const total = [...tried.values()].reduce((sum, count) => sum + count, 0);
if (found !== undefined) console.log(inWords(found));
console.log(
  `fuzz: ${total} inputs in ${(tookMs / MS_PER_SECOND).toFixed(1)} s, seed ${seed}: ${found === undefined ? "every rule held" : "FAILED"}`,
);
process.exitCode = found === undefined ? 0 : 1;
