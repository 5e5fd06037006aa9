// The command line of whoever says who may be on the bus: arguments and environment in, exit code out. What is heavy is
// loaded when a command asks for it: keys and the client library take longer to load than most answers take.

import { resolve } from "node:path";
import { systemClock } from "../src/clock.ts";
import { lookAtBus } from "../src/dwc/bus-look.ts";
import { COMMANDS } from "../src/dwc/commands.ts";
import { runDwc } from "../src/dwc/dwc.ts";
import { identityVerbs } from "../src/dwc/identity-verbs.ts";
import { Interruption } from "../src/dwc/interruption.ts";
import { complete } from "../src/dwc/live/complete.ts";
import { COMPLETE } from "../src/dwc/live/completion-scripts.ts";
import { liveVerbs } from "../src/dwc/live/live-verbs.ts";
import type { Failed } from "../src/dwc/outcome.ts";
import { processScreen } from "../src/dwc/screen.ts";
import { type Matter, tellBus } from "../src/dwc/tell-bus.ts";
import { processTerminal } from "../src/dwc/terminal.ts";
import type { World } from "../src/dwc/world.ts";
import { write } from "../src/dwc/write.ts";
import { exitWithoutTerminal, ignoresHangUp } from "../src/program/hang-up.ts";
import { VERSION } from "../src/program/version.ts";
import { readSettings } from "../src/settings.ts";

// `nohup bin/dwc events > FILE &` goes on.
if (ignoresHangUp()) process.on("SIGHUP", () => undefined);
exitWithoutTerminal();
const clock = systemClock();
const mint = async () => (await import("../src/dwc/identity/mint.ts")).natsMint;
const busTools = async () => ({
  ...(await import("../src/dwc/live/visit.ts")),
  ...(await import("../src/dwc/live/roll.ts")),
  ...(await import("../src/dwc/live/caller.ts")),
  ...(await import("../src/dwc/live/fault-visit.ts")),
});
const examiner = async () => (await import("../src/dwc/live/examine.ts")).examine;
const push = () => import("../src/dwc/identity/push.ts");
const interruption = new Interruption();

/** As the terminal's owner has it: NO_COLOR, FORCE_COLOR and a TERM that knows none are Node's to read. */
const colour = process.stdout.isTTY === true && process.stdout.hasColors();

const [first, ...words] = process.argv.slice(2);
if (first === COMPLETE) {
  const open = (): World | undefined => {
    const world = openWorld(undefined);
    return "kind" in world ? undefined : world;
  };
  write({ stdout: await complete(words, COMMANDS, open, clock), stderr: "", exitCode: 0 });
  // What has been asked in vain is not waited for.
  process.stdout.write("", () => process.exit());
} else {
  write(await runDwc(process.argv.slice(2), { commands: COMMANDS, version: VERSION, openWorld, colour }));
  interruption.end();
}

function openWorld(state: string | undefined): World | Failed {
  const read = readSettings(state === undefined ? process.env : { ...process.env, DWC_STATE: pathOf(state) });
  if (read.kind === "refused") return wrongSettings(read.problems);
  const { natsUrls: urls } = read.settings;
  const stateDir = resolve(read.settings.stateDir);
  const tell = (matter: Matter, withinMs?: number) => tellBus(matter, { urls, clock, mint, push, withinMs });
  const settings = { ...read.settings, stateDir };
  const identity = identityVerbs({
    stateDir,
    clock,
    mint,
    tellBus: (matter, withinMs) =>
      isLook(matter) ? tell(matter, withinMs) : interruption.during(() => tell(matter, withinMs), urls),
  });
  return {
    stateDir,
    identity,
    lookAtBus: () => lookAtBus(urls, clock),
    live: liveVerbs({ settings, clock, identity, nodeVersion: process.versions.node, busTools, examiner }),
    terminal: processTerminal(process.stdin, process.stderr),
    screen: processScreen(process.stdin, process.stdout, process.stderr),
  };
}

/** An address in the place of a path stays one, so that it is refused as such. */
function pathOf(typed: string): string {
  return typed.includes("://") ? typed : resolve(typed);
}

function isLook(matter: Matter): boolean {
  return matter.kind === "accounts" && matter.mode === "look";
}

function wrongSettings(problems: readonly string[]): Failed {
  const message = `wrong setting: ${problems.join("; ")}`;
  const hint = "set it anew, or leave it out for the usual value";
  return { kind: "failed", fault: "usage", code: "wrong-setting", message, hint };
}
