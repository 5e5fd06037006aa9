// The life of a program: settings are read, it starts, and the first ^C, kill or death of its parent ends it properly.
// Never a SIGTSTP listener: a process that listens for ^Z is no longer stopped by it.

import type { Clock } from "../clock.ts";
import { readSettings, type Settings, withoutUserinfos } from "../settings.ts";
import { exitWithoutTerminal, ignoresHangUp } from "./hang-up.ts";
import { jsonFormatter, type LogSource } from "./json-lines.ts";
import { createLog, type Log, textLine } from "./log.ts";
import { isBrokenPipe, outlives, standardOutput } from "./output.ts";

export type StartResult =
  /** For a parent that waits: where it can be reached, and where its board is. */
  ({ readonly kind: "running" } & Partial<Running>) | { readonly kind: "refused"; readonly why: readonly string[] };

export interface Running {
  readonly at: string;
  readonly board: string | undefined;
}

/** What has been started and has to be ended, the last first; also when the end comes in the middle of the start. */
export type ShutdownHooks = (() => Promise<void> | void)[];

/** How long an orderly end may take; then the program ends without. */
const CLOSE_TIMEOUT_MS = 8_000;
/** A second ^C sooner than this is the same keystroke, which reached us twice: from the terminal and from our parent. */
const SAME_KEYSTROKE_MS = 500;
/** As a shell has it: ended by SIGINT. */
const INTERRUPTED = 130;

/** Reads the settings or ends: exit code 2 for wrong settings, each told with its name, its value and its rule. */
export function settingsOrExit(env: Readonly<Record<string, string | undefined>>): Settings {
  const result = readSettings(env);
  if (result.kind === "settled") return result.settings;
  for (const problem of result.problems) complain(`wrong setting: ${problem}`);
  process.exit(2);
}

/** A sentence on stderr: it may repeat what a person typed, an address with a password for one. */
export function complain(sentence: string): void {
  process.stderr.write(`${withoutUserinfos(sentence)}\n`);
}

/** @param source who this process is, as every line for machines says */
export async function programLog(
  { logLevel: level, logFormat: format }: Settings,
  clock: Clock,
  source: LogSource,
): Promise<Log> {
  const render = format === "json" ? await jsonFormatter(source, clock.wall) : textLine;
  // Also when warnings are not asked for: whoever reads a log has to know that it has a gap.
  const gap = (lines: number): string =>
    render({ level: "WARNING", logger: "log", event: "log.dropped", text: gapText(lines) });
  return createLog({ level, render, write: standardOutput(clock, gap) });
}

const gapText = (lines: number): string =>
  `- ${lines} ${lines === 1 ? "line was" : "lines were"} dropped here: whoever reads them was too slow`;

/** Runs until a signal, then closes and exits with 0; a refusal is told on stderr and exits with 1. */
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
  // After what the log still has to say: the two are read together.
  await new Promise<void>((resolve) => clock.afterIoPoll(resolve));
  for (const sentence of outcome.why) complain(sentence);
  await closeAll(clock, closers);
  process.exit(1);
}

/** To a parent of ours, over the channel that it gave us (processes.ts). */
function notifyParent({ at = "", board }: Partial<Running>): void {
  process.send?.({ running: at, board });
}

async function closeAll(clock: Clock, closers: ShutdownHooks): Promise<void> {
  clock.after(CLOSE_TIMEOUT_MS, () => process.exit(1));
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

/** Calls `act(false)` at the first request to end and `act(true)` at a second ^C. */
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
  // The terminal was closed; or, in a child of ours, the parent died. A child gets no hang-up of its own: its parent, which
  // gets the same one, knows whether it counts.
  const isChild = process.channel !== undefined;
  const survivesHangUp = ignoresHangUp() || isChild;
  process.on("SIGHUP", () => {
    if (!survivesHangUp) request("SIGTERM");
  });
  if (isChild) process.on("disconnect", () => request("SIGTERM"));
}

/** `make market | head`: whoever reads has gone, so there is nobody left to tell. */
function exitOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isBrokenPipe(error)) throw error;
      if (!outlives(error)) process.exit(0);
    });
  }
}
