// The results of a run: its figures as JSON, the chart, and the block of README between the markers of its name.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "../..");

export function keepResults(name, results) {
  writeFileSync(join(ROOT, `bench/results/${name}.json`), `${JSON.stringify(rounded(results), undefined, 1)}\n`);
}

export const readResults = (name) => JSON.parse(readFileSync(join(ROOT, `bench/results/${name}.json`), "utf8"));

const DECIMALS = 1_000;

/** Three decimals: more than any of these figures has significant digits. */
const rounded = (value) =>
  JSON.parse(
    JSON.stringify(value, (_key, each) => (typeof each === "number" ? Math.round(each * DECIMALS) / DECIMALS : each)),
  );

/** The machine, and its load. Read first, before any process of ours runs. */
export const machine = async () => ({
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  busyShare: await busyShare(),
});

/** Not the load average, which still contains the minute before. */
const LOOK_MS = 2_000;

/** The share of processor time that other programs use now, from 0 to 1. */
async function busyShare() {
  const before = spent();
  await pause(LOOK_MS);
  const after = spent();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function spent() {
  const times = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    idle,
    all: user + nice + sys + idle + irq,
  }));
  return times.reduce((sum, { idle, all }) => ({ idle: sum.idle + idle, all: sum.all + all }));
}

/** Machine and date, and a warning where the figures need one. */
export function measuredOn({ date, node, cores, busyShare: share }) {
  const percent = Math.round(share * PERCENT);
  const busy =
    share > MAX_BUSY ? ` The machine was busy (${percent} % of it, before the run): not to be relied on.` : "";
  return `Measured on ${date} with Node ${node.slice(1)} on ${cores} cores.${busy}`;
}

/** A fifth of two processors is a program that runs now and then. More competes with the measurement. */
const MAX_BUSY = 0.2;
const PERCENT = 100;

export const keepChart = (name, svg) => writeFileSync(join(ROOT, `docs/${name}.svg`), svg);

/** @throws Error when the page lacks the markers: else it would silently keep old figures. Also for a figure that is none */
export function keepInPage(page, name, text) {
  const [none] = /NaN|Infinity|∞|undefined/.exec(text) ?? [];
  if (none !== undefined) throw new Error(`the figures for ${page} contain ${none}`);
  const file = join(ROOT, page);
  const before = readFileSync(file, "utf8");
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for these figures: ${begin} … ${end}`);
  writeFileSync(file, `${before.slice(0, from + begin.length)}\n${text}\n${before.slice(to)}`);
}
