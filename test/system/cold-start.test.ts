// A Market that starts after the instances has not heard a heartbeat of theirs yet, and the next is 15 s away.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { World } from "../support/world.ts";

const coldStart = suite("a Market starts after the instances");

/** The contract: the first page has its ratings within this. */
const FIRST_PAGE_WITHIN_MS = 300;

coldStart("its first page has every rating, within 300 ms", async () => {
  const server = await startNatsServer();
  const world = new World(server.url);
  try {
    await Promise.all([world.startRatings(1), world.startRatings(2)]);
    const market = await world.startMarket();
    // The first request of this process pays for its own HTTP client; what is measured is the Market.
    await fetch(`${market.url}/livez`);
    const askedAt = performance.now();
    const ratings = await market.ratings();
    const tookMs = performance.now() - askedAt;
    assert.equal(
      Object.values(ratings).map((rating) => rating?.fresh),
      [true, true, true, true],
    );
    assert.ok(tookMs < FIRST_PAGE_WITHIN_MS, `took ${tookMs} ms`);
  } finally {
    await world.close();
    await server.stop();
  }
});

coldStart.run();
