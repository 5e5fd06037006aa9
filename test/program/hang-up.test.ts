// takes: 25 s
// The end of a terminal ends what was started in it, unless nohup or `trap '' HUP` stands before it.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort, isRunning, startNatsServer } from "../support/nats-server.ts";
import { carries, livingProcesses, readProcess, send } from "../support/processes.ts";
import { repository } from "../support/repository.ts";
import { openWindow, type Window } from "../support/terminal.ts";
import { until } from "../support/until.ts";

interface Context {
  folder: string;
  url: string;
  port: number;
  window: Window | undefined;
  /** Of a test that failed: it runs on without its window. */
  make: ChildProcess | undefined;
}

const test = suite<Context>("hang-up");
const NODE = "node dist/bin/market.js --monolith";
const LONG_MS = 30_000;

test.before.each(async (context) => {
  context.window = undefined;
  context.make = undefined;
  context.folder = mkdtempSync(join(tmpdir(), "hang-up-"));
  context.port = await freePort();
  context.url = `http://127.0.0.1:${context.port}/livez`;
});
test.after.each(async ({ folder, window, make, port }) => {
  await window?.close();
  if (make?.exitCode === null && make.signalCode === null) make.kill("SIGKILL");
  const left = marketPid(port);
  if (make !== undefined && left !== undefined) send(left, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** The Market that this test started, by the port in its environment. */
const marketPid = (port: number): number | undefined =>
  livingProcesses().find(({ pid, command }) => command.includes("market.js") && carries(pid, `PORT=${port}`))?.pid;

/** Types the command into a terminal, and hangs up as a terminal does that is closed: the shell in it dies of SIGHUP. */
async function hangUp(command: string, context: Context): Promise<void> {
  const { folder, port, url } = context;
  const env = { ...process.env, PORT: String(port), DWC_STATE: join(folder, "state"), NOHUP: join(folder, "out") };
  context.window = await openWindow({ name: "hang", cwd: repository, env });
  context.window.type(`${command}\n`);
  await until("the Market is up", () => answers(url), LONG_MS);
  const pid = marketPid(port);
  context.window.hangUp();
  // A program that is ended before the kernel has taken its terminal away ends like any other.
  await until("the terminal is gone", () => !hasTerminal(pid), LONG_MS);
}

/** As its input, which nohup takes away. The kernel names a terminal that is gone "/dev/pts/7 (deleted)". */
function hasTerminal(pid: number | undefined): boolean {
  try {
    return /^\/dev\/pts\/\d+$/.test(readlinkSync(`/proc/${pid}/fd/0`));
  } catch {
    return false;
  }
}

for (const [name, command] of [
  ["nohup", `nohup ${NODE} >"$NOHUP" 2>&1`],
  ["trap '' HUP, with its output on the terminal", `trap '' HUP; ${NODE}`],
] as const) {
  test(`${name}: the program outlives its terminal, and ends by SIGTERM`, async (context) => {
    await hangUp(command, context);
    const pid = marketPid(context.port);
    assert.ok(pid !== undefined, "it runs");
    process.kill(pid, "SIGHUP");
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(await answers(context.url), "it answers");
    }
    send(pid, "SIGTERM");
    await until("it has ended", () => marketPid(context.port) === undefined, LONG_MS);
  });
}

test("nohup make: the processes that a program has started outlive the terminal with it", async (context) => {
  const bus = await startNatsServer();
  const out = join(context.folder, "out");
  const env = { ...process.env, NATS_URL: bus.url, DWC_STATE: join(context.folder, "state"), NOHUP: out };
  context.window = await openWindow({ name: "hang", cwd: repository, env });
  context.window.type('nohup make startRatings COUNT=2 >"$NOHUP" 2>&1\n');
  const upPids = (): readonly number[] =>
    existsSync(out) ? [...readFileSync(out, "utf8").matchAll(/is up: pid (\d+)/g)].map(([, pid]) => Number(pid)) : [];
  await until("two instances are up", () => upPids().length === 2, LONG_MS);
  const fleet = readProcess(upPids()[0] ?? 0)?.parentPid ?? 0;
  context.window.hangUp();
  for (const pid of [fleet, ...upPids()]) send(pid, "SIGHUP");
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const pid of [fleet, ...upPids()]) assert.ok(isRunning(pid), `${pid} runs`);
  assert.not.match(readFileSync(out, "utf8"), "leaving");
  send(fleet, "SIGTERM");
  await until("all have ended", () => [fleet, ...upPids()].every((pid) => !isRunning(pid)), LONG_MS);
  await bus.stop();
});

/** SIGHUP is the first bit of the mask. */
const SIGHUP_BIT = 1n;

/** Whether a process has a handler of its own for SIGHUP. False where it is not there. */
function catchesHangUp(pid: number): boolean {
  try {
    const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return (BigInt(`0x${caught}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false;
  }
}

test("nohup make: a hang-up while the program is being loaded does not end it", async (context) => {
  const { folder, port, url } = context;
  const env = { ...process.env, PORT: String(port), DWC_STATE: join(folder, "state") };
  const make = spawn("sh", ["-c", "trap '' HUP; exec make monolith"], { cwd: repository, env, stdio: "ignore" });
  context.make = make;
  const pid = (): number => marketPid(port) ?? 0;
  // The first module that is loaded sets the handler, and all others come after it. A threshold of processor time was
  // rejected: on a machine with all files in its cache the whole start took less.
  await until("its first module is loaded", () => catchesHangUp(pid()), LONG_MS);
  const loading = pid();
  send(loading, "SIGHUP");
  await until("it answers", async () => !isRunning(loading) || (await answers(url)), LONG_MS);
  assert.ok(isRunning(loading));
  send(loading, "SIGTERM");
  await until("make has ended", () => make.exitCode !== null || make.signalCode !== null, LONG_MS);
});

/** Starts a program in its own terminal, and writes how it ended. */
const WITNESS = `import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
process.on("SIGHUP", () => undefined);
const child = spawn(process.execPath, process.argv.slice(3), { stdio: "inherit" });
child.on("exit", (code, signal) => writeFileSync(process.argv[2], "ended by " + (signal ?? code)));
`;

for (const [name, signal] of [
  ["by the hang-up", undefined],
  ["by SIGTERM, after it has outlived its terminal", "SIGTERM"],
] as const)
  test(`a program whose terminal was closed ends ${name}, and does not abort`, async (context) => {
    const [witness, out] = [join(context.folder, "witness.mjs"), join(context.folder, "ended")];
    writeFileSync(witness, WITNESS);
    const [node, ...args] = NODE.split(" ");
    // The sub-shell ignores the hang-up, and so writes down how its program has ended.
    const ignoring = `(trap '' HUP; ${NODE}; echo ended by $? >${out})`;
    await hangUp(signal === undefined ? [node, witness, out, ...args].join(" ") : ignoring, context);
    const pid = marketPid(context.port);
    if (signal !== undefined && pid !== undefined) send(pid, signal);
    await until("it has ended", () => existsSync(out) && readFileSync(out, "utf8") !== "", LONG_MS);
    const ended = readFileSync(out, "utf8");
    assert.ok(/^ended by (SIGHUP|129)\n?$/.test(ended), ended);
  });

test("without them it ends with its terminal", async (context) => {
  await hangUp(`${NODE} >"$NOHUP" 2>&1`, context);
  await until("it has ended", () => marketPid(context.port) === undefined, LONG_MS);
});

test.run();
