// The walk of README in one terminal and a browser. `--auto` presses Enter by itself, `--restart` starts at the first stop.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { standardOutput } from "../../src/program/output.ts";
import { runProgram, settingsOrExit } from "../../src/program/program.ts";
import { STOPS } from "../../src/tour/core/stops.ts";
import { progressIn } from "../../src/tour/progress.ts";
import { startTour } from "../../src/tour/tour.ts";

const { values } = parseArgs({ options: { auto: { type: "boolean" }, restart: { type: "boolean" } }, strict: false });
// The tour matches the lines that the programs print: so all of them, as text.
Object.assign(process.env, { LOG_LEVEL: "DEBUG", LOG_FORMAT: "text" });
const settings = settingsOrExit(process.env);
const isWatched = process.stdin.isTTY === true;
if (!isWatched && values["auto"] !== true) {
  process.stderr.write("tour: there is no terminal to read your keys from: type  make tour AUTO=1  to just watch it\n");
  process.exit(2);
}
/** Time to read a task before the tour does it. */
const READING_MS = 4_000;
/** Of a terminal that does not report its size. */
const COLUMNS = 80;
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
      colour: process.stdout.isTTY === true && process.stdout.hasColors(),
      columns: () => (process.stdout.isTTY === true ? process.stdout.columns || COLUMNS : Infinity),
      // As ^C would: the instances say goodbye.
      over: (code) => (code === 0 ? process.kill(process.pid, "SIGTERM") : process.exit(code)),
    },
    closers,
  ),
);
