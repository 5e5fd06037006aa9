// Whether a test file may share a process: nothing that it loads starts a process or a thread, or opens a bus, and it
// changes nothing of its own process. It is read from the imports of the compiled files, so no file has to say it.

import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Modules that start processes, threads, browsers or connections to a bus, or wait for real time. */
const OWN_PROCESS = new Set([
  "node:child_process",
  "node:worker_threads",
  "node:cluster",
  "node:timers/promises",
  "nats",
  "puppeteer-core",
  "playwright-core",
]);
const OWN_STATE = /\bprocess\.(exit|exitCode|chdir|umask|kill|on|once|env|title|argv|stdout|stderr)\b/;
const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s*(?:[\w$*{][\w$*{},\s]*\bfrom\s*)?["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/g;

export class ProcessSharing {
  readonly #modules = new Map<string, readonly string[]>();

  allowsFor(testFile: string): boolean {
    if (OWN_STATE.test(readFileSync(testFile, "utf8"))) return false;
    const seen = new Set([testFile]);
    for (const file of seen)
      for (const module of this.#importsOf(file)) {
        if (OWN_PROCESS.has(module)) return false;
        if (module.startsWith(".")) seen.add(join(dirname(file), module));
      }
    return true;
  }

  #importsOf(file: string): readonly string[] {
    const known = this.#modules.get(file) ?? readImports(file);
    this.#modules.set(file, known);
    return known;
  }
}

function readImports(file: string): readonly string[] {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return [];
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map(([, from, late]) => from ?? late ?? "");
}
