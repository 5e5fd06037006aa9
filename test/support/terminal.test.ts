// takes: 10 s
// shares: terminals

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { livingProcesses, readProcess } from "./processes.ts";
import { openWindow, plain, type Window } from "./terminal.ts";
import { until } from "./until.ts";

const test = suite("a window");
/** Known from every other sleep on this machine. */
const NAP = `301.${process.pid}`;
const LIMIT_MS = 20_000;
let window: Window;

test.before.each(async () => {
  window = await openWindow({ name: "one" });
});
test.after.each(() => window.close());

async function startSleep(): Promise<number> {
  const from = window.mark();
  window.type("sh -c 'echo pid:$$; exec sleep 300'\n");
  const [, pid] = await window.waitFor(/pid:(\d+)\n/, LIMIT_MS, from);
  return Number(pid);
}

test("^Z stops the foreground program, fg resumes it, ^C ends it", async () => {
  const pid = await startSleep();
  window.ctrlZ();
  await until("state T", () => readProcess(pid)?.state === "T", LIMIT_MS);
  await window.waitFor("Stopped", LIMIT_MS);
  window.type("fg\n");
  await until("state S", () => readProcess(pid)?.state === "S", LIMIT_MS);
  window.ctrlC();
  await until("the end of sleep", () => readProcess(pid) === undefined, LIMIT_MS);
  const from = window.mark();
  window.type("echo answered:$?\n");
  await window.waitFor("answered:130\n", LIMIT_MS, from);
});

test("a closed window leaves no process behind: none stopped, none that ignores signals, none that left the session", async () => {
  const stopped = await startSleep();
  window.ctrlZ();
  await until("state T", () => readProcess(stopped)?.state === "T", LIMIT_MS);
  const from = window.mark();
  window.type(`sh -c 'trap "" HUP TERM; echo ignoring:$$; while :; do sleep 1; done' & setsid sleep ${NAP} &\n`);
  const [, ignoring] = await window.waitFor(/ignoring:(\d+)\n/, LIMIT_MS, from);
  const detached = (): boolean => livingProcesses().some((row) => row.command === `sleep ${NAP}`);
  await until("the detached sleep", detached, LIMIT_MS);
  await window.close();
  assert.is(readProcess(stopped), undefined);
  assert.is(readProcess(Number(ignoring)), undefined);
  assert.not.ok(detached());
});

test("the output is plain, the prompt is fixed, and a mark hides what came before it", async () => {
  window.type("printf '\\033[1mbold\\033[0m\\r\\n\\tUnd ü\\n'; cd /\n");
  await window.waitFor("bold\n\tUnd ü\none$ ", LIMIT_MS);
  const from = window.mark();
  window.type("pwd\n");
  const match = await window.waitFor(/\n(.*)\none\$ /, LIMIT_MS, from);
  assert.is(match[1], "/");
  assert.is(plain("a\x1b[31"), "a", "half an escape sequence is not shown either");
});

test("a missing text is reported with the text that came instead, and the end of the shell at once", async () => {
  window.type("echo something else\n");
  await window.waitFor("\nsomething else\n", LIMIT_MS);
  const slow = await window.waitFor("never", 50).then(() => "found", String);
  assert.match(slow, /window one: 50 ms went by while waiting for \/never\/; it shows:\n[\s\S]*something else/);
  window.type("exit\n");
  const early = await window.waitFor("never", LIMIT_MS).then(() => "found", String);
  assert.match(early, /the window has ended while waiting/);
});

test.run();
