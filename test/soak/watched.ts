// A running program that a soak measures: by /proc, and by its own reports (reporting-child.ts).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../support/program.ts";
import type { World } from "../support/world.ts";
import type { Reading } from "./verdict.ts";

const BYTES_PER_KILOBYTE = 1024;

export interface Watched {
  readonly name: string;
  readonly program: Program;
  readonly readings: readonly Reading[];
  /** Reads once more. */
  read(): Reading;
}

export function startWatched(world: World, name: string, options: Parameters<World["start"]>[0]): Watched {
  const reportPath = join(world.stateDir, `${name.replaceAll(" ", "-")}.json`);
  const reporter = new URL("./reporting-child.js", import.meta.url).href;
  const env = { ...options.env, SOAK_READINGS: reportPath, NODE_OPTIONS: `--import ${reporter}` };
  const program = world.start({ ...options, env });
  const readings: Reading[] = [];
  return {
    ...{ name, program, readings },
    read: () => {
      const reading = { atMs: performance.now(), ...readSystem(program.pid), heapBytes: readHeap(reportPath) };
      readings.push(reading);
      return reading;
    },
  };
}

function readSystem(pid: number): Pick<Reading, "rssBytes" | "handles"> {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { rssBytes: Number(kilobytes) * BYTES_PER_KILOBYTE, handles: readdirSync(`/proc/${pid}/fd`).length };
}

/** @returns undefined before the first report */
function readHeap(path: string): number | undefined {
  try {
    const { heapBytes } = JSON.parse(readFileSync(path, "utf8")) as { heapBytes?: unknown };
    return typeof heapBytes === "number" ? heapBytes : undefined;
  } catch {
    return undefined;
  }
}
