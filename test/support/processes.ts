// Living processes of this machine, by /proc: those that a terminal or a test file has to end, or has left behind. A
// process may leave its group and its session, but it keeps its environment. So a mark in the environment finds even a
// grandchild that was started detached.

import { readdirSync, readFileSync } from "node:fs";

export interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** One letter, as in `ps`: T is stopped. */
  readonly state: string;
  readonly command: string;
}

/** Every living process, without zombies (Z, X). Empty where there is no /proc. */
export function livingProcesses(): readonly ProcessRow[] {
  const pids = listProc().filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((row) => row !== undefined);
}

/** One process, or undefined when it is dead or was never there. */
export function readProcess(pid: number): ProcessRow | undefined {
  const stat = readProc(pid, "stat");
  // The name stands in brackets and may hold spaces and brackets itself: the fields start behind the last one.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parentPid, groupId, sessionId] = fields ?? [];
  if (state === undefined || state === "Z" || state === "X") return undefined;
  const command = readProc(pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "";
  return { pid, parentPid: Number(parentPid), groupId: Number(groupId), sessionId: Number(sessionId), state, command };
}

/** True when `text` is in the process's environment. */
export function carries(pid: number, text: string): boolean {
  return readProc(pid, "environ")?.includes(text) ?? false;
}

/** Sends a signal to a process, or with a negative number to a group. A process that is already gone is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone, or never ours.
  }
}

/** Until a stopped process has stopped: every thread of it has to notice, and a busy machine lets it go on for a while. */
const STOPS_TIMEOUT_MS = 10_000;
const STOP_POLL_MS = 1;

/** Sends SIGSTOP and returns when every thread has stopped: a paused server must not answer one more request. */
export function stopProcess(pid: number): void {
  send(pid, "SIGSTOP");
  const giveUpAt = performance.now() + STOPS_TIMEOUT_MS;
  while (readProcess(pid) !== undefined && !threadsOf(pid).every((state) => state === "T" || state === "t")) {
    if (performance.now() > giveUpAt) throw new Error(`process ${pid} did not stop within ${STOPS_TIMEOUT_MS} ms`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOP_POLL_MS);
  }
}

function threadsOf(pid: number): readonly string[] {
  const stats = listProc(`${pid}/task`).map((thread) => readProc(pid, `task/${thread}/stat`));
  return stats.filter((stat) => stat !== undefined).map((stat) => stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "");
}

function listProc(folder = ""): string[] {
  try {
    return readdirSync(`/proc/${folder}`);
  } catch {
    return [];
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** Processor time of the children of this process that have ended, in ms. Undefined where the kernel has no /proc. */
export function childrenCpuMs(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync("/proc/self/stat", "utf8");
  // After the name, which may hold spaces: cutime and cstime are fields 16 and 17, the name is field 2. See proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
