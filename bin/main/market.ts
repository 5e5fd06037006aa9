// The Market: `market` shows ratings, `market --monolith` is the shop alone. `--report` sends pages and changes of state to
// the program of ours that started it, and `--quiet` the lines of the log as well, which are then not printed.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { reportedLog, reportToParent } from "../../src/activity/channel.ts";
import { systemClock } from "../../src/clock.ts";
import { marketAccess } from "../../src/dwc/identity/access.ts";
import { startMarket } from "../../src/market/market.ts";
import { complain, programLog, runProgram, settingsOrExit } from "../../src/program/program.ts";

const { monolith, report: isReporting, quiet } = argumentsOrExit();
const settings = settingsOrExit(process.env);
const clock = systemClock();
const report = isReporting ? reportToParent() : undefined;
const isQuiet = quiet && report !== undefined;
/** The key library is loaded only by a Market with a token that it does not know yet. */
const mint = async () => (await import("../../src/dwc/identity/mint.ts")).natsMint;
const push = async () => (await import("../../src/dwc/identity/push.ts")).pushAccounts;
const shoppersScript = fileURLToPath(import.meta.resolve("#root/dist/bin/shoppers.js"));
const say = isQuiet ? reportedLog(report, "INFO", clock) : await programLog(settings, clock, { service: "market" });
// The lines of pages and calls are then not made.
const world = { settings: isQuiet ? { ...settings, logLevel: "WARNING" as const } : settings, clock, say, report };

await runProgram(clock, async (closers) => {
  if (monolith) return startMarket({ bus: "monolith" }, world, closers);
  const access = await marketAccess(settings, { clock, mint, push });
  if (access.kind === "refused") return { kind: "refused", why: [access.why] };
  return startMarket({ bus: access, shoppersScript }, world, closers);
});

type Flags = Readonly<Record<"monolith" | "report" | "quiet", boolean>>;

function argumentsOrExit(): Flags {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ options: { monolith: flag, report: flag, quiet: flag } }).values;
  } catch (error) {
    complain(`market: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
