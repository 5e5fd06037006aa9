// One nats-server as a process of ours: it lives in a session of its own, so that ^C and ^Z in the terminal do not reach
// it before its owner has said goodbye, and it never outlives its owner: the kernel ends it even after a kill -9.

import { type ChildProcess, spawn } from "node:child_process";

import type { Clock } from "../clock.ts";

export interface ServerPlan {
  readonly binary: string;
  /** util-linux's setpriv, which asks the kernel to end the server with us; where it is missing, only stop() does. */
  readonly setpriv: string | undefined;
  readonly host: string;
  readonly port: number;
  /** How the server calls itself in its greeting: so we can tell ours from one that was faster. */
  readonly name: string;
  /** A configuration file for nats-server, if more is to be said than host and port. */
  readonly configFile: string | undefined;
}

export interface ServerProcess {
  readonly pid: number;
  /** Resolves with the last it said, once it has ended for whatever reason. */
  readonly ended: Promise<string>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** How long a server may take to end when asked to; a paused one never hears it. */
const STOP_WITHIN_MS = 1_000;
/** What is kept of its log: its last lines say why it ended. */
const KEPT_LOG_CHARACTERS = 4_000;

/** Starts it without waiting until it answers. A binary that cannot be run shows as `ended`. */
export function startServerProcess(plan: ServerPlan, clock: Clock): ServerProcess {
  const [command, ...words] = commandOf(plan);
  const child = spawn(command, words, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const ended = captureStderrTail(child);
  // It must not keep its owner running: the owner's end is its end.
  child.unref();
  return { pid: child.pid ?? 0, ended, stop: () => stop(child, ended, clock) };
}

/** The command line: with setpriv, which then becomes the server, so that the pid is the server's. */
export function commandOf(plan: ServerPlan): [string, ...string[]] {
  const { binary, host, port, name, configFile, setpriv } = plan;
  const words = ["-a", host, "-p", String(port), "-n", name, ...(configFile === undefined ? [] : ["-c", configFile])];
  // The signal is for the end of the thread that forks. Node forks in its main thread, which ends with the process.
  return setpriv === undefined ? [binary, ...words] : [setpriv, "--pdeathsig", "KILL", "--", binary, ...words];
}

function captureStderrTail(child: ChildProcess): Promise<string> {
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString("utf8")).slice(-KEPT_LOG_CHARACTERS);
  });
  child.stderr?.on("error", () => undefined);
  unrefPipe(child.stderr);
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(lastWords(log, code, signal)));
  });
}

/** Of a log only what says why the process ended; where nothing in it does, the end itself does. */
export function lastWords(log: string, code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `${signal} ended it`;
  const lines = log.split("\n").map((line) => line.trim());
  const reasons = lines.filter((line) => line !== "" && !/^\[\d+\] \S+ \S+ \[(INF|WRN|DBG|TRC)\] /.test(line));
  const shown = reasons.map((line) => line.replace(/^\[\d+\] \S+ \S+ \[\w+\] /, ""));
  return shown.length > 0 ? shown.join("\n") : `it ended with exit code ${code} and no reason`;
}

/** A pipe is a socket, which the type of a child's stderr does not tell. */
function unrefPipe(pipe: unknown): void {
  (pipe as { unref?: () => void } | null)?.unref?.();
}

async function stop(child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> {
  child.ref();
  if (!isOver(child)) signalAll(child, "SIGTERM");
  const stopWaiting = clock.after(STOP_WITHIN_MS, () => signalAll(child, "SIGKILL"));
  await ended;
  stopWaiting();
}

/** Its log is closed when all that write to it have ended, the child's own children among them. */
const isOver = ({ stderr }: ChildProcess): boolean => stderr?.closed !== false;

/** The binary may be a wrapper that runs the server as its child: both are of the session that was made for them. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // a system without process groups
  }
}
