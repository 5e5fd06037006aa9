// `dwc top`: the state and the calls of each instance, refreshed once a second until a key ends it.

import { parseDuration } from "../../../util/format.ts";
import type { Command } from "../../core/command.ts";
import { type Failed, quoteForMessage } from "../../core/outcome.ts";
import { failedMarket } from "./bus-errors.ts";
import { MARKET_OPTION, wrongMarket } from "./market-option.ts";

/** A shorter interval cannot be read, and puts load on the Market. */
const MIN_INTERVAL_MS = 100;
const DEFAULT_INTERVAL_MS = 1_000;
const MAX_FRAMES = 1_000_000;

export const top: Command = {
  name: "top",
  isLive: true,
  summary: "live: every instance, its calls and times, the worst first",
  about: [
    "Keys: q quits, s sorts, arrows scroll, ? explains. Where there is no screen it prints one table after the other.",
    "--json prints a line for each frame, and --csv one for each instance in it.",
  ],
  args: [],
  options: [
    { name: "count", short: "n", value: "COUNT", meaning: "print so many frames and exit; 1 prints a single one" },
    { name: "every", value: "TIME", meaning: "the interval, such as 500ms or 5s; else each second" },
    { name: "csv", meaning: "comma-separated values, under one head" },
    MARKET_OPTION,
  ],
  example: "bin/dwc top -n 1",
  run: async ({ values, flags }, world) => {
    const { count = String(MAX_FRAMES), every } = Object.fromEntries(values) as { count?: string; every?: string };
    const everyMs = every === undefined ? DEFAULT_INTERVAL_MS : (parseDuration(every) ?? 0);
    if (everyMs < MIN_INTERVAL_MS)
      return wrong(`--every ${quoteForMessage(every ?? "")} is no time of 100ms or more`, "--every 2s");
    if (!/^[1-9]\d{0,6}$/.test(count))
      return wrong(`--count ${quoteForMessage(count)} is no number of frames`, "--count 1");
    const format = flags.has("json") ? "json" : flags.has("csv") ? "csv" : "table";
    const wrongUrl = wrongMarket(values.get("market"));
    if (wrongUrl !== undefined) return wrongUrl;
    const isWhole = values.has("count");
    const ended = await world.live.top(values.get("market"), world.screen, {
      count: Number(count),
      everyMs,
      format,
      isWhole,
    });
    return ended.kind === "ended" ? { kind: "streamed", exitCode: 0 } : failedMarket(ended);
  },
};

const wrong = (message: string, example: string): Failed => ({
  kind: "failed",
  category: "usage",
  ...{ code: "wrong-option", message, hint: `for example:  ${example}` },
});
