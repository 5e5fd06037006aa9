// The Market: `market` shows ratings, `market --monolith` is the shop alone.

import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { marketAccess } from "../../src/dwc/identity/access.ts";
import { startMarket } from "../../src/market/market.ts";
import { complain, programLog, runProgram, settingsOrExit } from "../../src/program/program.ts";

const { monolith } = argumentsOrExit();
const settings = settingsOrExit(process.env);
const clock = systemClock();
/** The key library is loaded only by a Market with a token that it does not know yet. */
const mint = async () => (await import("../../src/dwc/identity/mint.ts")).natsMint;
const push = async () => (await import("../../src/dwc/identity/push.ts")).pushAccounts;
const world = { settings, clock, say: await programLog(settings, clock, { service: "market" }) };

await runProgram(clock, async (closers) => {
  if (monolith) return startMarket({ bus: "monolith" }, world, closers);
  const access = await marketAccess(settings, { clock, mint, push });
  if (access.kind === "refused") return { kind: "refused", why: [access.why] };
  return startMarket({ bus: access }, world, closers);
});

function argumentsOrExit(): { readonly monolith: boolean } {
  try {
    return parseArgs({ options: { monolith: { type: "boolean", default: false } } }).values;
  } catch (error) {
    complain(`market: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
