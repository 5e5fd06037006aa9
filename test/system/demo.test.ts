// takes: 35 s
// Everything in one terminal, from one program: it shows a page with fresh ratings, and ^C leaves nothing behind.

import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { SHOPPERS_REQUEST_ID } from "../../src/monitor/traffic.ts";
import { listen } from "../support/listen.ts";
import { carries, livingProcesses, type ProcessRow, send, stopProcess } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { worldSuite } from "../support/system.ts";
import { STARTED } from "../support/takeover.ts";
import { openWindow, type Window } from "../support/terminal.ts";
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
    // On a busy machine the first answer of an instance may be late: a copy of that call goes to another one.
    await until("a page with four fresh ratings from three instances", async () => {
      const ratings = Object.values(await new RunningMarket(program, url).ratings());
      return ratings.every((rating) => rating?.fresh) && new Set(ratings.map((rating) => rating?.instance)).size === 3;
    });
    const [, admin = ""] = await program.waitFor(/^The board is at (http:\S+)\/board:/);
    await program.waitFor(/^Or press "Faults" on a card of the board/);
    const board = await fetch(`${admin}/board/events`);
    assert.is(board.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const [, metricsUrl = ""] = await program.waitFor(/instance 2 {2}serves its metrics at (http:\S+)/);
    const text = async (at: string): Promise<string> => (await fetch(at)).text();
    assert.match(
      await text(metricsUrl),
      /^dwc_server_requests_total\{service="ratings",operation="get",instance="2",outcome="ok"\} [1-9]/m,
    );
    assert.match(await text(`${admin}/metrics`), /^dwc_board_viewers 1$/m);
    await program.waitFor(
      /^Shoppers load 2 pages a second: .* To change that: the switch on the board \(off, 2, 20, 200\)\.$/,
    );
    await until("the demo, a Market, a bus, three instances and shoppers", () => familyOf(world).length === 7);
    await program.waitFor(/ shoppers {4}\d+ pages? in \d.* · in the last minute 0 of \d+ pages? failed, p99 /);
    const [, typed = ""] = await program.waitFor(/^ {2}bin\/dwc (fault ratings\/2 pause) /);
    assert.is(program.count(/kill -STOP/), 0);
    await world.dwcDone(typed.split(" "));
    await program.waitFor(/ instance 2 {2}has a fault on: paused/);
    await world.dwcDone(["fault", "ratings/1", "fail", "100%"]);
    await program.waitFor(/ instance 1 {2}has a fault on: /);
    // Ten of its calls: a page has four, for at most three instances.
    for (let pages = 0; pages < 12; pages += 1) await new RunningMarket(program, url).ratings();
    await program.waitFor(/ instance 1 {2}is failing: \d+ of \d+ calls in the last minute failed \(the last: \d+: /);
    assert.is(program.count(/^(ASK|GOT|WAITED|DEBUG|INFO|.* \| )/), 0, "the lines of the programs are VERBOSE=1's");

    program.signal("SIGINT");
    assert.equal(await program.ended, { code: 0, signal: null });
    // Ended, not torn off: its viewers see the end at once, and nothing waits for them.
    await board.text();
    await until("no process is left", () => familyOf(world).length === 0);
    assert.ok(program.lines.includes("demo: everything has ended"));
  },
);

const LIMIT_MS = 30_000;

/** A terminal of 80 columns, with colours, where the demo is typed. */
async function typed(world: World, command: string, act: (window: Window) => Promise<void>): Promise<void> {
  const env = { ...process.env, PORT: "0", NATS_URL: world.natsUrl, DWC_STATE: world.stateDir, NO_COLOR: undefined };
  const window = await openWindow({ name: "DEMO", cwd: repository, env });
  try {
    window.type("stty cols 80 rows 24\n");
    await window.waitFor(/rows 24\n.*\$ /, LIMIT_MS);
    window.type(`env -u CI TERM=xterm-256color ${command}\n`);
    await act(window);
  } finally {
    await window.close();
  }
}

const DEMO = `${process.execPath} dist/bin/demo.js --rate=0`;
const WELCOME_END = /\^C here ends everything\. Enter prints this again\.\n/;
/** What is shown of each page of a person: the line with the time, and the indented lines below it. */
const pagesIn = (shown: string): readonly string[] => shown.match(/^\d\d:\d\d:\d\d page .*(?:\n .*)*/gm) ?? [];

demo(
  "in a terminal each page and each change of state is one line, and Enter prints the instructions again",
  ({ world }) =>
    typed(world, DEMO, async (window) => {
      let mark = 0;
      /** Each pattern is found behind the one before it. */
      const follow = async (...patterns: readonly RegExp[]): Promise<RegExpExecArray | undefined> => {
        let found: RegExpExecArray | undefined;
        for (const pattern of patterns) {
          found = await window.waitFor(pattern, LIMIT_MS, mark);
          mark += found.index + found[0].length;
        }
        return found;
      };
      let loads = 0;
      const load = async (): Promise<void> => {
        loads += 1;
        await (await fetch(url)).text();
      };
      const [, url = ""] = (await follow(/The Market is open at (http:\S+)/)) ?? [];
      for (const instance of [1, 2, 3])
        assert.match(window.output().slice(0, mark), ` instance ${instance}  is up\n`, "the Market knows it by then");
      const stopCommand = (await follow(/ {2}(kill -STOP \d+) /))?.[1] ?? "";
      await follow(WELCOME_END);
      const start = mark;
      await load();
      await follow(/^\d\d:\d\d:\d\d page {8}4 ratings fresh · \d→\d→\d→\d · [\d.]+ m?s\n/m);

      window.type("\n");
      await follow(/The Market is open at/, WELCOME_END);
      // Judged here: a second line of that page would be above the instructions. A change of state may be there as well.
      const pages = pagesIn(window.output().slice(start));
      assert.equal(
        pages.map((page) => page.split("\n").length),
        [1],
        "one line a page",
      );

      const pid = Number(stopCommand.split(" ")[2]);
      stopProcess(pid);
      await load();
      await follow(
        / instance 2 {2}breaker opened: request timed out; it gets no calls, next\s+retest in 30 s\n/,
        / page {8}\d of 4 ratings fresh · .* [1-9][\d.]* s\b/,
      );
      send(pid, "SIGCONT");
      await follow(/ instance 2 {2}breaker closed: a heartbeat came\n/);
      send(pid, "SIGKILL");
      await follow(
        / instance 2 {2}process \d+ was ended by SIGKILL; to start it again, in\s+another\s+terminal:\s+make startRatings INSTANCE=2\n/,
      );
      await load();
      await load();
      await follow(/ instance 2 {2}is dead: no responders/, / page {8}4 ratings fresh/);
      window.type("\n");
      await follow(
        / {2}kill -STOP \d+ +pauses instance 1/,
        / {2}make startRatings INSTANCE=2 +starts instance 2 again/,
      );

      const headers = { "X-Request-Id": `${SHOPPERS_REQUEST_ID}1` };
      await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url, { headers })).text()));
      // A summary comes every few seconds: the pages of a busy machine may be in two of them.
      const summedUp = (): number =>
        [...window.output().matchAll(/ shoppers {4}(\d+) pages? in \d/g)].reduce((sum, [, n]) => sum + Number(n), 0);
      await until("the pages of shoppers are summed up", () => summedUp() === 20, LIMIT_MS, window.output);
      // A page's line may come after the page. Those of all pages have come by now, as the same channel has them.
      assert.is(pagesIn(window.output()).length, loads, "pages of shoppers have no lines of their own");
      mark = window.mark();

      window.type("t\n");
      await follow(
        / market {6}traffic: 2 pages a second, set by the demo\n/,
        / shoppers {4}\d+ pages? in [\s\S]*, p99 /,
      );
      window.type("t\n");
      await follow(/ market {6}traffic: 20 pages a second, set by the demo\n/);
      window.type("\n");
      await follow(/Shoppers load 20 pages a second: /);

      const printed = window.output().slice(start).split("\n");
      for (const line of printed) assert.ok([...line].length <= 80, `longer than the terminal: ${line}`);
      assert.match(window.raw(), "\u001b[31minstance 2  breaker opened", "red");
      assert.match(window.raw(), "\u001b[32minstance 2  breaker closed", "green");
      window.ctrlC();
      await follow(/demo: everything has ended/);
    }),
);

demo("VERBOSE=1 prints the lines of the seed, each after its program, and NO_COLOR no colours", ({ world }) =>
  typed(world, `NO_COLOR=1 ${DEMO} --verbose`, async (window) => {
    const [, url = ""] = await window.waitFor(/The Market is open at (http:\S+)/, LIMIT_MS);
    await window.waitFor(WELCOME_END, LIMIT_MS);
    await (await fetch(url)).text();
    await window.waitFor(/market {4}\| GOT camera: 4\.5/, LIMIT_MS);
    await window.waitFor(/ratings 1 \| INFO:ratings:- instance 1 .*\n/, LIMIT_MS);
    assert.not.match(window.output(), " page  ", "no digest");
    assert.not.match(window.raw(), "\u001b[3");
  }),
);

const TYPED_LINES = 12;

demo("in the background it does not read the keys of the shell, which would stop it", ({ world }) =>
  typed(world, `${DEMO} &`, async (shell) => {
    await shell.waitFor(WELCOME_END, LIMIT_MS);
    const from = shell.mark();
    // The shell and a demo that reads would race for each line: the demo has to lose all of them.
    for (let line = 1; line <= TYPED_LINES; line += 1) {
      shell.type(`echo typed-$((${line}))\n`);
      // Behind the prompt, if the terminal echoes the line before the shell prints its prompt.
      await shell.waitFor(new RegExp(`typed-${line}$`, "m"), LIMIT_MS, from);
    }
    shell.type("jobs\n");
    await shell.waitFor(/\[1\].*(Running|Stopped)/, LIMIT_MS, from);
    assert.not.match(shell.output().slice(from), "Stopped");
    shell.type("fg\n");
    await shell.waitFor(/dist\/bin\/demo\.js --rate=0\n/, LIMIT_MS, from);
    // It polls the terminal once a second.
    await until(
      "Enter reaches it",
      () => {
        shell.type("\n");
        return shell.output().slice(from).includes("Enter prints this again");
      },
      LIMIT_MS,
    );
  }),
);

demo("killed outright, it takes the others with it all the same", async ({ world }) => {
  const program = world.start({ name: "demo", env: { PORT: "0" } });
  await program.waitFor(/The Market is open at (http:\S+) with three Ratings instances/);
  await program.waitFor(/^\^C here ends everything/);
  assert.is(program.count(/Faults/), 0, "there are none to press without CHAOS=1");
  program.signal("SIGKILL");
  await until("no process is left", () => familyOf(world).length === 0, 15_000);
});

demo(
  "says in one line that its port is taken, and starts nothing; with what it says added it opens",
  async ({ world }) => {
    const squatter = createServer();
    try {
      const port = await listen(squatter);
      const program = world.start({ name: "demo", env: { PORT: String(port) } });
      assert.is((await program.ended).code, 1);
      const taken = /port \d+ is taken by another program: .*start the same again with {2}PORT=(\d+) {2}added/;
      assert.is(program.count(taken), 1);
      assert.is(program.count(STARTED), 0);
      assert.is(program.count(/make (?!demo)/), 0, "no command but its own");
      const [, PORT = ""] = await program.waitFor(taken);
      const again = world.start({ name: "demo", env: { PORT, ADMIN_PORT: "0" } });
      await again.waitFor(new RegExp(`The Market is open at http://localhost:${PORT} with three Ratings instances`));
    } finally {
      squatter.close();
    }
  },
);

demo.run();
