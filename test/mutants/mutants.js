// Mutation testing of the code that tests reach without a process: the score of each folder, and each mutant that no test
// noticed. make mutants runs all folders; FOLDER=health one; FOLDER=dwc/commands/ps.ts those files of src/ alone;
// UPDATE=1 writes what it tried, and its score, to test/mutants/scores.json.
//
// A mutant that no test can notice is named in test/mutants/equivalent.json, by its text and with the reason, and counts
// neither way. A mutant in code that runs when a module loads (a constant) is not tried: it would need a process each.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const project = at("../..");
const EQUIVALENT = at("equivalent.json");
const SCORES = at("scores.json");
const REPORT = at("../../.prepared/mutants.json");

/** Files that neither tests without processes nor the simulation reach, each with its reason. */
const LEFT_OUT = Object.keys(JSON.parse(readFileSync(at("left-out.json"), "utf8"))).map((file) => `${file}.ts`);

/** The files beside core/ that decide, and read and write nothing. */
const DECIDING = ["invitation-code", "invitations", "mint", "outdated-list"].map((name) => `dwc/identity/${name}.ts`);

/**
 * The score that each folder has to reach, in percent, and where its code lies below src/. `without`: what only tests with
 * processes reach.
 */
const FOLDERS = {
  health: { goal: 90, places: ["health/"] },
  service: { goal: 85, places: ["service/"], without: LEFT_OUT },
  connect: { goal: 85, places: ["connect/", "metrics/", "testing/"], without: LEFT_OUT },
  faults: { goal: 85, places: ["faults/"], without: LEFT_OUT },
  bus: { goal: 85, places: ["bus/"], without: LEFT_OUT },
  util: { goal: 85, places: ["util/"] },
  monitor: { goal: 85, places: ["monitor/"] },
  market: {
    goal: 85,
    places: ["market/"],
    without: ["board/traffic-switch", "compose", "market", "ratings/market-bus", "web/listen"].map(
      (name) => `market/${name}.ts`,
    ),
  },
  ratings: { goal: 85, places: ["ratings/"], without: LEFT_OUT },
  dwc: { goal: 85, places: ["dwc/cli/core/", "dwc/commands/", "dwc/live/core/"] },
  identity: { goal: 85, places: ["dwc/identity/core/", ...DECIDING] },
};

const filesOf = ({ places, without = [] }) => [
  ...places.map((place) => `src/${place}${place.endsWith("/") ? "**/*.ts" : ""}`),
  ...without.map((file) => `!src/${file}`),
];

const [only = "", keep = ""] = process.argv.slice(2);
const wanted = only.split(" ").filter((word) => word !== "");
const files = wanted.filter((word) => word.endsWith(".ts"));
const folders = Object.keys(FOLDERS).filter((folder) => wanted.length === 0 || wanted.includes(folder));
if (folders.length + files.length === 0) {
  console.error(`mutants: no folder is called ${only}: one of ${Object.keys(FOLDERS).join(", ")}, or a file of src/`);
  process.exit(2);
}

const mutate = [...folders.flatMap((folder) => filesOf(FOLDERS[folder])), ...files.map((file) => `src/${file}`)];
const stryker = at("node_modules/@stryker-mutator/core/bin/stryker.js");
const run = spawnSync(process.execPath, [stryker, "run", at("stryker.json"), "--mutate", mutate.join(",")], {
  cwd: project,
  stdio: "inherit",
  // make exports what was typed. With UPDATE=1 a golden file would accept every text, and every mutant in one would survive.
  env: { ...process.env, UPDATE: "" },
});
if (run.status !== 0 || !existsSync(REPORT)) {
  console.error("mutants: the run did not end well (above)");
  process.exit(1);
}
const results = resultsOf(JSON.parse(readFileSync(REPORT, "utf8")).files, JSON.parse(readFileSync(EQUIVALENT, "utf8")));
print(results);
if (keep !== "") {
  const kept = existsSync(SCORES) ? JSON.parse(readFileSync(SCORES, "utf8")) : {};
  writeFileSync(SCORES, `${JSON.stringify({ ...kept, ...scoresOf(results) }, null, 2)}\n`);
}
process.exit(results.some(({ folder, score }) => score < FOLDERS[folder]?.goal) ? 1 : 0);

function resultsOf(tried, equivalent) {
  const places = [...folders.map((folder) => [folder, FOLDERS[folder].places]), ...files.map((file) => [file, [file]])];
  return places.map(([folder, starts]) => {
    const mutants = Object.entries(tried)
      .filter(([path]) => starts.some((place) => path.startsWith(`src/${place}`)))
      .flatMap(([path, file]) => file.mutants.map((mutant) => read(path, file.source, mutant)));
    const isEquivalent = (one) =>
      equivalent.some(
        ({ file, from, to }) => file === one.path.slice("src/".length) && from === one.from && to === one.to,
      );
    const missed = mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage");
    const survivors = missed.filter((one) => !isEquivalent(one));
    const caught = mutants.filter(({ status }) => status === "Killed" || status === "Timeout").length;
    const all = caught + survivors.length;
    return {
      folder,
      caught,
      survivors,
      equivalent: missed.length - survivors.length,
      untried: mutants.length - caught - missed.length,
      score: all === 0 ? 100 : (100 * caught) / all,
    };
  });
}

function read(path, source, { status, replacement, location }) {
  const lines = source.split("\n");
  const { start, end } = location;
  const part = lines.slice(start.line - 1, end.line);
  part[part.length - 1] = part.at(-1).slice(0, end.column - 1);
  part[0] = part[0].slice(start.column - 1);
  return { path, line: start.line, status, from: squeezed(part.join("\n")), to: squeezed(replacement) };
}

function squeezed(text) {
  return text.replace(/\s+/g, " ");
}

function print(all) {
  for (const { survivors } of all)
    for (const { path, line, status, from, to } of survivors)
      console.log(
        `${path}:${line} ${status === "NoCoverage" ? "no test reaches" : "no test notices"}\n  - ${from}\n  + ${to}`,
      );
  console.log("folder    score   caught   missed   equivalent   not tried");
  for (const { folder, score, caught, survivors, equivalent, untried } of all)
    console.log(
      [
        folder.padEnd(8),
        `${score.toFixed(1)} %`.padStart(7),
        String(caught).padStart(8),
        String(survivors.length).padStart(8),
        String(equivalent).padStart(12),
        String(untried).padStart(11),
      ].join(" "),
    );
}

function scoresOf(all) {
  return Object.fromEntries(
    all.map(({ folder, score, caught, survivors, equivalent }) => [
      folder,
      { score: Math.round(score * 10) / 10, caught, missed: survivors.length, equivalent },
    ]),
  );
}
