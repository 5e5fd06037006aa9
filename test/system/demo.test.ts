// Everything in one terminal, from one program: it shows a page with fresh ratings, and ^C leaves nothing behind.

import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { listen } from "../support/listen.ts";
import { carries, livingProcesses, type ProcessRow } from "../support/processes.ts";
import { worldSuite } from "../support/system.ts";
import { STARTED } from "../support/takeover.ts";
import { RunningMarket, until, type World } from "../support/world.ts";

const demo = worldSuite("the demo");

/** Everyone who was started in that world, the detached among them: their environment names its state folder. */
const familyOf = (world: World): readonly ProcessRow[] =>
  livingProcesses().filter(({ pid }) => carries(pid, world.stateDir));

demo(
  "opens with a bus of its own, four fresh ratings from three instances; a fault can be typed as it says; ^C ends all",
  async ({ world }) => {
    const program = world.start({ name: "demo", env: { PORT: "0", METRICS_PORT: "0", CHAOS: "1" } });
    const [, url = ""] = await program.waitFor(/The Market is open at (http:\S+) with three Ratings instances/);
    const ratings = await new RunningMarket(program, url).ratings();
    assert.equal(
      Object.values(ratings).map((rating) => rating?.fresh),
      [true, true, true, true],
    );
    assert.is(new Set(Object.values(ratings).map((rating) => rating?.instance)).size, 3);
    const [, admin = ""] = await program.waitFor(/^The board is at (http:\S+)\/board:/);
    await program.waitFor(/^Or press "Faults" on a card of the board/);
    const board = await fetch(`${admin}/board/events`);
    assert.is(board.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const [, metricsUrl = ""] = await program.waitFor(/instance 2 serves its metrics at (http:\S+)/);
    const text = async (at: string): Promise<string> => (await fetch(at)).text();
    assert.match(
      await text(metricsUrl),
      /^dwc_server_requests_total\{service="ratings",operation="get",instance="2",outcome="ok"\} [1-9]/m,
    );
    assert.match(await text(`${admin}/metrics`), /^dwc_board_viewers 1$/m);
    assert.is(familyOf(world).length, 6, "the demo, a Market, a bus and three instances");
    const [, typed = ""] = await program.waitFor(/^ {2}bin\/dwc (fault ratings\/2 pause) /);
    assert.is(program.count(/kill -STOP/), 0);
    await world.dwcDone(typed.split(" "));
    await program.waitFor(/instance 2 begins a fault: paused/);

    program.signal("SIGINT");
    assert.equal(await program.ended, { code: 0, signal: null });
    // Ended, not torn off: its viewers see the end at once, and nothing waits for them.
    await board.text();
    await until("no process is left", () => familyOf(world).length === 0);
    assert.ok(program.lines.includes("demo: everything has ended"));
  },
);

demo("killed outright, it takes the others with it all the same", async ({ world }) => {
  const program = world.start({ name: "demo", env: { PORT: "0" } });
  await program.waitFor(/The Market is open at (http:\S+) with three Ratings instances/);
  await program.waitFor(/^\^C here ends everything/);
  assert.is(program.count(/Faults/), 0, "there are none to press without CHAOS=1");
  program.signal("SIGKILL");
  await until("no process is left", () => familyOf(world).length === 0, 15_000);
});

demo("says in one line that its port is taken, and starts nothing", async ({ world }) => {
  const squatter = createServer();
  try {
    const port = await listen(squatter);
    const program = world.start({ name: "demo", env: { PORT: String(port) } });
    assert.is((await program.ended).code, 1);
    assert.is(
      program.count(/port \d+ is taken by another program: .*start the same again with {2}PORT=\d+ {2}added/),
      1,
    );
    assert.is(program.count(STARTED), 0);
  } finally {
    squatter.close();
  }
});

demo.run();
