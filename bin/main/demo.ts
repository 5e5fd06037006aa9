// The demo: a bus, the Market and three Ratings instances in one terminal. `--verbose` prints every line of theirs.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { startDemo } from "../../src/demo/demo.ts";
import { standardOutput } from "../../src/program/output.ts";
import { runProgram, settingsOrExit } from "../../src/program/program.ts";
import { lookOf } from "./look.ts";

const { values } = parseArgs({ options: { verbose: { type: "boolean" } }, strict: false });
// Wrong settings are reported once here, not by each of the four programs below.
const { chaos } = settingsOrExit(process.env);
const clock = systemClock();
const print = standardOutput(clock, (lines) => `(${lines} lines dropped: the reader was too slow)\n`);
const scriptOf = (name: string): string => fileURLToPath(import.meta.resolve(`#root/dist/bin/${name}.js`));

await runProgram(clock, (closers) =>
  startDemo(
    {
      marketScript: scriptOf("market"),
      ratingsScript: scriptOf("ratings"),
      ...{ clock, chaos },
      isVerbose: values["verbose"] === true,
      keys: process.stdin.isTTY === true && process.stdout.isTTY === true ? process.stdin : undefined,
      look: () => lookOf(process.stdout),
      print: (line) => print(`${line}\n`),
      over: () => process.exit(1),
    },
    closers,
  ),
);
