// takes: 25 s
// shares: terminals
// Programs in raw mode in a terminal, stopped, continued and ended by each way there is: the terminal is given back, and
// taken again.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { carries, livingProcesses, type ProcessRow, readProcess } from "../../support/processes.ts";
import { openWindow, type Window } from "../../support/terminal.ts";
import { until } from "../../support/until.ts";
import { FakeMarket } from "../live/board.ts";
import { Desk, ownersDesk, PROGRAM } from "../run-dwc.ts";

const test = suite("dwc in a terminal, stopped and continued");
const LIMIT_MS = 20_000;
const ALTERNATE_SCREEN = /\[\?1049([hl])/g;
const market = new FakeMarket();
let url = "";
let desk: Desk;
let shell: Window;
let code = "";

test.before(async () => {
  url = await market.start();
  const ann = await ownersDesk();
  code = (await ann.must("invite-user", "ben@example.org")).trim();
  ann.clear();
});
test.after(() => market.stop());
test.before.each(async () => {
  desk = new Desk();
  shell = await windowOf(desk);
});
test.after.each(async () => {
  await shell.close();
  desk.clear();
});

const windowOf = ({ folder, state }: Desk): Promise<Window> =>
  openWindow({ name: "w", cwd: folder, env: { ...process.env, DWC_STATE: state } });

/** Prints each change of the terminal's mode: ^Z stops it, another key ends it. */
const MODES = `
import { RawMode } from ${JSON.stringify(import.meta.resolve("../../../src/program/raw-mode.js"))};
const input = process.stdin;
const change = input.setRawMode.bind(input);
input.setRawMode = (isRaw) => {
  if (input.isRaw !== isRaw) console.log(isRaw ? "raw" : "cooked");
  return change(isRaw);
};
const options = { afterEnter: () => console.log("taken"), beforeLeave: () => undefined, onClosed: () => process.exit(1) };
const raw = new RawMode({ input, ...options });
raw.enter();
process.on("SIGCONT", () => console.log("continued"));
input.on("data", (key) => {
  if (String(key) === "\\x1a") return raw.stop();
  raw.leave();
  console.log("left");
  process.exit();
});
`;

const topCommand = (): string => `${PROGRAM} top --market ${url} --every 100ms`;

function running(words: string): ProcessRow {
  const isOurs = ({ pid, command }: ProcessRow): boolean => command.includes("dwc.js") && carries(pid, desk.state);
  const found = livingProcesses().find((row) => row.command.includes(words) && isOurs(row));
  if (found === undefined) throw new Error(`not running: ${words}`);
  return found;
}

const runningTop = (): ProcessRow => running(`top --market ${url}`);

const stopped = (pid: number): Promise<void> =>
  until("stopped", () => readProcess(pid)?.state === "T", LIMIT_MS, shell.output);

/** A shell learns of a stop once all threads have stopped. fg sends no SIGCONT to a job that it takes for running. */
async function jobState(): Promise<string> {
  const mark = shell.mark();
  shell.type("jobs\n");
  const [, state = ""] = await shell.waitFor(/\[1\]\+ +(\w+)[\s\S]*w\$ $/, LIMIT_MS, mark);
  return state;
}

/** Types what the shell is to do, and waits for what it shows. */
async function type(text: string, pattern: RegExp | string, from = shell.mark()): Promise<void> {
  shell.type(text);
  await shell.waitFor(pattern, LIMIT_MS, from);
}

/** Keys arrive one by one, and are not echoed. */
async function obeysKeys(): Promise<void> {
  for (const order of ["number", "calls", "p99", "worst"]) await type("s", `sort: ${order}`);
}

const isAlternate = (): boolean => [...shell.raw().matchAll(ALTERNATE_SCREEN)].at(-1)?.[1] === "h";

const isGivenBack = (): Promise<void> => type("stty -a | grep -o -- '-\\?icanon'\n", /\n *icanon/);

test("top draws, obeys keys, and gives the terminal back on q, on ^C and on kill", async () => {
  for (const end of ["q", "\u0003", "kill"]) {
    await type(`${topCommand()}; echo "ended $?"\n`, /sort: worst/);
    // At once, as from a person who types fast.
    await type("sss?", /any key ends it[\s\S]*sort: p99/);
    const mark = shell.mark();
    if (end === "kill") process.kill(runningTop().pid);
    else shell.type(end);
    await shell.waitFor(/ended 0\n[\s\S]*w\$ $/, LIMIT_MS, mark);
    await isGivenBack();
  }
});

for (const stop of ["SIGSTOP", "SIGTSTP"] as const)
  test(`top obeys keys again after ${stop} and fg, as often as that happens, and draws for the size of then`, async () => {
    await type(`stty cols 200 rows 40; ${topCommand()}\n`, / P50 /);
    const { pid } = runningTop();
    for (const columns of [200, 60]) {
      assert.ok(isAlternate());
      const mark = shell.mark();
      process.kill(pid, stop);
      await shell.waitFor(/Stopped.*\nw\$ /, LIMIT_MS, mark);
      if (stop === "SIGTSTP") assert.not.ok(isAlternate());
      await type(`stty cols ${columns} rows 40; fg\n`, /sort: worst/);
      await obeysKeys();
    }
    const last = (): string => shell.output().split("INSTANCE").at(-1) ?? "";
    await until("a narrow table", () => /sort: worst/.test(last()) && !/ P50 /.test(last()), LIMIT_MS, last);
    await type("q", /w\$ $/);
    await isGivenBack();
  });

test("top stopped by ^Z gives the terminal back; continued in the background it stops again, and fg draws", async () => {
  await type(`${topCommand()}\n`, /sort: worst/);
  await type("\u001a", /Stopped.*\nw\$ /);
  await isGivenBack();
  await type("bg\n", /&\n[\s\S]*w\$ $/);
  await until("it has stopped again", async () => (await jobState()) === "Stopped", LIMIT_MS, shell.output);
  await type("fg\n", /sort: worst/);
  await obeysKeys();
  await type("q", /w\$ $/);
});

test("^Z without a shell that could continue top leaves it running", async () => {
  await type(`script -qfc '${topCommand()}' /dev/null\n`, /sort: worst/);
  for (let round = 0; round < 2; round++) {
    const { pid } = runningTop();
    shell.ctrlZ();
    await until("given back, and taken again", isAlternate, LIMIT_MS);
    await obeysKeys();
    assert.is.not(readProcess(pid)?.state, "T");
  }
  await type("q", /w\$ $/);
});

for (const stop of ["SIGSTOP", "SIGTSTP"] as const) {
  test(`top stopped by ${stop} ends without a word when its terminal is closed`, async () => {
    const errors = join(desk.folder, "errors");
    await type(`${topCommand()} 2>${errors}\n`, /sort: worst/);
    const { pid, sessionId } = runningTop();
    process.kill(pid, stop);
    await stopped(pid);
    // The program that holds the other end of the terminal.
    process.kill(readProcess(sessionId)?.parentPid ?? 0, "SIGKILL");
    await until("gone", () => readProcess(pid) === undefined, LIMIT_MS);
    assert.is(readFileSync(errors, "utf8"), "");
  });
}

test("a terminal that is taken again after a stop stays taken: what is typed then is never shown", async () => {
  const script = join(desk.folder, "raw.mjs");
  writeFileSync(script, MODES);
  await type(`${process.execPath} ${script}\n`, "taken\n");
  await type("\u001a", /Stopped.*\nw\$ /);
  const mark = shell.mark();
  await type("fg\n", "continued\n");
  await type("q", "left\n");
  const modes = shell
    .output()
    .slice(mark)
    .match(/^(raw|cooked|taken|left)$/gm);
  assert.equal(modes?.slice(modes.indexOf("raw")), ["raw", "taken", "cooked", "left"]);
});

for (const stop of ["SIGSTOP", "^Z"] as const) {
  test(`a code that is pasted after ${stop} and fg is not shown, and accepted`, async () => {
    await type(`TERM=xterm ${PROGRAM} accept-invitation -\n`, /not shown\), then Enter: $/);
    const { pid } = running("accept-invitation");
    const mark = shell.mark();
    if (stop === "SIGSTOP") process.kill(pid, stop);
    else shell.ctrlZ();
    await shell.waitFor(/Stopped.*\nw\$ /, LIMIT_MS, mark);
    await type("fg\n", /not shown\), then Enter: $/);
    await type(`${code}\n`, /Now logged in as \[\w+\]ben@example\.org/);
    assert.not.match(shell.output(), code.slice(0, 40));
  });
}

test.run();
