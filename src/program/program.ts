// The life of a program: it reads its settings, starts, and shuts down on the first ^C, kill or death of its parent.
// There must be no SIGTSTP listener: with one, ^Z no longer stops the process.

import type { Clock } from "../clock.ts";
import { readSettings, type Settings } from "../settings.ts";
import { withoutUserinfos } from "../util/printable.ts";
import { programLine } from "./core/program-events.ts";
import { exitWithoutTerminal, ignoresHangUp } from "./hang-up.ts";
import { createLog, jsonFormatter, type Log, type LogSource, textLine } from "./log.ts";
import { isBrokenPipe, outlives, standardOutput } from "./output.ts";

export type StartResult =
  /** For a waiting parent: the addresses of the program and of its board. */
  ({ readonly kind: "running" } & Partial<Running>) | RefusedStart;

export interface RefusedStart {
  readonly kind: "refused";
  readonly why: readonly string[];
}

export interface Running {
  readonly at: string;
  readonly board: string | undefined;
}

/** Run at shutdown, the last one first. They also run if the shutdown comes in the middle of the start. */
export type ShutdownHooks = (() => Promise<void> | void)[];

/** How long an orderly shutdown may take. After it the process exits. */
const CLOSE_TIMEOUT_MS = 8_000;
/** A second ^C within this time is the same keystroke, received twice: from the terminal and from the parent. */
const SAME_KEYSTROKE_MS = 500;
/** The exit code of shells for SIGINT. */
const INTERRUPTED = 130;

/** Reads the settings. Wrong settings are printed with name, value and rule, and the process exits with 2. */
export function settingsOrExit(env: Readonly<Record<string, string | undefined>>): Settings {
  const result = readSettings(env);
  if (result.kind === "settled") return result.settings;
  for (const problem of result.problems) complain(`wrong setting: ${problem}`);
  process.exit(2);
}

/** Prints a sentence on stderr, without passwords: it may quote an address that a person typed. */
export function complain(sentence: string): void {
  process.stderr.write(`${withoutUserinfos(sentence)}\n`);
}

/** @param source this process, as named in every JSON line */
export async function programLog(
  { logLevel: level, logFormat: format }: Settings,
  clock: Clock,
  source: LogSource,
): Promise<Log> {
  const render = format === "json" ? await jsonFormatter(source, clock.wall) : textLine;
  // Printed at every log level: a reader must know that the log has a gap.
  const gap = (lines: number): string => render(programLine("log.dropped", gapText(lines)));
  return createLog({ level, render, write: standardOutput(clock, gap) });
}

const gapText = (lines: number): string =>
  `${lines} ${lines === 1 ? "line was" : "lines were"} dropped here: their reader was too slow`;

/** Runs until a signal, then closes and exits with 0. A refusal is printed on stderr, and the process exits with 1. */
export async function runProgram(clock: Clock, start: (closers: ShutdownHooks) => Promise<StartResult>): Promise<void> {
  exitOnBrokenPipe();
  exitWithoutTerminal();
  const closers: ShutdownHooks = [];
  onShutdownSignal(clock, (again) => {
    if (again) process.exit(INTERRUPTED);
    void closeAll(clock, closers).then(() => process.exit(0));
  });
  const outcome = await start(closers);
  if (outcome.kind === "running") return notifyParent(outcome);
  // After the last lines of the log, because a person reads both together.
  await new Promise<void>((resolve) => clock.afterIoPoll(resolve));
  for (const sentence of outcome.why) complain(sentence);
  await closeAll(clock, closers);
  process.exit(1);
}

/** Sends the addresses to a parent of ours, over its channel (processes.ts). */
function notifyParent({ at = "", board }: Partial<Running>): void {
  process.send?.({ running: at, board });
}

async function closeAll(clock: Clock, closers: ShutdownHooks): Promise<void> {
  clock.after(CLOSE_TIMEOUT_MS, () => process.exit(1));
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

/** Calls `act(false)` at the first request to shut down and `act(true)` at a second ^C. */
function onShutdownSignal(clock: Clock, act: (again: boolean) => void): void {
  let firstAt: number | undefined;
  const request = (signal: "SIGINT" | "SIGTERM"): void => {
    if (firstAt === undefined) {
      firstAt = clock.now();
      act(false);
    } else if (signal === "SIGINT" && clock.now() - firstAt > SAME_KEYSTROKE_MS) {
      act(true);
    }
  };
  process.on("SIGINT", () => request("SIGINT"));
  process.on("SIGTERM", () => request("SIGTERM"));
  // The terminal was closed. A child ignores SIGHUP: its parent receives the same signal, and knows whether it counts. A
  // child ends when its parent dies.
  const isChild = process.channel !== undefined;
  const survivesHangUp = ignoresHangUp() || isChild;
  process.on("SIGHUP", () => {
    if (!survivesHangUp) request("SIGTERM");
  });
  if (isChild) process.on("disconnect", () => request("SIGTERM"));
}

/** `make market | head`: the reader has exited, so the program exits without a message. */
function exitOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isBrokenPipe(error)) throw error;
      if (!outlives(error)) process.exit(0);
    });
  }
}

// The version of the whole, as heartbeats and the service verbs carry it. A test compares it with package.json.

export const VERSION = "1.0.0";
