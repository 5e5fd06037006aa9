// The walk of README in one terminal and a browser. `--auto` presses Enter by itself, `--restart` starts at the first stop,
// `--verbose` prints every line of the programs.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { standardOutput } from "../../src/program/output.ts";
import { runProgram, settingsOrExit } from "../../src/program/program.ts";
import { STOPS } from "../../src/tour/core/stops.ts";
import { progressIn } from "../../src/tour/progress.ts";
import { startTour } from "../../src/tour/tour.ts";
import { lookOf } from "./look.ts";

const flag = { type: "boolean" } as const;
const { values } = parseArgs({ options: { auto: flag, restart: flag, verbose: flag }, strict: false });
const isVerbose = values["verbose"] === true;
// The tour explains the lines that the programs print: so all of them, as text.
if (isVerbose) Object.assign(process.env, { LOG_LEVEL: "DEBUG", LOG_FORMAT: "text" });
const settings = settingsOrExit(process.env);
const isWatched = process.stdin.isTTY === true;
if (!isWatched && values["auto"] !== true) {
  process.stderr.write("tour: there is no terminal to read your keys from: type  make tour AUTO=1  to just watch it\n");
  process.exit(2);
}
/** Time to read a task before the tour does it. */
const READING_MS = 4_000;
const clock = systemClock();
const print = standardOutput(clock, (lines) => `(${lines} lines dropped: the reader was too slow)\n`);
const progress = progressIn(settings.stateDir, STOPS.length);
if (values["restart"] === true || values["auto"] === true) progress.forget();
const scriptOf = (name: string): string => fileURLToPath(import.meta.resolve(`#root/dist/bin/${name}.js`));

await runProgram(clock, (closers) =>
  startTour(
    {
      marketScript: scriptOf("market"),
      ratingsScript: scriptOf("ratings"),
      clock,
      progress,
      print: (line) => print(`${line}\n`),
      keys: isWatched ? process.stdin : undefined,
      readingMs: values["auto"] !== true ? undefined : process.stdout.isTTY === true ? READING_MS : 0,
      isVerbose,
      look: () => lookOf(process.stdout),
      // As ^C would: the instances say goodbye.
      over: (code) => (code === 0 ? process.kill(process.pid, "SIGTERM") : process.exit(code)),
    },
    closers,
  ),
);
