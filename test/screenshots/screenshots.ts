// `make screenshots`: the pictures of the README, of real programs in a real browser. A bus, a Market, three instances and
// shoppers; then one instance is paused, and the pictures are taken under traffic.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { findChromium, startBrowser } from "../support/browser.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { repository } from "../support/repository.ts";
import { pause, type RunningMarket, until, World } from "../support/world.ts";
import { toIndexedPng } from "./indexed-png.ts";

/** Pages a second: a setting of the board's own switch. They go on while the pictures are taken. */
const TRAFFIC_RATE = 20;
/** The numbers on the board are of the last minute. */
const TRAFFIC_MS = 60_000;
const SIZE = { width: 1280, height: 800 } as const;
const AFTER_OPENING_MS = 5_000;
const LIMIT_MS = 20_000;
/** README loads all of them. */
const MAX_BYTES = 100_000;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly colorScheme: "light" | "dark";
  /** What has to be in view. */
  readonly shows: string;
}

const SHOTS: readonly Shot[] = [
  { name: "board", path: "/board", colorScheme: "light", shows: ".card[data-state=open]" },
  { name: "board-dark", path: "/board", colorScheme: "dark", shows: ".card[data-state=open]" },
  { name: "page", path: "/", colorScheme: "light", shows: ".ratings-status" },
];

async function startTraffic({ admin }: RunningMarket): Promise<void> {
  const body = new URLSearchParams({ rate: String(TRAFFIC_RATE) });
  const { status } = await fetch(`${admin}/board/traffic`, { method: "POST", body, redirect: "manual" });
  if (status !== 303) throw new Error(`screenshots: the board answered ${status} to its traffic switch`);
}

async function take(browser: Browser, market: RunningMarket, shot: Shot, folder: string): Promise<void> {
  const { name, path, colorScheme, shows } = shot;
  const context = await browser.newContext({ colorScheme, viewport: SIZE, reducedMotion: "reduce" });
  const page: Page = await context.newPage();
  await page.goto((path === "/" ? market.url : market.admin) + path);
  await page.waitForSelector(shows, { timeout: LIMIT_MS });
  const file = join(folder, `${name}.png`);
  const taken = toIndexedPng(await page.screenshot());
  await context.close();
  writeFileSync(file, taken);
  const size = taken.length;
  console.log(`  docs/${name}.png: ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) throw new Error(`docs/${name}.png is over ${MAX_BYTES / 1000} kB`);
}

async function main(): Promise<void> {
  const chromium = findChromium();
  if (chromium === undefined)
    throw new Error("screenshots: this machine has no Chromium. Type:  apt-get install chromium");
  const folder = process.argv[2] || join(repository, "docs");
  mkdirSync(folder, { recursive: true });
  const server = await startNatsServer();
  const world = new World(server.url, { PORT: "0" });
  const browser = await startBrowser(chromium);
  try {
    console.log("screenshots: a bus, a Market and three instances; a minute of shoppers first");
    const market = await world.startMarket();
    const [, second] = [await world.startRatings(1), await world.startRatings(2), await world.startRatings(3)];
    await market.untilKnown(3);
    await startTraffic(market);
    await pause(TRAFFIC_MS);
    second?.program.signal("SIGSTOP");
    await until("the breaker is open", () => market.program.count(/OPEN breaker/) > 0, LIMIT_MS);
    // Until the numbers of the shoppers have arrived, and the failed pages are not the last ones.
    await pause(AFTER_OPENING_MS);
    for (const shot of SHOTS) await take(browser, market, shot, folder);
  } finally {
    await browser.close();
    await world.close();
    await server.stop();
  }
}

await main();
