// `make bench`: the Market's calls against its peers', in one run. See README, "How fast it is".

import { fork } from "node:child_process";
import { join } from "node:path";
import { OURS } from "./contestants/all.js";
import { raceCalls } from "./lib/calls.js";
import { chartOf } from "./lib/chart.js";
import { startBus } from "./lib/crew.js";
import { racePages } from "./lib/pages.js";
import { keepChart, keepInPage, keepResults, machine, measuredOn } from "./lib/report.js";
import { readScope } from "./lib/scope.js";
import { ratio, shown, spread } from "./lib/statistics.js";
import { targetsOf, targetTable } from "./lib/targets.js";

const scope = readScope(process.env);
const results = { machine: await machine(), rounds: scope.rounds, forMs: scope.forMs };
if (scope.sections.includes("calls")) results.calls = await calls();
if (scope.sections.includes("pages")) results.pages = await racePages(scope);
if (scope.sections.includes("parts")) results.parts = await parts(scope.rounds);
results.targets = targetsOf(results);
print(results);
if (scope.kept) keep(results);
else console.log("\nnothing is written: only a whole run, without ONLY and QUICK, replaces the figures of README");
process.exit();

async function calls() {
  const bus = await startBus();
  const raced = await raceCalls({ ...scope, bus });
  await bus.end();
  return raced;
}

/** In a process whose garbage collection is started by command: else its memory would vary from run to run. */
function parts(rounds) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, "lib/parts.js"), [], { execArgv: ["--expose-gc"] });
    child.once("message", resolve);
    child.once("exit", (code) => code !== 0 && reject(new Error("the parts could not be measured")));
    child.send({ rounds });
  });
}

function print({ calls: raced, pages, targets }) {
  if (raced) console.log(`\n${callsTable(raced)}`);
  if (pages) console.log(`\n${pagesTable(pages)}`);
  console.log(`\n${targetTable(targets)}`);
}

function keep(whole) {
  keepResults("bench", whole);
  keepChart("bench", chartOf(whole.calls, whole.machine));
  const head = `${measuredOn(whole.machine)} Rounds: ${whole.rounds}.`;
  keepInPage("README.md", "bench", [head, targetTable(whole.targets), readmeCalls(whole.calls)].join("\n\n"));
  console.log("\nkept: bench/results/bench.json, docs/bench.svg, README.md");
}

function callsTable(raced) {
  const head =
    "| in flight | contestant | calls/s | ours is | p50 µs | p99 µs | caller µs/call | instance µs/call | failed |";
  const rows = raced[0].inFlight.flatMap(({ inFlight }, level) => {
    const ours = raced.find(({ name }) => name === OURS)?.inFlight[level].rounds.perSecond;
    return raced.map(({ name, inFlight: each }) => {
      const { perSecond, p50Us, p99Us, callerUs, instanceUs, failed, rounds } = each[level];
      const times = ours === undefined ? "" : `${spread(ratio(ours, rounds.perSecond))} ×`;
      const figures = [perSecond, times, p50Us, p99Us, callerUs, instanceUs];
      const cells = figures.map((figure) => (typeof figure === "string" ? figure : spread(figure)));
      return `| ${[inFlight, name, ...cells, failed.most].join(" | ")} |`;
    });
  });
  return [head, "| --- ".repeat(9).concat("|"), ...rows].join("\n");
}

/** Few columns: the JSON has the whole table. */
function readmeCalls(raced) {
  const level = ({ inFlight }) => inFlight.find((one) => one.inFlight === 64);
  const rows = raced.map((one) => {
    const { perSecond, p50Us, p99Us, callerUs, instanceUs } = level(one);
    const cells = [perSecond, p50Us, p99Us, callerUs, instanceUs].map(({ median }) => shown(median));
    return `| ${one.name}: ${one.about} | ${cells.join(" | ")} |`;
  });
  const head = "| 64 in flight | calls/s | p50 µs | p99 µs | caller's processor, µs/call | instances', µs/call |";
  return [head, "| --- ".repeat(6).concat("|"), ...rows].join("\n");
}

function pagesTable({ shops, inFlight, paused }) {
  const rows = shops.map(
    ({ name, perSecond, p50Us, p99Us, failed }) =>
      `| ${name} | ${spread(perSecond)} | ${spread(p50Us)} | ${spread(p99Us)} | ${failed.most} |`,
  );
  const head = `| page, ${inFlight} in flight | pages/s | p50 µs | p99 µs | failed |\n| --- | --- | --- | --- | --- |`;
  const { beforeP99Ms, firstMs, afterP99Ms } = paused;
  const summaryLine = `1 of 3 paused: p99 ${shown(beforeP99Ms)} ms before, first page ${shown(firstMs)} ms, then p99 ${shown(afterP99Ms)} ms`;
  return [head, ...rows, "", summaryLine].join("\n");
}
