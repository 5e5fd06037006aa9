// A copy of the compiled code in which one defect at a time is switched on, and simulated days are lived.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Failure } from "./day.ts";
import type { Defect, Patch } from "./defects.ts";
import { runSeeds } from "./seeds.ts";

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const project = dirname(dist);

export interface Days {
  readonly from: number;
  readonly to: number;
  readonly untilBroken: boolean;
  readonly progress?: () => void;
}

export class DefectiveCopy {
  readonly #folder: string;

  /** Packages are found as they are here. */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "datawire-teeth-"));
    for (const part of ["src", "test/sim", "test/support"])
      cpSync(join(dist, part), join(this.#folder, "dist", part), { recursive: true });
    cpSync(join(project, "package.json"), join(this.#folder, "package.json"));
    mkdirSync(join(this.#folder, "dist"), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(this.#folder, "node_modules"));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws Error when the code is no longer what the defect was written for */
  async with<T>({ name, patches }: Defect, act: () => Promise<T>): Promise<T> {
    const files = [...new Set(patches.map((patch) => this.#path(patch)))];
    const before = files.map((file) => readFileSync(file, "utf8"));
    try {
      for (const patch of patches) this.#apply(name, patch);
      return await act();
    } finally {
      for (const [place, file] of files.entries()) writeFileSync(file, before[place] ?? "");
    }
  }

  /** The seeds that break a property, in order; with `untilBroken` the first of them, and perhaps a few more. */
  async failures({ from, to, untilBroken, progress = () => undefined }: Days): Promise<readonly Failure[]> {
    const worker = pathToFileURL(join(this.#folder, "dist", "test", "sim", "worker.js"));
    return (await runSeeds({ from, to, worker, untilBroken, progress })).failures;
  }

  #path({ file }: Patch): string {
    return join(this.#folder, "dist", "src", `${file}.js`);
  }

  #apply(name: string, patch: Patch): void {
    const { from, to, file } = patch;
    const parts = readFileSync(this.#path(patch), "utf8").split(from);
    if (parts.length !== 2)
      throw new Error(`teeth: "${name}" no longer fits: ${file} holds ${parts.length - 1} times\n${from}`);
    writeFileSync(this.#path(patch), parts.join(to));
  }
}
