// `make chaos`: the shop on a real network of its own, and what befalls it. Prints a table, writes it as JSON, and ends
// with 1 when a promise broke. As root; elsewhere it says what is missing and counts as skipped.
//
//   node dist/test/chaos/chaos.js [FAULT…]     all faults, or those named

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { programFolders } from "../../src/bus/server/server-process.ts";
import { defaultHealthRules } from "../../src/settings.ts";
import { pause } from "../support/until.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { findNeeds } from "./needs.ts";
import { sweep } from "./network.ts";
import { asJson, broken, type Outcome, seconds, table } from "./report.ts";
import { RETESTS, Town } from "./town.ts";

const REPORT = "chaos.json";
/** Nothing is silent for longer. */
const TELL_EVERY_MS = 1_000;
/** The town is watched this long after it has recovered: what flaps has not. */
const WATCH_MS = 3_000;
/** Before a fault: what it counts is its own. */
const REST_MS = 1_000;
const POLL_INTERVAL_MS = 50;
const INTERRUPTED = 130;
/** Before anybody's heartbeat can come through, the nodes of the bus have to find each other again. */
const BUS_HEALS_TIMEOUT_MS = 3_000;
/** What is promised: the next heartbeat of everybody has come by then. */
const RECOVER_TIMEOUT_MS = defaultHealthRules().heartbeatIntervalMs + BUS_HEALS_TIMEOUT_MS;
/** A recovery that comes late is still worth a number. */
const GIVE_UP_MS = 2 * RECOVER_TIMEOUT_MS;

const startedAt = performance.now();
let interrupted = false;
const say = (text: string): void =>
  console.log(`chaos: ${seconds(performance.now() - startedAt).padStart(8)}  ${text}`);

function chosen(words: readonly string[]): readonly Fault[] {
  const unknown = words.filter((word) => !FAULTS.some(({ name }) => name === word));
  if (unknown.length > 0) {
    console.error(`chaos: there is no fault called ${unknown.join(", ")}. Type one of:`);
    for (const { name, title } of FAULTS) console.error(`  make chaos ONLY=${name.padEnd(10)} ${title}`);
    process.exit(2);
  }
  return words.length === 0 ? FAULTS : FAULTS.filter(({ name }) => words.includes(name));
}

async function suffer(town: Town, { name, title, befall }: Fault): Promise<Outcome> {
  const { standing } = town;
  let phase = "about to begin";
  const ticker = setInterval(() => {
    const { pages, ratingsFailed, breakersOpened } = standing.tally;
    say(`${name}, ${phase}: ${pages} pages, ${ratingsFailed} ratings failed, ${breakersOpened} breakers opened`);
  }, TELL_EVERY_MS);
  try {
    await pause(REST_MS);
    phase = "going on";
    const beganAtMs = performance.now();
    standing.begin(beganAtMs);
    await befall(town);
    phase = "over";
    standing.over(performance.now());
    const faultMs = performance.now() - beganAtMs;
    await watch(town);
    const errors = [...standing.errors].map(([what, count]) => `${what} (${count} times)`);
    const { tally, noticedMs, recoveredMs, missing } = standing;
    return { name, title, tally, faultMs, noticedMs, recoveredMs, missing, errors };
  } finally {
    clearInterval(ticker);
  }
}

/** Until everything has been well for a while, or will not be. */
async function watch({ standing }: Town): Promise<void> {
  const overAtMs = performance.now();
  const passedMs = (): number => performance.now() - overAtMs;
  while (passedMs() < GIVE_UP_MS && passedMs() < (standing.recoveredMs ?? GIVE_UP_MS) + WATCH_MS)
    await pause(POLL_INTERVAL_MS);
}

function conclude(outcomes: readonly Outcome[]): number {
  console.log(`\n${table(outcomes, RECOVER_TIMEOUT_MS)}\n`);
  writeFileSync(REPORT, asJson(outcomes, RECOVER_TIMEOUT_MS));
  console.log(`chaos: the same as JSON is in ${REPORT}`);
  const wrong = outcomes.flatMap((outcome) =>
    broken(outcome, RECOVER_TIMEOUT_MS).map((what) => `chaos: BROKEN by ${outcome.name}: ${what}`),
  );
  for (const line of wrong) console.log(line);
  if (wrong.length === 0) console.log(`chaos: ${outcomes.length} faults, and every promise holds`);
  return wrong.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const faults = chosen(process.argv.slice(2));
  // A person who became root may have kept a PATH without the folders where Debian keeps ip and nats-server.
  const folders = programFolders(process.env["PATH"]);
  process.env["PATH"] = folders.join(delimiter);
  const needs = await findNeeds(folders);
  if (needs.kind === "missing") {
    console.log(`chaos: skipped: ${needs.why}`);
    return 0;
  }
  const old = await sweep();
  if (old.length > 0) say(`removed ${old.length} namespaces that an earlier run left behind`);
  const folder = mkdtempSync(join(tmpdir(), `chaos-${process.pid}-`));
  const town = new Town(folder, needs.natsServer);
  leaveInOrder(town, folder);
  say(
    `settings that are not the usual ones: ${Object.entries(RETESTS)
      .map((pair) => pair.join("="))
      .join(" ")}`,
  );
  let code = 1;
  try {
    await town.build(say);
    const outcomes: Outcome[] = [];
    for (const fault of faults) {
      say(`${fault.name}: ${fault.title}`);
      outcomes.push(await suffer(town, fault));
    }
    code = conclude(outcomes);
  } finally {
    await town.remove();
    if (code === 0 || interrupted) rmSync(folder, { recursive: true, force: true });
    else console.log(`chaos: what everybody printed is kept in ${folder}`);
  }
  return code;
}

function leaveInOrder(town: Town, folder: string): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      interrupted = true;
      say("interrupted: removing every namespace");
      town
        .remove()
        .finally(() => rmSync(folder, { recursive: true, force: true }))
        .finally(() => process.exit(INTERRUPTED))
        .catch(() => undefined);
    });
  }
}

// Whoever takes the town away under main's feet makes it fail: that is no fault of main's.
process.exit(
  await main().catch((error: unknown) => {
    if (interrupted) return INTERRUPTED;
    throw error;
  }),
);
