// Loaded into a program before it starts (node --import): writes once a second what only the program itself can know, to
// the file that SOAK_TELLS names. It collects garbage first, so that what is counted is what is held and not what lies
// about; that costs some milliseconds a second, the same in every run.

import { renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const TELL_EVERY_MS = 1000;

const path = process.env["SOAK_TELLS"] ?? "";
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function tell(): void {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const told = { heapBytes: heapUsed + external, resources: process.getActiveResourcesInfo().length };
  // Moved into place, so that nobody reads half of it.
  writeFileSync(`${path}.new`, JSON.stringify(told));
  renameSync(`${path}.new`, path);
}

if (path !== "") setInterval(tell, TELL_EVERY_MS).unref();
