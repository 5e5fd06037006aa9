// `make chaos`: runs the shop on a real network of its own and injects faults. Prints a table, writes it as JSON, and
// exits with 1 when a promise broke. Needs root. Without it the run prints what is missing and counts as skipped.
//
//   node dist/test/chaos/chaos.js [FAULT…]     all faults, or those named

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { programFolders } from "../../src/bus/server/server-process.ts";
import { defaultHealthRules } from "../../src/settings.ts";
import { pause } from "../support/until.ts";
import { Cluster, RETESTS } from "./cluster.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { findNeeds } from "./needs.ts";
import { sweep } from "./network.ts";
import { asJson, broken, type Outcome, seconds, table } from "./report.ts";

const REPORT = "chaos.json";
/** Interval of the progress lines. */
const PRINT_EVERY_MS = 1_000;
/** The run watches the cluster this long after its recovery: a breaker that flaps has not recovered. */
const WATCH_MS = 3_000;
/** Pause before each fault, so that its counts hold no effect of the fault before. */
const REST_MS = 1_000;
const POLL_INTERVAL_MS = 50;
const INTERRUPTED = 130;
/** The nodes of the bus reconnect to each other before the first heartbeat can arrive. */
const BUS_HEALS_TIMEOUT_MS = 3_000;
/** The promise: by then the next heartbeat of every instance has arrived. */
const RECOVER_TIMEOUT_MS = defaultHealthRules().heartbeatIntervalMs + BUS_HEALS_TIMEOUT_MS;
/** A late recovery is still measured. */
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

async function runFault(cluster: Cluster, { name, title, inject }: Fault): Promise<Outcome> {
  const { convergence } = cluster;
  let phase = "about to begin";
  const ticker = setInterval(() => {
    const { pages, ratingsFailed, breakersOpened } = convergence.tally;
    say(`${name}, ${phase}: ${pages} pages, ${ratingsFailed} ratings failed, ${breakersOpened} breakers opened`);
  }, PRINT_EVERY_MS);
  try {
    await pause(REST_MS);
    phase = "going on";
    const beganAtMs = performance.now();
    convergence.begin(beganAtMs);
    await inject(cluster);
    phase = "over";
    convergence.over(performance.now());
    const faultMs = performance.now() - beganAtMs;
    await watch(cluster);
    const errors = [...convergence.errors].map(([what, count]) => `${what} (${count} times)`);
    const { tally, noticedMs, recoveredMs, missing } = convergence;
    return { name, title, tally, faultMs, noticedMs, recoveredMs, missing, errors };
  } finally {
    clearInterval(ticker);
  }
}

/** Resolves after WATCH_MS of a recovered cluster, or after GIVE_UP_MS. */
async function watch({ convergence }: Cluster): Promise<void> {
  const overAtMs = performance.now();
  const passedMs = (): number => performance.now() - overAtMs;
  while (passedMs() < GIVE_UP_MS && passedMs() < (convergence.recoveredMs ?? GIVE_UP_MS) + WATCH_MS)
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
  const cluster = new Cluster(folder, needs.natsServer);
  leaveInOrder(cluster, folder);
  say(
    `settings other than the defaults: ${Object.entries(RETESTS)
      .map((pair) => pair.join("="))
      .join(" ")}`,
  );
  let code = 1;
  try {
    await cluster.build(say);
    const outcomes: Outcome[] = [];
    for (const fault of faults) {
      say(`${fault.name}: ${fault.title}`);
      outcomes.push(await runFault(cluster, fault));
    }
    code = conclude(outcomes);
  } finally {
    await cluster.remove();
    if (code === 0 || interrupted) rmSync(folder, { recursive: true, force: true });
    else console.log(`chaos: the output of every process is kept in ${folder}`);
  }
  return code;
}

function leaveInOrder(cluster: Cluster, folder: string): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      interrupted = true;
      say("interrupted: removing every namespace");
      cluster
        .remove()
        .finally(() => rmSync(folder, { recursive: true, force: true }))
        .finally(() => process.exit(INTERRUPTED))
        .catch(() => undefined);
    });
  }
}

// An interrupt removes the cluster while `main` runs, so `main` throws. That is not an error.
process.exit(
  await main().catch((error: unknown) => {
    if (interrupted) return INTERRUPTED;
    throw error;
  }),
);
