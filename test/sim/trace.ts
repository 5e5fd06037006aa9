// Prints the hash of the trace of each seed that it is given: for the test that compares two processes.

import { createHash } from "node:crypto";
import { live } from "./day.ts";
import { writeScript } from "./script.ts";

for (const seed of process.argv.slice(2)) {
  const hash = createHash("sha256");
  await live(writeScript(Number(seed)), (line) => hash.update(`${line}\n`));
  console.log(hash.digest("hex"));
}
