// takes: 30 s
// The whole tour with real programs: by itself, and with a person's keys at a real terminal. Stops that are passed, and
// other terminals: tour.long.test.ts.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import * as assert from "uvu/assert";
import { STOPS } from "../../src/tour/core/stops.ts";
import { stopHeading } from "../../src/tour/core/texts.ts";
import { carries, livingProcesses, type ProcessRow } from "../support/processes.ts";
import { worldSuite } from "../support/system.ts";
import { until } from "../support/world.ts";
import { COMMAND, openTour, TIMEOUT_MS } from "./tour-window.ts";

const tour = worldSuite("make tour");

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
