// Whether the properties bite: each defect alone in a copy of the compiled code, and the first seed that finds it.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Failure } from "./day.ts";
import { DEFECTS, type Defect, type Patch } from "./defects.ts";
import { runSeeds } from "./seeds.ts";

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const project = dirname(dist);
/** Most are found at once: a few days first, and four times as many each time they were not enough. */
const FIRST_DAYS = 64;
const GROWTH = 4;

/** @returns whether every defect was caught */
export async function showTeeth(mostSeeds: number): Promise<boolean> {
  const copy = copyCode();
  const startedAt = performance.now();
  let missed = 0;
  console.log(`${"defect".padEnd(52)}  caught by  seeds needed`);
  try {
    for (const defect of DEFECTS) {
      const caught = await withDefect(copy, defect, () => firstFailure(copy, mostSeeds));
      if (caught === undefined) missed += 1;
      console.log(
        `${defect.name.padEnd(52)}  ${(caught?.broken.property ?? "nothing").padEnd(9)}  ${caught?.seed ?? "-"}`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const tookS = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`teeth: ${DEFECTS.length - missed} of ${DEFECTS.length} defects caught, ${tookS} s`);
  return missed === 0;
}

/** The compiled code, where packages are found as they are here. */
function copyCode(): string {
  const copy = mkdtempSync(join(tmpdir(), "datawire-teeth-"));
  for (const part of ["src", "test/sim", "test/support"])
    cpSync(join(dist, part), join(copy, "dist", part), { recursive: true });
  cpSync(join(project, "package.json"), join(copy, "package.json"));
  mkdirSync(join(copy, "dist"), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
  return copy;
}

async function withDefect<T>(copy: string, { name, patches }: Defect, act: () => Promise<T>): Promise<T> {
  const files = [...new Set(patches.map(({ file }) => join(copy, "dist", "src", `${file}.js`)))];
  const before = files.map((file) => readFileSync(file, "utf8"));
  try {
    for (const patch of patches) apply(copy, name, patch);
    return await act();
  } finally {
    for (const [place, file] of files.entries()) writeFileSync(file, before[place] ?? "");
  }
}

function apply(copy: string, name: string, { file, from, to }: Patch): void {
  const path = join(copy, "dist", "src", `${file}.js`);
  const parts = readFileSync(path, "utf8").split(from);
  if (parts.length !== 2)
    throw new Error(`teeth: "${name}" no longer fits: ${file} holds ${parts.length - 1} times\n${from}`);
  writeFileSync(path, parts.join(to));
}

async function firstFailure(copy: string, mostSeeds: number): Promise<Failure | undefined> {
  const worker = pathToFileURL(join(copy, "dist", "test", "sim", "worker.js"));
  let toldAt = performance.now();
  const progress = ({ days }: { days: number }): void => {
    if (performance.now() - toldAt < 1_000) return;
    toldAt = performance.now();
    console.log(`  … ${days} days`);
  };
  for (let from = 1, days = FIRST_DAYS; from <= mostSeeds; from += days, days *= GROWTH) {
    const to = Math.min(mostSeeds, from + days - 1);
    const { failures } = await runSeeds({ from, to, worker, untilBroken: true, progress });
    if (failures[0] !== undefined) return failures[0];
  }
  return undefined;
}
