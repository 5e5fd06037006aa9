// takes: 60 s
// The whole tour with real programs: by itself, and with a person's keys at a real terminal.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import * as assert from "uvu/assert";
import { STOPS } from "../../src/tour/core/stops.ts";
import { stopHeading } from "../../src/tour/core/texts.ts";
import { carries, livingProcesses, type ProcessRow } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { worldSuite } from "../support/system.ts";
import { openWindow, type Window } from "../support/terminal.ts";
import { until, type World } from "../support/world.ts";

const tour = worldSuite("make tour");

const TIMEOUT_MS = 30_000;
/** Eight seconds on an idle machine; on a busy one, ten times as long. */
const TOUR_TIMEOUT_MS = 150_000;

tour("shows every stop by itself, with a claim for each, and ends with nothing left behind", async ({ world }) => {
  const program = world.start({ name: "tour", args: ["--auto"], env: { PORT: "0" } });
  let ended: unknown;
  void program.ended.then((exit) => (ended = exit));
  await until(
    "the tour is over",
    () => ended !== undefined,
    TOUR_TIMEOUT_MS,
    () => program.lines.slice(-12).join("\n"),
  );
  assert.equal(ended, { code: 0, signal: null });
  for (const stop of STOPS)
    assert.is(program.lines.filter((line) => line === `── ${stopHeading(stop)}`).length, 1, stopHeading(stop));
  assert.is(program.count(/^√ /), STOPS.length, "one claim for each stop");
  assert.is(program.count(/^· Passed: /), 0);
  assert.is(program.count(/\^C where|\^Z where/), 0, "the tour owns all of them");
  await until("no process is left", () => livingProcesses().every(({ pid }) => !carries(pid, world.stateDir)));
});

tour("waits for the person, does it at a key, and goes on next time where it was left", async ({ world }) => {
  const window = await openTour(world);
  try {
    const [, url = ""] = await window.waitFor(/The Market is open at (http:\S+):/, TIMEOUT_MS);
    await window.waitFor(/1, 2 of 15[\s\S]*→ 2\. Waiting for a page\./, TIMEOUT_MS);
    // The programs' first lines come before the first stop, so no line interrupts a task.
    await window.waitFor(/bus {9}nothing answered at [\s\S]*The Market is open at /, TIMEOUT_MS);
    await (await fetch(url)).text(); // the person does it
    await window.waitFor(/√ The Market knows[\s\S]*3, 4 of 15[\s\S]*→ 3\. Waiting for instances 1, 2, 3/, TIMEOUT_MS);
    window.type("\r"); // the tour does it
    await window.waitFor(/→ 4\. Waiting for a page\./, TIMEOUT_MS);
    window.type("\r");
    await window.waitFor(/√ All 4 ratings are fresh[\s\S]*5, 6 of 15[\s\S]*→ 5\. Waiting for the end/, TIMEOUT_MS);
    window.ctrlC();
    await window.waitFor(/End the tour\? \^C again ends it/, TIMEOUT_MS);
    assert.not.match(window.output(), "everything has ended");
    window.ctrlC();
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS);
    // The shell of the window has the same environment.
    const isLeft = ({ pid, command }: ProcessRow): boolean =>
      /nats-server|dist\/bin/.test(command) && carries(pid, world.stateDir);
    await until("no process is left", () => !livingProcesses().some(isLeft));
    const from = window.mark();
    window.type(COMMAND);
    const left = /You left at 5, 6 of 15: All of them fail, and go on there; running again: instances 1, 2, 3/;
    await window.waitFor(left, TIMEOUT_MS, from);
    await window.waitFor(/5, 6 of 15[\s\S]*→ 5\. Waiting for the end/, TIMEOUT_MS, from);
    window.type("\u0004"); // ^D leaves, as q does
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS, from);
  } finally {
    await window.close();
  }
});

tour("after ^Z and fg it takes the instances as they are, and passes what cannot be shown", async ({ world }) => {
  const window = await openTour(world);
  try {
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS);
    for (const heading of ["3, 4", "5, 6", "7, 8", "9, 10", "11, 12"]) {
      window.type("s");
      await window.waitFor(new RegExp(`── ${heading} of 15`), TIMEOUT_MS);
    }
    for (const next of [
      /→ 11\. Waiting for instance 2 to hang/,
      /→ 12\. Waiting for a page/,
      /√ The breaker of instance 2 is open/,
    ]) {
      window.type("\r");
      await window.waitFor(next, TIMEOUT_MS);
    }
    await window.waitFor(/→ 13\. Waiting for a page\./, TIMEOUT_MS);
    window.ctrlZ();
    await window.waitFor(/Stopped[\s\S]*TOUR\$ /, TIMEOUT_MS);
    window.type("fg\n"); // continues instance 2 as well
    await window.waitFor(/breaker closed: a heartbeat[\s\S]*Passed: 13 of 15: .*does not hang any more/, TIMEOUT_MS);
    await window.waitFor(/Passed: 14 of 15: .*takes calls already[\s\S]*→ 15\. Waiting for a page/, TIMEOUT_MS);
    window.type("b"); // 13 and 14 need a fault that is gone
    await window.waitFor(/Passed: 14[\s\S]*── 11, 12 of 15[\s\S]*→ 11\. Waiting for instance 2 to hang/, TIMEOUT_MS);
    window.type("q");
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS);
  } finally {
    await window.close();
  }
});

tour("instances in other terminals are ended where they run, and the missing ones are named", async ({ world }) => {
  const window = await openTour(world);
  const ratings = await openWindow({ name: "RATINGS", cwd: repository, env: environment(world) });
  const instance = (value: string): void => ratings.type(`${process.execPath} dist/bin/ratings.js ${value}\n`);
  const waitAll = async (...patterns: readonly RegExp[]): Promise<void> => {
    for (const pattern of patterns) {
      const found = await window.waitFor(pattern, TIMEOUT_MS, mark);
      mark += found.index + found[0].length;
    }
  };
  let mark = window.mark();
  try {
    await waitAll(/→ 2\. Waiting for a page\./);
    window.type("s");
    await waitAll(/→ 3\. Waiting for instances 1, 2, 3\. In another terminal: {2}make startRatings COUNT=3/);
    instance("--count=2");
    await waitAll(/→ 3\. Waiting for instance 3 \(instances 1, 2 work\)/);
    window.type("s");
    await waitAll(/→ 5\. Waiting for the end of instances 1, 2\. End instances 1, 2 with \^C where they run\./);
    ratings.ctrlC();
    await waitAll(/→ 6\. Waiting for a page\./);
    window.type("ss"); // to "And a second"
    await waitAll(/→ 9\. Waiting for instances 1, 2\./);
    window.type("\r");
    await waitAll(/→ 10\. Waiting for a page\./);
    window.type("s");
    await waitAll(/→ 11\. Waiting for instance 2 to hang\.\s+Enter pauses instance 2/);
  } finally {
    await Promise.all([window.close(), ratings.close()]);
  }
});

const COMMAND = `${process.execPath} dist/bin/tour.js\n`;

const environment = (world: World): NodeJS.ProcessEnv => ({
  ...process.env,
  ...{ PORT: "0", NATS_URL: world.natsUrl, DWC_STATE: world.stateDir },
});

async function openTour(world: World): Promise<Window> {
  const window = await openWindow({ name: "TOUR", cwd: repository, env: environment(world) });
  window.type(COMMAND);
  return window;
}

tour("on a terminal of 80 columns no line is longer, and VERBOSE=1 prints the lines of the seed", async ({ world }) => {
  const window = await openWindow({ name: "TOUR", cwd: repository, env: environment(world) });
  try {
    window.type("stty cols 80\n");
    const from = window.mark();
    window.type(COMMAND);
    const [, url = ""] = await window.waitFor(/The Market is open at (http:\S+):/, TIMEOUT_MS);
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS);
    window.type("s\r");
    await window.waitFor(/→ 4\. Waiting for a page\./, TIMEOUT_MS);
    await (await fetch(url)).text();
    await window.waitFor(/\d page {8}4 ratings fresh · [\s\S]*└ the arrows are[\s\S]*→ 5\. Waiting/, TIMEOUT_MS);
    for (const line of window.output().slice(from).split("\n").slice(1))
      assert.ok([...line].length <= 80, `longer than the terminal: ${line}`);
    window.type("q");
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS, from);
    const again = window.mark();
    window.type(COMMAND.replace("\n", " --verbose --restart\n"));
    await window.waitFor(/→ 2\. Waiting for a page\./, TIMEOUT_MS, again);
    window.type("\r");
    await window.waitFor(/market {4}\| ASK for camera[\s\S]*√ The Market knows that no instance/, TIMEOUT_MS, again);
    assert.not.match(window.output().slice(again), " page  ");
  } finally {
    await window.close();
  }
});

tour("where the Market cannot open it says so, and leaves nothing behind", async ({ world }) => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as AddressInfo;
  const program = world.start({ name: "tour", args: ["--auto"], env: { PORT: String(port) } });
  assert.is((await program.ended).code, 1);
  await program.waitFor(/port \d+ is taken/);
  await program.waitFor(/^tour: the Market could not open/);
  squatter.close();
});

tour("without a terminal it says what to type", async ({ world }) => {
  const program = world.start({ name: "tour", env: { PORT: "0" } });
  assert.is((await program.ended).code, 2);
  assert.is(program.count(/no terminal .*make tour AUTO=1/), 1);
});

tour.run();
