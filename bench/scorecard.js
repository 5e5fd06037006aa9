// `make scorecard`: the same faults on ours, moleculer and NATS micro. See docs/performance.md. ONLY="600 ms" measures the
// faults of that name again, and keeps the other rows.

import { MICRO, MOLECULER, OURS } from "./contestants/all.js";
import { deathTable, sufferDeaths } from "./lib/deaths.js";
import { FAULTS } from "./lib/faults.js";
import { progress } from "./lib/progress.js";
import { keepInPage, keepResults, machine, measuredOn, readResults } from "./lib/report.js";
import { judge, scoreTable } from "./lib/score.js";
import { openStage } from "./lib/stage.js";

/** Long enough for the slowest of the three: its heartbeats are valid for 30 s and checked every 15 s. */
const WATCH_MS = { fault: 70_000, after: 40_000 };
const QUICK_WATCH_MS = { fault: 6_000, after: 6_000 };
const DEATHS = 50;
const QUICK_DEATHS = 3;
const CONTESTANTS = [OURS, MOLECULER, MICRO];

const quick = (process.env.QUICK ?? "") !== "";
const watchMs = quick ? QUICK_WATCH_MS : WATCH_MS;
const only = process.env.ONLY ?? "";
const faults = FAULTS.filter(({ name }) => new RegExp(only).test(name));
const before = await machine();
const kept = only === "" ? undefined : readResults("scorecard");
const shown = progress("scorecard", faults.length + (kept ? 0 : 1));
const measured = [];
for (const fault of faults) {
  shown.step(fault.name);
  // All three at once, each on a bus of its own: that is little load, and each has the same machine.
  measured.push(...(await Promise.all((fault.only ?? CONTESTANTS).map((contestant) => suffer(contestant, fault)))));
}
const deaths = kept?.deaths ?? (await dieOften());
shown.end();
const scores = kept === undefined ? measured : withNew(kept.scores, measured);
const page = `${scoreTable(scores)}\n\n${deathTable(deaths)}`;
console.log(`\n${page}`);
if (!quick) {
  keepResults("scorecard", { machine: before, watchMs, scores, deaths });
  keepInPage("docs/performance.md", "scorecard", `${measuredOn(before)}\n\n${page}`);
  console.log("\nkept: bench/results/scorecard.json, docs/performance.md");
} else console.log("\nnothing is written: only a run without QUICK replaces the figures of docs/performance.md");
process.exit();

function dieOften() {
  const tries = quick ? QUICK_DEATHS : DEATHS;
  shown.step(`1 of 2 killed with calls in its hands, ${tries} times`);
  return Promise.all(CONTESTANTS.map((contestant) => sufferDeaths(contestant, tries)));
}

/** The kept rows, with those that were measured now in their places. */
function withNew(rows, now) {
  return rows.map((row) => now.find((one) => one.fault === row.fault && one.contestant === row.contestant) ?? row);
}

async function suffer(contestant, fault) {
  const stage = await openStage(contestant, fault.setting);
  try {
    await stage.load();
    const times = await fault.strike(stage, watchMs);
    return { contestant, fault: fault.name, ...judge(await stage.calls(), times, fault) };
  } finally {
    await stage.end();
  }
}
