// What a run leaves behind: its figures as JSON, the chart, and the block of README between the markers of its name.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

export function keepResults(name, results) {
  writeFileSync(join(ROOT, `bench/results/${name}.json`), `${JSON.stringify(rounded(results), undefined, 1)}\n`);
}

const DECIMALS = 1_000;

/** Three decimals are more than any of these figures has. */
const rounded = (value) =>
  JSON.parse(
    JSON.stringify(value, (_key, each) => (typeof each === "number" ? Math.round(each * DECIMALS) / DECIMALS : each)),
  );

export const machine = () => ({
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  /** Of the minute before the run; taken when this is asked, so it is asked first. */
  load: loadavg()[0],
});

/** Where and when; and a warning where the figures deserve one. */
export function measuredOn({ date, node, cores, load }) {
  const busy = load > BUSY_SHARE * cores ? ` The machine was busy (load ${load.toFixed(1)}): not to be relied on.` : "";
  return `Measured on ${date} with Node ${node.slice(1)} on ${cores} cores.${busy}`;
}

/** Others took up half of the processors before anything of ours ran. */
const BUSY_SHARE = 0.5;

export const keepChart = (svg) => writeFileSync(join(ROOT, "docs/bench.svg"), svg);

/** @throws Error when README has no such place: then it would silently keep old figures */
export function keepInReadme(name, text) {
  const file = join(ROOT, "README.md");
  const readme = readFileSync(file, "utf8");
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for these figures: ${begin} … ${end}`);
  writeFileSync(file, `${readme.slice(0, from + begin.length)}\n${text}\n${readme.slice(to)}`);
}
