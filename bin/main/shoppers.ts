// Shoppers of a Market: `shoppers --rate 5`. A Market starts them with `--page URL`, and sets the rate over their channel.

import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { readRateMessage } from "../../src/monitor/traffic.ts";
import { standardOutput } from "../../src/program/output.ts";
import { complain, runProgram, settingsOrExit } from "../../src/program/program.ts";
import { MAX_RATE, marketPage, readShoppersArguments } from "../../src/shoppers/core/arguments.ts";
import { parentOutput, personOutput } from "../../src/shoppers/outputs.ts";
import { startShoppers } from "../../src/shoppers/shoppers.ts";

const wanted = readShoppersArguments(argumentsOrExit());
if (wanted.kind === "refused") {
  complain(`shoppers: ${wanted.why}`);
  process.exit(2);
}
const { rate, page } = wanted;
const url = page ?? marketPage(settingsOrExit(process.env));
/** Of a terminal that does not report its size. */
const COLUMNS = 80;
const clock = systemClock();
const { stdout } = process;
const print = standardOutput(clock, (lines) => `(${lines} lines dropped: the reader was too slow)\n`);
const isSteered = process.channel !== undefined;
const columns = stdout.isTTY === true ? () => stdout.columns || COLUMNS : undefined;
const output = isSteered ? parentOutput(sendToParent) : personOutput({ print, columns, url });

await runProgram(clock, (closers) =>
  startShoppers(
    {
      ...{ url, rate, clock, output },
      onRate: (act) =>
        process.on("message", (message) => {
          const next = readRateMessage(message, MAX_RATE);
          if (next !== undefined && next > 0) act(next);
        }),
    },
    closers,
  ),
);

/** The Market may have ended: then this process is about to end as well. */
function sendToParent(message: unknown): void {
  if (process.connected) process.send?.(message, () => undefined);
}

function argumentsOrExit(): { readonly rate?: string; readonly page?: string } {
  try {
    return parseArgs({ options: { rate: { type: "string" }, page: { type: "string" } } }).values;
  } catch (error) {
    complain(`shoppers: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
