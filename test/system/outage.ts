// The bus is killed under load, stays away for a while, and is started again. No breaker opens for it.

import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { Shoppers } from "../support/shoppers.ts";
import { allFresh, pause, type RatingsJson, until, World } from "../support/world.ts";

/** The contract: ratings are fresh again this soon after the bus is back. */
const MAX_FRESH_AFTER_MS = 3_000;

const allKnown = (ratings: RatingsJson): boolean =>
  Object.values(ratings).every((rating) => rating?.rating !== undefined);

/** Pages stay whole while the bus is away, and ratings are fresh within 3 s of its return. */
export async function outageOf(outageMs: number): Promise<void> {
  const server = await startNatsServer();
  const world = new World(server.url);
  try {
    await Promise.all([world.startRatings(1), world.startRatings(2)]);
    const market = await world.startMarket({ HEARTBEAT_INTERVAL_MS: "15000", REQUEST_TIMEOUT_MS: "2500" });
    await market.untilKnown(2);
    assert.ok(allFresh(await market.ratings()));
    const shoppers = new Shoppers(market.url, 1);
    await server.kill();
    await market.program.waitFor(/WARNING:bus:- disconnected/);
    const during = await market.ratings();
    assert.ok(allKnown(during) && !allFresh(during), "last known while the bus is away");
    await pause(outageMs);
    await server.restart();
    const backAt = performance.now();
    await until("fresh ratings", async () => allFresh(await market.ratings()), MAX_FRESH_AFTER_MS * 3);
    const tookMs = performance.now() - backAt;
    await until("eleven pages", () => shoppers.pages > 10);
    await shoppers.stop();

    assert.ok(tookMs < MAX_FRESH_AFTER_MS, `fresh after ${Math.round(tookMs)} ms`);
    assert.equal(shoppers.failures, []);
    assert.is(market.program.count(/OPEN breaker/), 0);
    assert.is(market.program.count(/ lost: /), 0);
  } finally {
    await world.close();
    await server.stop();
  }
}
