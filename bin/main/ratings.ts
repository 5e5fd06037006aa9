// Ratings instances: `ratings --instance 2` runs instance 2 in this process, `ratings --count 3` starts three processes.
// `--quiet` sends the lines of the log to the program of ours that started it, without those of requests, and prints none.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { reportedLog, reportToParent } from "../../src/activity/channel.ts";
import { systemClock } from "../../src/clock.ts";
import { loginIdentity } from "../../src/dwc/identity/credentials.ts";
import { complain, programLog, runProgram, settingsOrExit } from "../../src/program/program.ts";
import { readFleetArguments } from "../../src/ratings/core/arguments.ts";
import { startFleet } from "../../src/ratings/fleet.ts";
import { runRatings, SERVICE } from "../../src/ratings/run-ratings.ts";

const { quiet, ...typed } = argumentsOrExit();
const wanted = readFleetArguments(typed);
if (wanted.kind === "refused") {
  complain(wanted.why);
  process.exit(2);
}

const clock = systemClock();
const report = quiet === true ? reportToParent() : undefined;
const given = settingsOrExit(process.env);
const settings = report === undefined ? given : { ...given, logLevel: "WARNING" as const };
const speaker = { service: SERVICE, ...(wanted.kind === "instance" ? { instance: wanted.instance } : {}) };
const say = report === undefined ? await programLog(settings, clock, speaker) : reportedLog(report, "INFO", clock);

await runProgram(clock, async (closers) => {
  // Checked here, before three processes would each print the same problem.
  const access = loginIdentity(settings, { kind: "service", name: SERVICE });
  if (access.kind === "refused") return { kind: "refused", why: [access.why] };
  if (wanted.kind === "instance") return runRatings(wanted.instance, { settings, clock, say, access }, closers);
  const fleet = startFleet({
    script: fileURLToPath(import.meta.resolve("#root/dist/bin/ratings.js")),
    count: wanted.count,
    clock,
    say,
  });
  closers.push(fleet.close);
  void fleet.ended.then((code) => process.exit(code));
  return { kind: "running" };
});

function argumentsOrExit(): { readonly count?: string; readonly instance?: string; readonly quiet?: boolean } {
  const options = { count: { type: "string" }, instance: { type: "string" }, quiet: { type: "boolean" } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    complain(`ratings: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
