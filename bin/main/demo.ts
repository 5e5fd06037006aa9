// The demo: a bus, the Market, three Ratings instances and shoppers in one terminal. `--verbose` prints every line of theirs,
// and `--rate 20` is the number of pages a second at the start.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { readDemoRate } from "../../src/demo/core/arguments.ts";
import { startDemo } from "../../src/demo/demo.ts";
import { standardOutput } from "../../src/program/output.ts";
import { complain, runProgram, settingsOrExit } from "../../src/program/program.ts";
import { lookOf } from "./look.ts";

const options = { verbose: { type: "boolean" }, rate: { type: "string" } } as const;
const { values } = parseArgs({ options, strict: false });
const wanted = readDemoRate(typeof values.rate === "string" ? values.rate : undefined);
if (wanted.kind === "refused") {
  complain(`demo: ${wanted.why}`);
  process.exit(2);
}
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
      ...{ clock, chaos, rate: wanted.rate },
      isVerbose: values["verbose"] === true,
      keys: process.stdin.isTTY === true && process.stdout.isTTY === true ? process.stdin : undefined,
      look: () => lookOf(process.stdout),
      print: (line) => print(`${line}\n`),
      over: () => process.exit(1),
    },
    closers,
  ),
);
