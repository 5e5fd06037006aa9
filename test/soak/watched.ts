// A running program as a soak watches it: what the system knows of it, and what it tells of itself (teller.ts).

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
  const tells = join(world.stateDir, `${name.replaceAll(" ", "-")}.json`);
  const teller = new URL("./teller.js", import.meta.url).href;
  const env = { ...options.env, SOAK_TELLS: tells, NODE_OPTIONS: `--import ${teller}` };
  const program = world.start({ ...options, env });
  const readings: Reading[] = [];
  return {
    ...{ name, program, readings },
    read: () => {
      const reading = { atMs: performance.now(), ...readSystem(program.pid), heapBytes: readTold(tells) };
      readings.push(reading);
      return reading;
    },
  };
}

function readSystem(pid: number): Pick<Reading, "rssBytes" | "handles"> {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { rssBytes: Number(kilobytes) * BYTES_PER_KILOBYTE, handles: readdirSync(`/proc/${pid}/fd`).length };
}

/** Undefined until it has told for the first time. */
function readTold(path: string): number | undefined {
  try {
    const { heapBytes } = JSON.parse(readFileSync(path, "utf8")) as { heapBytes?: unknown };
    return typeof heapBytes === "number" ? heapBytes : undefined;
  } catch {
    return undefined;
  }
}
