// takes: 25 s
// alone
// One of three instances is paused under load: what the shoppers of that moment wait for, with HEDGE=1 and without.

import * as assert from "uvu/assert";
import { systemSuite } from "../support/system.ts";
import { pause, type RunningMarket, type RunningRatings, type World } from "../support/world.ts";

const hedging = systemSuite("one of three is paused under load");

/** As the settings have it. */
const TIMEOUT_MS = 1000;
const PAGES_PER_SECOND = 40;

interface Page {
  readonly sentAt: number;
  readonly tookMs: number;
  /** Ratings that were not answered for this page. */
  readonly stale: number;
}

async function askPage(market: RunningMarket): Promise<Page> {
  const sentAt = performance.now();
  const ratings = await market.ratings();
  const stale = Object.values(ratings).filter((rating) => rating?.fresh !== true).length;
  return { sentAt, tookMs: performance.now() - sentAt, stale };
}

/** Asks for pages at their times, whatever became of those before. */
async function load(market: RunningMarket, forMs: number): Promise<readonly Page[]> {
  const pages: Promise<Page>[] = [];
  const startedAt = performance.now();
  for (let nextAt = startedAt; nextAt < startedAt + forMs; nextAt += 1000 / PAGES_PER_SECOND) {
    await pause(Math.max(0, nextAt - performance.now()));
    pages.push(askPage(market));
  }
  return Promise.all(pages);
}

async function threeAndAMarket(
  world: World,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly market: RunningMarket; readonly second: RunningRatings }> {
  const market = await world.startMarket(env);
  const [, second] = await Promise.all([1, 2, 3].map((number) => world.startRatings(number)));
  await market.untilKnown(3);
  if (second === undefined) throw new Error("instance 2 did not start");
  return { market, second };
}

function worstMs(name: string, pages: readonly Page[]): number {
  const sorted = pages.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  console.log(`${name}: ${pages.length} pages, p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`);
  return at(1);
}

const stale = (pages: readonly Page[]): number => pages.reduce((sum, page) => sum + page.stale, 0);

hedging("with HEDGE=1 no rating fails, and no page waits for the timeout", async ({ world }) => {
  const { market, second } = await threeAndAMarket(world, { HEDGE: "1" });
  worstMs("before", await load(market, 2000));
  const mark = market.program.mark();
  const loading = load(market, 3000);
  await second.program.stop();
  const pausedAt = performance.now();
  const pages = await loading;
  const longest = worstMs(
    "in the second of the pause",
    pages.filter(({ sentAt }) => sentAt < pausedAt + TIMEOUT_MS),
  );
  assert.is(stale(pages), 0);
  assert.ok(longest < TIMEOUT_MS, `a page waited for ${longest} ms`);
  await market.program.waitFor(/OPEN breaker on \[ratings at nats:ratings\.get\.2-.*\] \(request timed out\)/, {
    mark,
  });
  assert.is(market.program.count(/OPEN breaker/, mark), 1);
  const helped = market.program.count(
    /^DEBUG:resolver:- ratings instance \d has not answered for \d+ ms, calling instance \d too/,
  );
  assert.ok(helped > 0 && helped <= 8 + (5 * PAGES_PER_SECOND * 4) / 20, `${helped} calls were sent twice`);
});

hedging("without it one page waits, and from the second on all is as before the pause", async ({ world }) => {
  const { market, second } = await threeAndAMarket(world, {});
  worstMs("before", await load(market, 1000));
  await second.program.stop();
  const first = await askPage(market);
  assert.ok(first.tookMs >= TIMEOUT_MS && first.stale >= 1 && first.stale <= 2, JSON.stringify(first));
  const pages = await load(market, 2000);
  assert.ok(worstMs("from the second page on", pages) < TIMEOUT_MS);
  assert.is(stale(pages), 0);
  await market.program.waitFor(/OPEN breaker/);
  assert.is(market.program.count(/OPEN breaker/), 1);
  assert.is(market.program.count(/calling instance/), 0);
});

hedging.run();
