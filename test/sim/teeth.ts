// Whether the properties bite: each defect alone in a copy of the compiled code, and the first seed that finds it.

import { DefectiveCopy } from "./defective-copy.ts";
import { DEFECTS, type Defect } from "./defects.ts";
import { HEADING, KEPT_IN, keepTeeth, readTeeth, type Tooth, toothLine } from "./kept-teeth.ts";
import { PROPERTIES, type PropertyName } from "./properties.ts";

/** Most are found at once: a few days first, and four times as many each time they were not enough. */
const FIRST_DAYS = 64;
const GROWTH = 4;
const TELL_EVERY_MS = 1_000;
const INTERRUPTED = 130; // what a shell says of a program that ^C ended

/** @returns whether every defect was caught, and every property caught one */
export async function showTeeth(mostSeeds: number, keeps: boolean): Promise<boolean> {
  const copy = new DefectiveCopy();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => leave(copy));
  const startedAt = performance.now();
  const teeth: Tooth[] = [];
  console.log(HEADING);
  try {
    // Before minutes are spent: whether all of them still fit.
    for (const defect of DEFECTS) await copy.with(defect, () => Promise.resolve());
    for (const defect of DEFECTS) {
      const tooth = await copy.with(defect, () => findTooth(copy, defect, mostSeeds));
      console.log(toothLine(defect.name, tooth));
      if (tooth !== undefined) teeth.push(tooth);
    }
  } finally {
    copy.remove();
  }
  const tookS = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`teeth: ${teeth.length} of ${DEFECTS.length} defects caught, ${tookS} s`);
  const blunt = bluntProperties(teeth);
  for (const name of blunt) console.log(`teeth: ${name} caught nothing: ${PROPERTIES[name]}`);
  const isWhole = teeth.length === DEFECTS.length && blunt.length === 0;
  if (isWhole && keeps) keepTeeth(teeth);
  if (keeps) console.log(isWhole ? `teeth: kept in ${KEPT_IN}` : "teeth: not kept, as not all of them bite");
  return isWhole;
}

/** Interrupted: the copy goes, too. */
function leave(copy: DefectiveCopy): never {
  copy.remove();
  process.exit(INTERRUPTED);
}

/** A property that no defect breaks may be one that nothing can break. */
export function bluntProperties(teeth: readonly Tooth[]): readonly PropertyName[] {
  const biting = new Set<string>(teeth.map(({ caughtBy }) => caughtBy));
  return (Object.keys(PROPERTIES) as PropertyName[]).filter((name) => !biting.has(name));
}

async function findTooth(copy: DefectiveCopy, { name }: Defect, mostSeeds: number): Promise<Tooth | undefined> {
  // The kept day first: on others a property that is newer may break before the one that this defect is to show.
  const kept = readTeeth().find(({ defect }) => defect === name);
  if (kept !== undefined && (await stillCatches(copy, kept))) return kept;
  let toldAt = performance.now();
  const progress = (): void => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    console.log("  … still looking");
  };
  for (let from = 1, days = FIRST_DAYS; from <= mostSeeds; from += days, days *= GROWTH) {
    const to = Math.min(mostSeeds, from + days - 1);
    const [first] = await copy.failures({ from, to, untilBroken: true, progress });
    if (first !== undefined) return { defect: name, caughtBy: first.broken.property, seed: first.seed };
  }
  return undefined;
}

async function stillCatches(copy: DefectiveCopy, { caughtBy, seed }: Tooth): Promise<boolean> {
  const [failure] = await copy.failures({ from: seed, to: seed, untilBroken: true });
  return failure?.broken.property === caughtBy;
}
