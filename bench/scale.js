// `make scale`: real callers and simulated instances on a real bus, as many as this machine takes, and a model of more. See
// docs/scale.md.

import { readFileSync } from "node:fs";
import { hire, pause, startBus } from "./lib/crew.js";
import { progress } from "./lib/progress.js";
import { keepChart, keepInPage, keepResults, machine, measuredOn } from "./lib/report.js";
import { scaleChart } from "./lib/scale-chart.js";
import { modelTable } from "./lib/scale-model.js";
import { shown } from "./lib/statistics.js";

/** Callers and instances of each stage. */
const STAGES = [
  [10, 100],
  [10, 1_000],
  [20, 1_000],
  [40, 1_000],
  [20, 3_000],
  [10, 10_000],
];
const QUICK_STAGES = [[4, 100]];
const CALLERS_PER_PROCESS = 10;
/** A whole interval of the heartbeats: the instances of a stage begin together. */
const STEADY_MS = 15_000;
/** Of a large service: the callers say how many instances there are, and each of those has sent two heartbeats since. */
const LARGE = 3_000;
const SETTLE_MS = (instances) => (instances > LARGE ? 35_000 + 10 * instances : MS_PER_S);
const LARGE_STEADY_MS = 30_000;
const AWAY_MS = 1_000;
const HUNG_MS = 8_000;
const CALLS_PER_SECOND = 10;
const SAMPLE_MS = 250;
const SAMPLES_PER_SECOND = 4;
const US_PER_S = 1e6;
const MS_PER_S = 1_000;

const quick = (process.env.QUICK ?? "") !== "";
const before = await machine();
const stages = quick ? QUICK_STAGES : STAGES;
const bar = progress("scale", stages.length);
const results = [];
for (const [callers, instances] of stages) {
  bar.step(`${callers} callers, ${instances} instances`);
  results.push(await measure(callers, instances));
}
bar.end();
const page = [measuredOn(before), stageTable(results), ...(quick ? [] : [modelTable(results)])].join("\n\n");
console.log(`\n${page}`);
if (!quick) {
  keepResults("scale", { machine: before, stages: results });
  keepChart("scale", scaleChart(results, before));
  keepInPage("docs/scale.md", "scale", page);
  console.log("\nkept: bench/results/scale.json, docs/scale.svg, docs/scale.md");
} else console.log("\nnothing is written: only a run without QUICK replaces the figures of docs/scale.md");
process.exit();

async function measure(callerCount, instances) {
  const bus = await startBus();
  const fleet = hire([], "scale-child.js");
  await fleet.send({ do: "serve", server: bus.url, from: 1, count: instances });
  const crews = [];
  for (let place = 0; place * CALLERS_PER_PROCESS < callerCount; place++)
    crews.push(hire(["--expose-gc"], "scale-child.js"));
  const counts = crews.map((_, place) => Math.min(CALLERS_PER_PROCESS, callerCount - place * CALLERS_PER_PROCESS));
  const ofAll = (order) =>
    Promise.all(crews.map((crew, place) => crew.send({ ...order, place, count: order.count ?? counts[place] })));
  const heapBefore = sum(await ofAll({ do: "heap" }));
  const beganAt = Date.now();
  await ofAll({ do: "open", server: bus.url });
  const knownMs = Math.max(...(await ofAll({ do: "untilFresh", count: instances }))) - beganAt;
  const bytes = (sum(await ofAll({ do: "heap" })) - heapBefore) / (callerCount * instances);
  const steady = await steadyState(ofAll, callerCount, instances, bus.pid);
  const hung = await hang(ofAll, fleet, instances);
  const restart = await restartBus(ofAll, fleet, bus, callerCount, instances);
  for (const each of [fleet, ...crews]) await each.end();
  await restart.bus.end("SIGKILL");
  return {
    callers: callerCount,
    instances,
    knownMs,
    bytes,
    ...steady,
    ...hung,
    ...restart.measured,
  };
}

async function steadyState(ofAll, callers, instances, serverPid) {
  await pause(SETTLE_MS(instances));
  const forMs = instances > LARGE ? LARGE_STEADY_MS : STEADY_MS;
  const [one, serverOne] = [total(await ofAll({ do: "look" })), processorUs(serverPid)];
  await pause(forMs);
  const [two, serverTwo] = [total(await ofAll({ do: "look" })), processorUs(serverPid)];
  const seconds = forMs / MS_PER_S;
  return {
    heartbeatsPerSecond: (two.heartbeats - one.heartbeats) / seconds,
    callerShare: (two.usedUs - one.usedUs) / seconds / US_PER_S / callers,
    serverShare: (serverTwo - serverOne) / seconds / US_PER_S,
  };
}

/** One instance hangs: the requests that still reach it, and for how long. */
async function hang(ofAll, fleet, instances) {
  await ofAll({ do: "load", perSecond: CALLS_PER_SECOND, instances });
  await pause(MS_PER_S);
  const hungAt = Date.now();
  await fleet.send({ do: "hang", number: 1 });
  await pause(HUNG_MS);
  const reached = await fleet.send({ do: "heal", number: 1 });
  await ofAll({ do: "rest" });
  return { reached: reached.length, avoidedMs: reached.length === 0 ? 0 : reached.at(-1) - hungAt };
}

async function restartBus(ofAll, fleet, bus, callers, instances) {
  await ofAll({ do: "mark" });
  const [before, rollCallsBefore] = [total(await ofAll({ do: "look" })), await fleet.send({ do: "rollCalls" })];
  await bus.end("SIGKILL");
  await pause(AWAY_MS);
  const again = await startBus(bus.port);
  const startedAt = Date.now();
  let isOver = false;
  const samples = sample(ofAll, () => isOver);
  const freshAt = Math.max(...(await ofAll({ do: "untilFresh", count: instances })));
  await pause(MS_PER_S);
  isOver = true;
  const peakShare = (await samples) / callers;
  const heartbeats = total(await ofAll({ do: "look" })).heartbeats - before.heartbeats;
  const rollCalls = (await fleet.send({ do: "rollCalls" })) - rollCallsBefore;
  const measured = { freshMs: freshAt - startedAt, peakShare, rollCalls, copies: heartbeats / (callers * instances) };
  return { bus: again, measured };
}

/** The most processor time of all callers in any second, as a share of one core. */
async function sample(ofAll, isOver) {
  const used = [];
  while (!isOver()) {
    used.push(total(await ofAll({ do: "look" })).usedUs);
    await pause(SAMPLE_MS);
  }
  const inSecond = used.map((value, at) => value - used[Math.max(0, at - SAMPLES_PER_SECOND)]);
  return Math.max(...inSecond) / US_PER_S;
}

function sum(values) {
  return values.reduce((all, one) => all + one, 0);
}

function total(looks) {
  const of = (name) => sum(looks.map((look) => look[name]));
  return { heartbeats: of("heartbeats"), usedUs: of("usedUs") };
}

/** Of another process: fields 14 and 15, behind the name, in ticks of 10 ms (proc(5)). */
function processorUs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function stageTable(rows) {
  const head =
    "| callers | instances | all known after | heartbeats/s, all callers | a caller's share of a core | the server's | bytes per caller and instance | calls that reached a hung one, and until | all fresh after a restart of the bus | roll calls of it | heartbeats of it, for each caller and instance | a caller's share of a core, worst second of it |";
  const percent = (share) => `${shown(share * 100)} %`;
  const lines = rows.map((row) =>
    [
      ...["", row.callers, row.instances, `${shown(row.knownMs)} ms`, shown(row.heartbeatsPerSecond)],
      ...[percent(row.callerShare), percent(row.serverShare), shown(row.bytes)],
      ...[`${row.reached}, ${shown(row.avoidedMs)} ms`, `${shown(row.freshMs)} ms`],
      ...[shown(row.rollCalls), shown(row.copies), percent(row.peakShare), ""],
    ]
      .join(" | ")
      .trim(),
  );
  return [head, "| --- ".repeat(12).concat("|"), ...lines].join("\n");
}
