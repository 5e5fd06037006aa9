// Our own programs as child processes. They are in the same process group, so that ^C and ^Z in the terminal reach all of
// them. Each has a channel to this process, so that none outlives it.

import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "../clock.ts";
import { fieldsOf } from "../util/json.ts";
import type { Running } from "./program.ts";

export interface ChildOptions {
  /** The path of the compiled program. */
  readonly script: string;
  readonly args: readonly string[];
  /** Receives each line that the child prints; undefined: the child prints to our own terminal. */
  readonly onLine?: (line: string) => void;
  /** Receives every message of the child besides the one that it runs. */
  readonly onMessage?: (message: unknown) => void;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number | undefined;
  /** Resolves once the child runs; undefined: it ended before that. */
  readonly running: Promise<Running | undefined>;
  readonly ended: Promise<ChildEnd>;
  /** Sends a message over the channel; a child that has ended gets none. */
  send(message: object): void;
  end(): void;
  kill(): void;
  /** Stops the child until it is resumed. A stopped child can still be ended and killed. */
  pause(): void;
  resume(): void;
}

export function startChild({ script, args, onLine, onMessage }: ChildOptions): Child {
  const output = onLine === undefined ? "inherit" : "pipe";
  const child = fork(script, [...args], {
    stdio: ["ignore", output, output, "ipc"],
  });
  if (onLine !== undefined) readLines(child, onLine);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once("error", () => resolve({ code: 1, signal: null }));
    // `close` and not `exit`: at `close` all of its lines have been read.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const running = new Promise<Running | undefined>((resolve) => {
    child.on("message", (message) => {
      const { running: at, board } = fieldsOf(message);
      if (at === undefined) onMessage?.(message);
      else resolve({ at: String(at), board: board === undefined ? undefined : String(board) });
    });
    void ended.then(() => resolve(undefined));
  });
  return {
    ...{ pid: child.pid, running, ended },
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    end: () => send(child, "SIGTERM"),
    kill: () => send(child, "SIGKILL"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}

/** For the goodbyes of the children. After it they are killed. */
const GOODBYE_TIMEOUT_MS = 7_000;

/** Ends all children, and kills those that are too slow. */
export async function endAll(children: readonly Child[], clock: Clock): Promise<void> {
  for (const child of children) child.end();
  const cancel = clock.after(GOODBYE_TIMEOUT_MS, () => {
    for (const child of children) child.kill();
  });
  await Promise.all(children.map((child) => child.ended));
  cancel();
}

/** A stopped child handles no signal but SIGKILL until SIGCONT, so SIGCONT follows each signal. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal);
  child.kill("SIGCONT");
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", onLine);
  }
}
