// The Market: `market` looks for ratings, `market --monolith` is the shop alone.

import { parseArgs } from "node:util";
import { systemClock } from "../src/clock.ts";
import { startMarket } from "../src/market/market.ts";
import { programLog, runProgram, settingsOrExit } from "../src/program/program.ts";

const { values } = parseArgs({ options: { monolith: { type: "boolean", default: false } } });
const settings = settingsOrExit(process.env);
const clock = systemClock();
const world = { settings, clock, say: programLog(settings, clock.wall) };

await runProgram(clock, (closers) => startMarket({ monolith: values.monolith }, world, closers));
