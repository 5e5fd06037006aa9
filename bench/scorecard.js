// `make scorecard`: the same faults on ours, moleculer and NATS micro. See README, "How fast it is".

import { MICRO, MOLECULER, OURS } from "./contestants/all.js";
import { FAULTS } from "./lib/faults.js";
import { progress } from "./lib/progress.js";
import { keepInPage, keepResults, machine, measuredOn } from "./lib/report.js";
import { judge, scoreTable } from "./lib/score.js";
import { openStage } from "./lib/stage.js";

/** Long enough for the slowest of the three: its heartbeats are valid for 30 s and checked every 15 s. */
const WATCH_MS = { fault: 70_000, after: 40_000 };
const QUICK_WATCH_MS = { fault: 6_000, after: 6_000 };
const CONTESTANTS = [OURS, MOLECULER, MICRO];

const quick = (process.env.QUICK ?? "") !== "";
const watchMs = quick ? QUICK_WATCH_MS : WATCH_MS;
const before = await machine();
const shown = progress("scorecard", FAULTS.length);
const scores = [];
for (const fault of FAULTS) {
  shown.step(fault.name);
  // All three at once, each on a bus of its own: that is little load, and each has the same machine.
  scores.push(...(await Promise.all(CONTESTANTS.map((contestant) => suffer(contestant, fault)))));
}
shown.end();
console.log(`\n${scoreTable(scores)}`);
if (!quick) {
  keepResults("scorecard", { machine: before, watchMs, scores });
  keepInPage("docs/performance.md", "scorecard", `${measuredOn(before)}\n\n${scoreTable(scores)}`);
  console.log("\nkept: bench/results/scorecard.json, docs/performance.md");
} else console.log("\nnothing is written: only a run without QUICK replaces the figures of docs/performance.md");
process.exit();

async function suffer(contestant, fault) {
  const stage = await openStage(contestant, fault.setting);
  try {
    const times = await fault.strike(stage, watchMs);
    return { contestant, fault: fault.name, ...judge(await stage.calls(), times, fault) };
  } finally {
    await stage.end();
  }
}
