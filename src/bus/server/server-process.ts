// A nats-server as a child process. It has a session of its own, so that ^C and ^Z in the terminal do not reach it
// before its owner has said goodbye. It never outlives its owner: the kernel ends it, even after a kill -9.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Clock } from "../../clock.ts";

export interface ServerPlan {
  readonly binary: string;
  /** util-linux's setpriv: makes the kernel end the server with its owner. Without it only stop() ends the server. */
  readonly setpriv: string | undefined;
  readonly host: string;
  readonly port: number;
  /** The server's name in its greeting. By it our server is known from another that got the port first. */
  readonly name: string;
  /** A configuration file for nats-server, for more than host and port. */
  readonly configFile: string | undefined;
}

export interface ServerProcess {
  readonly pid: number;
  /** Resolves with the end of its log once it has ended, for any reason. */
  readonly ended: Promise<string>;
  /** Ends it and waits until its process has ended. */
  stop(): Promise<void>;
}

/** How long a server may take to end after SIGTERM. A paused one never receives it. */
const STOP_TIMEOUT_MS = 1_000;
/** How much of its log is kept: the last lines say why it ended. */
const KEPT_LOG_CHARACTERS = 4_000;

/** Starts it without waiting until it answers. If the binary cannot be run, `ended` resolves. */
export function startServerProcess(plan: ServerPlan, clock: Clock): ServerProcess {
  const [command, ...words] = commandOf(plan);
  const child = spawn(command, words, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const ended = captureStderrTail(child);
  // The child must not keep its owner running.
  child.unref();
  return { pid: child.pid ?? 0, ended, stop: () => stop(child, ended, clock) };
}

/** The command line. setpriv executes the server in its own process, so the pid is the server's. */
export function commandOf(plan: ServerPlan): [string, ...string[]] {
  const { binary, host, port, name, configFile, setpriv } = plan;
  const words = ["-a", host, "-p", String(port), "-n", name, ...(configFile === undefined ? [] : ["-c", configFile])];
  // The kernel sends the signal when the forking thread ends. Node forks in its main thread, which ends with the
  // process.
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

/** The lines of a log that say why the process ended; if there are none, its exit code. */
export function lastWords(log: string, code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `${signal} ended it`;
  const lines = log.split("\n").map((line) => line.trim());
  const reasons = lines.filter((line) => line !== "" && !/^\[\d+\] \S+ \S+ \[(INF|WRN|DBG|TRC)\] /.test(line));
  const shown = reasons.map((line) => line.replace(/^\[\d+\] \S+ \S+ \[\w+\] /, ""));
  return shown.length > 0 ? shown.join("\n") : `it ended with exit code ${code} and no reason`;
}

/** The pipe of a child's stderr is a socket, but its type has no `unref`. */
function unrefPipe(pipe: unknown): void {
  (pipe as { unref?: () => void } | null)?.unref?.();
}

async function stop(child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> {
  child.ref();
  if (!isOver(child)) signalAll(child, "SIGTERM");
  const stopWaiting = clock.after(STOP_TIMEOUT_MS, () => signalAll(child, "SIGKILL"));
  await ended;
  stopWaiting();
}

/** The log closes when all processes that write to it have ended, the child's children included. */
const isOver = ({ stderr }: ChildProcess): boolean => stderr?.closed !== false;

/** The binary may be a wrapper that runs the server as its child. Both belong to the session that was made for them. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // a system without process groups
  }
}

/**
 * Searched after PATH: where Debian, an administrator and Homebrew install servers. Debian installs nats-server in
 * /usr/sbin, which is not in the PATH of an ordinary user.
 */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** @param path the PATH of the environment */
export function programFolders(path: string | undefined): readonly string[] {
  const named = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set([...named, ...MORE_FOLDERS])];
}

/** The program of that name in the first folder that has an executable one. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find(mayRun);
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
