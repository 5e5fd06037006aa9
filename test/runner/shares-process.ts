// The test files that may share a process: those that start no process, no thread and no bus, and those that need a
// browser, as a browser costs more than to share. Neither kind changes its own process. The imports of the compiled
// files say which kind a file is, so no file has to.

import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Modules that start processes or threads, open connections to a bus, or wait for real time. */
const OWN_PROCESS = new Set([
  "node:child_process",
  "node:worker_threads",
  "node:cluster",
  "node:timers/promises",
  "nats",
]);
const BROWSER = "playwright-core";
const OWN_STATE =
  /\bprocess\.(exit|exitCode|chdir|umask|kill|on|once|env|title|argv|stdout|stderr)\b|\bsetFlagsFromString\b/;
/**
 * The doors reach the bus and the signals of the faults, whatever a test uses of them. They are not followed: a test that
 * connects to a server, or signals a process, has to start it, and so imports how.
 */
const DOORS = /\bsrc\/(service|connect)\/index\.js$/;
const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s*(?:[\w$*{][\w$*{},\s]*\bfrom\s*)?["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/g;

/** What the files of a process have in common: they start no process, or they look at pages with one browser. */
export type Shared = "no process" | "a browser";

export class ProcessSharing {
  readonly #modules = new Map<string, readonly string[]>();

  /** undefined: the file needs a process of its own. */
  of(testFile: string): Shared | undefined {
    if (OWN_STATE.test(readFileSync(testFile, "utf8"))) return undefined;
    const modules = this.#reachedBy(testFile);
    if (modules.has(BROWSER)) return "a browser";
    return [...OWN_PROCESS].some((module) => modules.has(module)) ? undefined : "no process";
  }

  #reachedBy(testFile: string): ReadonlySet<string> {
    const files = new Set([testFile]);
    const packages = new Set<string>();
    for (const file of files)
      for (const module of this.#importsOf(file))
        if (!module.startsWith(".")) packages.add(module);
        else if (!DOORS.test(join(dirname(file), module))) files.add(join(dirname(file), module));
    return packages;
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
