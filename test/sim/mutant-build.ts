// A copy of the compiled code that holds one defect at a time, for simulated days.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Failure } from "./day.ts";
import type { Mutant, Patch } from "./mutant.ts";
import { runSeeds } from "./seeds.ts";
import { type Match, matches, replaced } from "./token-patch.ts";

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const project = dirname(dist);

const isCode = (path: string): boolean => !path.endsWith(".map");

export interface Days {
  readonly from: number;
  readonly to: number;
  readonly untilBroken: boolean;
  readonly progress?: () => void;
  readonly stuckMs?: number;
}

export class MutantBuild {
  readonly #folder: string;

  /** Packages are found as they are here. */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "datawire-mutants-"));
    for (const part of ["src", "test/sim", "test/support"])
      cpSync(join(dist, part), join(this.#folder, "dist", part), { recursive: true, filter: isCode });
    cpSync(join(project, "package.json"), join(this.#folder, "package.json"));
    mkdirSync(join(this.#folder, "dist"), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(this.#folder, "node_modules"));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws Error when the defect no longer fits the code */
  async withMutant<T>({ name, patches }: Mutant, act: () => Promise<T>): Promise<T> {
    const before = new Map<string, string>();
    try {
      for (const patch of patches) {
        const { path, text, match } = this.#find(name, patch);
        if (!before.has(path)) before.set(path, text);
        writeFileSync(path, replaced(text, match, patch.to));
      }
      return await act();
    } finally {
      for (const [path, text] of before) writeFileSync(path, text);
    }
  }

  /** The seeds that break a property, in order; with `untilBroken` the first of them, and perhaps a few more. */
  async failures({ progress = () => undefined, ...days }: Days): Promise<readonly Failure[]> {
    const worker = pathToFileURL(join(this.#folder, "dist", "test", "sim", "worker.js"));
    return (await runSeeds({ ...days, worker, progress })).failures;
  }

  /** Another text in the place of one compiled file. @param file below src */
  async withText<T>(file: string, text: string, act: () => Promise<T>): Promise<T> {
    const path = join(this.#folder, "dist", "src", file);
    const before = readFileSync(path, "utf8");
    try {
      writeFileSync(path, text);
      return await act();
    } finally {
      writeFileSync(path, before);
    }
  }

  /** Where the code stands: in the file that the patch names, or anywhere once that file has moved. */
  #find(name: string, { file, from }: Patch): { path: string; text: string; match: Match } {
    const src = join(this.#folder, "dist", "src");
    const everywhere = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));
    const named = everywhere.filter((path) => path === `${file}.js`);
    const found = (named.length > 0 ? named : everywhere).flatMap((path) => {
      const text = readFileSync(join(src, path), "utf8");
      return matches(from, text).map((match) => ({ path: join(src, path), text, match }));
    });
    const [first] = found;
    if (first === undefined || found.length > 1)
      throw new Error(`mutants: "${name}" no longer fits: ${file} holds ${found.length} times\n${from}`);
    return first;
  }
}
