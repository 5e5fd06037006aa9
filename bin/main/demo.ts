// The demo: a bus, the Market and three Ratings instances in one terminal.

import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/clock.ts";
import { startDemo } from "../../src/demo/demo.ts";
import { standardOutput } from "../../src/program/output.ts";
import { runProgram, settingsOrExit } from "../../src/program/program.ts";

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
      print: (line) => print(`${line}\n`),
      over: () => process.exit(1),
    },
    closers,
  ),
);
