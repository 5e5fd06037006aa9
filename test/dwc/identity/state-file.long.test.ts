// takes: 40 s
// The state file under force: many processes at once, and killed at any moment of a change.

import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { clock, Folder } from "../../support/orgs.ts";

const test = suite<{ folder: Folder }>("state file under force");

const AT_ONCE = 50;
const KILLS = 200;
/** Each with kills of its own, so that no core waits for the other. */
const FOLDERS = 2;
/** The service that change-state copies. */
const FIRST = "first";
/** A little longer than a change takes, so that most kills come in the middle of one and some after it. */
const LATEST_KILL = 1.2;

test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

const script = fileURLToPath(new URL("../../support/change-state.js", import.meta.url));

function startChange(
  folder: Folder,
  service: string,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = fork(script, [folder.path, service], { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, said })));
  return { child, ended };
}

/** How long a change takes from when its process is ready for it, in ms: the middle one of five. */
async function measureChange(folder: Folder): Promise<number> {
  const took: number[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) {
    const { child, ended } = startChange(folder, name);
    await new Promise((resolve) => child.once("message", resolve));
    const beganAt = performance.now();
    assert.is((await ended).code, 0);
    took.push(performance.now() - beganAt);
  }
  return took.toSorted((a, b) => a - b)[2] ?? 0;
}

async function hasAService(folder: Folder): Promise<void> {
  await folder.createOrg();
  await folder.createService(FIRST);
}

test(`${AT_ONCE} changes by ${AT_ONCE} processes at once are ${AT_ONCE} changes, in one whole file`, async ({
  folder,
}) => {
  await hasAService(folder);
  const names = Array.from({ length: AT_ONCE }, (_, place) => `service-${String(place).padStart(2, "0")}`);
  const ends = await Promise.all(names.map((name) => startChange(folder, name).ended));
  assert.equal(
    ends.filter(({ code }) => code !== 0),
    [],
  );
  assert.equal(folder.serviceNames, [FIRST, ...names]);
  for (const name of names) assert.ok(existsSync(paths.serviceCreds(folder.path, folder.org.id, name)), name);
});

/** One change that is killed after a while. What was known before is still there, and the new one wholly or not at all. */
async function killOne(folder: Folder, name: string, latestMs: number): Promise<"before" | "after"> {
  const known = folder.serviceNames;
  const { child, ended } = startChange(folder, name);
  await new Promise((resolve) => child.once("message", resolve));
  clock.after(Math.random() * latestMs, () => child.kill("SIGKILL"));
  await ended;
  const found = folder.serviceNames;
  const isNew = found.includes(name);
  assert.equal(found, (isNew ? [...known, name] : known).toSorted(), name);
  return isNew ? "after" : "before";
}

async function leavesNothing(folder: Folder): Promise<void> {
  const known = folder.serviceNames;
  await folder.createService("the-last");
  assert.equal(folder.serviceNames, [...known, "the-last"].toSorted());
  const asides = paths.tempFiles(folder.path);
  assert.not.ok(existsSync(asides) && readdirSync(asides).length > 0, "leftovers");
}

test(`killed at ${KILLS} moments of a change, it leaves the old state or the new one, and the next change works`, async () => {
  const folders = Array.from({ length: FOLDERS }, () => new Folder());
  const outcomes: string[] = [];
  const killMany = async (folder: Folder): Promise<void> => {
    await hasAService(folder);
    const tookMs = await measureChange(folder);
    for (let turn = 0; turn < KILLS / FOLDERS; turn += 1)
      outcomes.push(await killOne(folder, `service-${turn}`, tookMs * LATEST_KILL));
    await leavesNothing(folder);
  };
  try {
    await Promise.all(folders.map(killMany));
  } finally {
    for (const folder of folders) folder.remove();
  }
  const before = outcomes.filter((outcome) => outcome === "before").length;
  assert.is(outcomes.length, KILLS);
  assert.ok(before > KILLS / 20 && before < KILLS - KILLS / 20, `${before} of ${KILLS} kills came before the change`);
});

test.run();
