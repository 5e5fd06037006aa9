// Runs many test files one after the other in this process. One start of node and one load of the compiled code serve
// about a hundred files; in a process each they cost half a second of processor time apiece.
//
//   node dist/test/runner/shared-process.js FILE…
//
// A line of marks opens and closes each file's output, so that the runner judges each file by itself.

import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { processEnds } from "../support/file-end.ts";
import { beginLine, endLine } from "./sections.ts";

declare global {
  // The hooks of uvu's own runner: with UVU_DEFER a suite waits in UVU_QUEUE instead of running by itself.
  var UVU_DEFER: 1;
  var UVU_QUEUE: unknown[][];
}

globalThis.UVU_DEFER = 1;
globalThis.UVU_QUEUE = [];
const { exec } = await import("uvu");

for (const file of process.argv.slice(2)) {
  const startedAt = performance.now();
  process.stdout.write(beginLine(file));
  process.exitCode = 0;
  globalThis.UVU_QUEUE.length = 0;
  globalThis.UVU_QUEUE.push([null]);
  await runFile(file);
  process.stdout.write(endLine(file, Number(process.exitCode ?? 0), performance.now() - startedAt));
}
process.exitCode = 0;
await processEnds();

async function runFile(file: string): Promise<void> {
  try {
    await import(pathToFileURL(file).href);
    await exec();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
