// takes: 40 s
// The whole tour with real programs: by itself, and with a person's keys at a real terminal.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import * as assert from "uvu/assert";
import { STOPS } from "../../src/tour/stops.ts";
import { carries, livingProcesses } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { worldSuite } from "../support/system.ts";
import { openWindow } from "../support/terminal.ts";
import { until } from "../support/world.ts";

const tour = worldSuite("make tour");

const TIMEOUT_MS = 30_000;
/** Eight seconds on an idle machine; on a busy one, ten times as long. */
const TOUR_TIMEOUT_MS = 150_000;

tour("shows every stop by itself, and ends with nothing left behind", async ({ world }) => {
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
  for (const [index, { title, learnt }] of STOPS.entries()) {
    assert.is(program.count(new RegExp(`── ${index + 1} of ${STOPS.length} ── ${title}`)), 1, title);
    assert.ok(
      program.lines.some((line) => line.includes(learnt)),
      learnt,
    );
  }
  await until("no process is left", () => livingProcesses().every(({ pid }) => !carries(pid, world.stateDir)));
});

tour("waits for the person, does it when asked, and goes on next time where it was left", async ({ world }) => {
  const env = { ...process.env, PORT: "0", NATS_URL: world.natsUrl, DWC_STATE: world.stateDir };
  const window = await openWindow({ name: "TOUR", cwd: repository, env });
  const command = `${process.execPath} dist/bin/tour.js\n`;
  try {
    window.type(command);
    const [, url = ""] = await window.waitFor(/The Market is open at (http:\S+):/, TIMEOUT_MS);
    await window.waitFor(/1 of 9[\s\S]*→ Load the page/, TIMEOUT_MS);
    // The programs' first lines come before the first stop, so no line interrupts a task.
    await window.waitFor(/market:- open at [\s\S]*The Market is open at /, TIMEOUT_MS);
    await (await fetch(url)).text(); // the person does it
    await window.waitFor(/√ The Market knows[\s\S]*2 of 9/, TIMEOUT_MS);
    window.type("\n"); // the tour does it
    await window.waitFor(/√ All four ratings[\s\S]*3 of 9/, TIMEOUT_MS);
    window.ctrlC();
    await window.waitFor(/everything has ended[\s\S]*TOUR\$ /, TIMEOUT_MS);
    const from = window.mark();
    window.type(command);
    await window.waitFor(/You left at stop 3, and go on there; running again: instances 1, 2, 3/, TIMEOUT_MS, from);
    await window.waitFor(/3 of 9[\s\S]*→ End them/, TIMEOUT_MS, from);
    window.type("\u0004"); // ^D: the input ends, which leaves the tour as "q" does
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
