// Mutation test of the properties: each defect alone in a copy of the compiled code, and the first seed that catches
// it.

import type { Mutant } from "./mutant.ts";
import { MutantBuild } from "./mutant-build.ts";
import { MUTANTS } from "./mutants.ts";
import { PROPERTIES, type PropertyName } from "./properties.ts";
import { HEADING, KEPT_IN, type Kill, killLine, readKills, writeKills } from "./recorded-kills.ts";

/** Most are found at once: a few days first, and four times as many after each search that found nothing. */
const FIRST_DAYS = 64;
const GROWTH = 4;
const PRINT_EVERY_MS = 1_000;
const INTERRUPTED = 130; // what a shell says of a program that ^C ended

/** @returns true when every defect was caught, and every property caught one */
export async function runMutants(mostSeeds: number, keeps: boolean): Promise<boolean> {
  const copy = new MutantBuild();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => leave(copy));
  const startedAt = performance.now();
  const kills: Kill[] = [];
  console.log(HEADING);
  try {
    // Check that all of them fit before minutes are spent.
    for (const defect of MUTANTS) await copy.withMutant(defect, () => Promise.resolve());
    for (const defect of MUTANTS) {
      const kill = await copy.withMutant(defect, () => findKill(copy, defect, mostSeeds));
      console.log(killLine(defect.name, kill));
      if (kill !== undefined) kills.push(kill);
    }
  } finally {
    copy.remove();
  }
  const tookS = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`mutants: ${kills.length} of ${MUTANTS.length} defects caught, ${tookS} s`);
  const untested = untestedProperties(kills);
  for (const name of untested) console.log(`mutants: ${name} caught nothing: ${PROPERTIES[name]}`);
  const isWhole = kills.length === MUTANTS.length && untested.length === 0;
  if (isWhole && keeps) writeKills(kills);
  if (keeps)
    console.log(isWhole ? `mutants: written to ${KEPT_IN}` : "mutants: not written, as not all of them were caught");
  return isWhole;
}

/** Interrupted: the copy goes, too. */
function leave(copy: MutantBuild): never {
  copy.remove();
  process.exit(INTERRUPTED);
}

/** A property that no defect breaks may be one that nothing can break. */
export function untestedProperties(kills: readonly Kill[]): readonly PropertyName[] {
  const killing = new Set<string>(kills.map(({ caughtBy }) => caughtBy));
  return (Object.keys(PROPERTIES) as PropertyName[]).filter((name) => !killing.has(name));
}

async function findKill(copy: MutantBuild, { name }: Mutant, mostSeeds: number): Promise<Kill | undefined> {
  // The recorded day first: on another day a newer property may break before the one that this defect is meant for.
  const kept = readKills().find(({ defect }) => defect === name);
  if (kept !== undefined && (await stillCatches(copy, kept))) return kept;
  let printedAt = performance.now();
  const progress = (): void => {
    if (performance.now() - printedAt < PRINT_EVERY_MS) return;
    printedAt = performance.now();
    console.log("  … still looking");
  };
  for (let from = 1, days = FIRST_DAYS; from <= mostSeeds; from += days, days *= GROWTH) {
    const to = Math.min(mostSeeds, from + days - 1);
    const [first] = await copy.failures({ from, to, untilBroken: true, progress });
    if (first !== undefined) return { defect: name, caughtBy: first.broken.property, seed: first.seed };
  }
  return undefined;
}

async function stillCatches(copy: MutantBuild, { caughtBy, seed }: Kill): Promise<boolean> {
  const [failure] = await copy.failures({ from: seed, to: seed, untilBroken: true });
  return failure?.broken.property === caughtBy;
}
