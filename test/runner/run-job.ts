// One process of a test run, as a process group in a home and a temporary folder of its own. At its end nothing of it is
// left: neither files nor processes, be they in its group or started detached.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SETTINGS } from "../../src/settings.ts";
import { carries, childrenCpuMs, livingProcesses, type ProcessRow, send } from "../support/processes.ts";
import type { Job } from "./plan.ts";
import type { Ended } from "./verdict.ts";

export interface Running {
  readonly ended: Promise<Ended>;
  /** Ends it at once, with all that it started. */
  kill(): void;
}

/** What a child may still need to be gone after its parent: its last words, not its work. */
const LEAVE_MS = 1_000;
const POLL_MS = 20;
const SHOWN_VALUES = import.meta.resolve("./shown-values.js");
const SHARED_PROCESS = fileURLToPath(import.meta.resolve("./shared-process.js"));
/** More output of a file than this is cut in the middle: a test that prints in a loop must not take the runner along. */
const KEPT_CHARACTERS = 1_000_000;
/** Every process of a test file carries its id, and those of the runners above it. */
const MARK = "TEST_FILE_IDS";

/** Variables that belong to the project, to make or to node: a test gets the defaults, not those of who runs it. */
const UNWANTED = new Set([
  ...SETTINGS.map(({ name }) => name),
  "NATS_CREDS",
  "NODE_OPTIONS",
  "FORCE_COLOR",
  "NODE_ENV",
]);
const UNWANTED_PATTERN = /^(LOG_.*|.*_MS|MAKE.*|MFLAGS|COUNT|INSTANCE|ONLY|LONG|TIMES|BUSY|npm_.*)$/;

export function runJob({ files, limitMs }: Job, cwd: string): Running {
  const id = randomUUID();
  const paths = files.map(({ file }) => file);
  const args = paths.length === 1 ? paths : [SHARED_PROCESS, ...paths];
  const folder = mkdtempSync(join(tmpdir(), "test-"));
  const child = spawn(process.execPath, ["--enable-source-maps", "--import", SHOWN_VALUES, ...args], {
    cwd,
    detached: true,
    env: environment(folder, id),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child, KEPT_CHARACTERS * files.length);
  const kill = (): void => family(child, id).forEach(({ pid }) => void send(pid, "SIGKILL"));
  return { ended: watch(child, { id, limitMs, output, kill }).finally(() => remove(folder)), kill };
}

function environment(folder: string, id: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !UNWANTED.has(name) && !UNWANTED_PATTERN.test(name));
  const home = join(folder, "home");
  mkdirSync(home);
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    TMPDIR: folder,
    DWC_STATE: join(folder, "state"),
    [MARK]: `${process.env[MARK] ?? ""}:${id}`,
  };
}

interface Watched {
  readonly id: string;
  readonly limitMs: number;
  readonly output: () => string;
  readonly kill: () => void;
}

async function watch(child: ChildProcess, { id, limitMs, output, kill }: Watched): Promise<Ended> {
  let overLimitMs: number | undefined;
  const limit = setTimeout(() => {
    overLimitMs = limitMs;
    kill();
  }, limitMs);
  const drained = new Promise<void>((resolve) => child.on("close", () => resolve()));
  // "exit" and not "close": a process left behind holds the pipes open, and is to be named, not waited for.
  const [code, signal, cpuMs] = await new Promise<[number | null, string | null, (number | undefined)?]>((resolve) => {
    child.on("exit", (...how) => resolve([...how, newlyWaitedForMs()]));
    child.on("error", () => resolve([1, null]));
  });
  clearTimeout(limit);
  const left = await leftBehind(child, id);
  kill();
  // The last output of the file may still be in the pipe. A process that holds the pipe open must not hold the runner.
  await Promise.race([drained, pause(LEAVE_MS, undefined, { ref: false })]);
  // What is killed has been asked for nothing: only a file that ended by itself is blamed for what it leaves.
  const blamed = overLimitMs === undefined && signal === null ? left : [];
  return {
    output: output(),
    code,
    signal,
    cpuMs,
    overLimitMs,
    leftBehind: blamed.map(({ pid, command }) => `${pid} ${command}`),
  };
}

let waitedForMs = 0;

/** Processor time of the children that were waited for since the last call: to be called as one of them exits. */
function newlyWaitedForMs(): number | undefined {
  const nowMs = childrenCpuMs();
  if (nowMs === undefined) return undefined;
  const newMs = nowMs - waitedForMs;
  waitedForMs = nowMs;
  return newMs;
}

/** The processes still there after they had a moment to leave. */
async function leftBehind(child: ChildProcess, id: string): Promise<readonly ProcessRow[]> {
  const until = performance.now() + LEAVE_MS;
  let left = family(child, id);
  while (left.length > 0 && performance.now() < until) {
    await pause(POLL_MS);
    left = family(child, id);
  }
  return left;
}

function family(child: ChildProcess, id: string): readonly ProcessRow[] {
  return livingProcesses().filter(({ pid, groupId }) => groupId === child.pid || carries(pid, id));
}

function collect(child: ChildProcess, keptCharacters: number): () => string {
  let head = "";
  let tail = "";
  const onText = (text: string): void => {
    if (head.length < keptCharacters) head += text;
    else tail = (tail + text).slice(-keptCharacters);
  };
  child.stdout?.setEncoding("utf8").on("data", onText);
  child.stderr?.setEncoding("utf8").on("data", onText);
  child.on("error", (error) => onText(`${error.message}\n`));
  return () => (tail === "" ? head : `${head}\n[…]\n${tail}`);
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A dying process may still write there; the system's own cleaning of temporary folders takes the rest.
  }
}
