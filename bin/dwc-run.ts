// One run of dwc: arguments, environment and streams in, a result out. Keys and the NATS client are loaded only by the
// commands that need them: loading them takes longer than most commands.

import { resolve } from "node:path";
import { type Clock, systemClock } from "../src/clock.ts";
import type { CommandContext } from "../src/dwc/cli/core/command.ts";
import { type Failed, type Rendered, wrongUsage } from "../src/dwc/cli/core/result.ts";
import { type Interruption, runDwc } from "../src/dwc/cli/main.ts";
import { ShownLines } from "../src/dwc/cli/shown-lines.ts";
import { processScreen, processTerminal } from "../src/dwc/cli/terminal.ts";
import { COMMANDS } from "../src/dwc/commands/table.ts";
import { createIdentityService } from "../src/dwc/identity/identity-service.ts";
import { probeBus, type SyncInput, syncRunningBus } from "../src/dwc/identity/sync-bus.ts";
import { createLiveService } from "../src/dwc/live/live-service.ts";
import { VERSION } from "../src/program/program.ts";
import { readSettings } from "../src/settings.ts";
import { isPrintablePath, PATH_RULE, shownPath } from "../src/util/printable.ts";

/** Environment of a process. A test passes its own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** ^C while dwc waits for a bus. */
  readonly interruption: Interruption;
  /** What stands on the terminal until the result; left out: nothing can. */
  readonly shown?: ShownLines;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

const machineClock = systemClock();
const mint = async () => (await import("../src/dwc/identity/mint.ts")).natsMint;
const busTools = () => import("../src/dwc/live/bus-tools.ts");
const examiner = async () => (await import("../src/dwc/live/facts.ts")).collectFacts;
const push = () => import("../src/dwc/identity/push.ts");

export function runWith(args: readonly string[], around: Surroundings): Promise<Rendered> {
  // Node reads NO_COLOR, FORCE_COLOR and TERM.
  const colour = around.stdout.isTTY === true && around.stdout.hasColors();
  return runDwc(args, {
    commands: COMMANDS,
    version: VERSION,
    openContext: (state) => openContext(state, around),
    folderOf,
    colour,
  });
}

/** The context of a command. @param state the folder given by --state, instead of that of the environment */
export function openContext(state: string | undefined, around: Surroundings): CommandContext | Failed {
  const { env, stdin, stdout, stderr, interruption, clock = machineClock } = around;
  const { shown = new ShownLines(stdout, false) } = around;
  const read = readSettings(state === undefined ? env : { ...env, DWC_STATE: folderOf(state) });
  const typed = (problem: string): string =>
    state === undefined ? problem : problem.replace(/^DWC_STATE=/, "--state ");
  if (read.kind === "refused") return wrongSettings(read.problems.map(typed));
  const { natsUrls: urls } = read.settings;
  const stateDir = resolve(read.settings.stateDir);
  // A relative one lies in the folder that this process is in.
  if (!isPrintablePath(stateDir)) return wrongSettings([typed(`DWC_STATE=${shownPath(stateDir)} is not ${PATH_RULE}`)]);
  const sync = (input: SyncInput) => syncRunningBus(input, { urls, clock, mint, push });
  const settings = { ...read.settings, stateDir };
  const identity = createIdentityService({
    stateDir,
    clock,
    mint,
    syncBus: (input) => (isReadOnly(input) ? sync(input) : interruption.during(() => sync(input), urls)),
  });
  return {
    stateDir,
    identity,
    probeBus: () => probeBus(urls, clock),
    live: createLiveService({ settings, clock, identity, nodeVersion: process.versions.node, busTools, examiner }),
    terminal: processTerminal(stdin, stderr),
    screen: processScreen(stdin, stdout, stderr, shown),
  };
}

/**
 * A URL stays as it is, so that it is rejected as no path. Settings are trimmed: a folder whose name ends in a blank gets
 * `/.` behind it.
 */
function folderOf(typed: string): string {
  if (typed.includes("://")) return typed;
  const folder = resolve(typed.trim());
  return folder === folder.trim() ? folder : `${folder}/.`;
}

function isReadOnly(input: SyncInput): boolean {
  return input.kind === "accounts" && input.mode === "read-only";
}

function wrongSettings(problems: readonly string[]): Failed {
  const message = `wrong setting: ${problems.join("; ")}`;
  const hint = "correct it, or leave it out for the default value";
  return wrongUsage("wrong-setting", message, hint);
}
