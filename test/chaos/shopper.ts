// The shopper, as a program on a host of its own: loads the page of every Market at a steady rate, whether or not earlier
// ones have arrived, and prints the result of each, one JSON object a line. It ends with its input.

import { Agent, get } from "node:http";
import { hostsOf } from "./names.ts";
import { judgePage, type PageResult } from "./parse-log-line.ts";

/** Twenty pages of four ratings: every instance is called twenty times a second by each Market. */
const PAGE_EVERY_MS = 50;
/** A person has given up by then; a page's own limit is one second. */
const PAGE_TIMEOUT_MS = 5_000;
const MARKET_PORT = 5_000;
const THINGS = 4;

const agent = new Agent({ keepAlive: true });

function load(host: string): Promise<Pick<PageResult, "error" | "blank">> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ error: error.message, blank: 0 });
    const options = { host, port: MARKET_PORT, path: "/", agent, signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) };
    const request = get(options, (response) => {
      let html = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        html += text;
      });
      response.on("end", () => resolve(judgePage(response.statusCode ?? 0, html, THINGS)));
      response.on("error", fail);
    });
    request.on("error", fail);
  });
}

async function visit(market: number, host: string): Promise<void> {
  const startedAt = performance.now();
  const seen = await load(host);
  console.log(JSON.stringify({ market, ...seen, tookMs: performance.now() - startedAt }));
}

for (const { number, front } of hostsOf("market")) {
  setInterval(() => {
    visit(number, front).catch((error: unknown) => {
      throw error;
    });
  }, PAGE_EVERY_MS);
}
process.stdin.resume();
process.stdin.on("close", () => process.exit());
