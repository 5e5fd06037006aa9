// Loaded into a program before it starts (node --import). Once a second it writes the measurements that only the
// program itself has, to the file named by SOAK_READINGS. It collects garbage first, so the heap size counts live objects
// only. That costs some milliseconds a second, the same in every run.

import { renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const WRITE_EVERY_MS = 1000;

const path = process.env["SOAK_READINGS"] ?? "";
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function writeReading(): void {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const reading = { heapBytes: heapUsed + external, resources: process.getActiveResourcesInfo().length };
  // Written by rename, so that the reader never sees half of it.
  writeFileSync(`${path}.new`, JSON.stringify(reading));
  renameSync(`${path}.new`, path);
}

if (path !== "") setInterval(writeReading, WRITE_EVERY_MS).unref();
