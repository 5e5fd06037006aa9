// A run of `make chaos` in a folder of its own.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./chaos.js", import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), "chaos-test-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

export const namespacesOf = (pid: number): readonly string[] =>
  spawnSync("ip", ["netns", "list"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((name) => name.includes(`-${pid}-`));

export interface Run {
  readonly pid: number;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
  readonly signal: (name: NodeJS.Signals) => void;
}

export function run(words: readonly string[]): Run {
  const child = spawn(process.execPath, [script, ...words], { cwd: folder });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { pid: child.pid ?? 0, said: () => said, ended, signal: (name) => child.kill(name) };
}
