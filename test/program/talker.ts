// A program that talks, for output.test.ts: says so many lines in a given way, and ends in a given way.

import { systemClock } from "../../src/clock.ts";
import { programLog, runProgram } from "../../src/program/program.ts";
import { readSettings } from "../../src/settings.ts";

const [how = "", count = "1"] = process.argv.slice(2);
const read = readSettings({ HOME: "/nowhere" });
if (read.kind === "refused") throw new Error(read.problems.join("; "));
const clock = systemClock();
const say = await programLog(read.settings, clock, { service: "talker" });
const line = (number: number): void => say({ level: "INFO", text: `line ${number} ${"x".repeat(40)}` });
const LINES_A_TURN = 500;

function talk(): void {
  for (let number = 1; number <= Number(count); number++) line(number);
}

/** Over many turns, each of which has to come. */
function flood(from: number): void {
  const until = Math.min(from + LINES_A_TURN, Number(count) + 1);
  for (let number = from; number < until; number++) line(number);
  if (until <= Number(count)) setImmediate(() => flood(until));
  else process.stderr.write(`said ${count}\n`);
}

const ways: Readonly<Record<string, () => Promise<void> | void>> = {
  exits: () => {
    talk();
    process.stderr.write("ends\n");
    process.exit(3);
  },
  throws: () => {
    talk();
    throw new Error("a bug");
  },
  serves: () =>
    runProgram(clock, async (closers) => {
      closers.push(() => say({ level: "INFO", text: "bye" }));
      process.once("SIGTERM", talk);
      process.stderr.write("serves\n");
      closers.push(clock.every(1000, () => undefined));
      return { kind: "running" };
    }),
  floods: () =>
    runProgram(clock, async (closers) => {
      flood(1);
      closers.push(clock.every(1000, () => undefined));
      return { kind: "running" };
    }),
  refuses: () =>
    runProgram(clock, async () => {
      talk();
      return { kind: "refused", why: ["no way"] };
    }),
};
await ways[how]?.();
