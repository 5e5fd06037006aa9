// A Market that starts after the instances has not heard a heartbeat of theirs yet, and the next is 15 s away.

import * as assert from "uvu/assert";
import { systemSuite } from "../support/system.ts";

const coldStart = systemSuite("a Market starts after the instances");

/** The contract: the first page has its ratings within this. */
const FIRST_PAGE_WITHIN_MS = 300;
/** On a machine so busy that a request without any work takes a twentieth of that, this many times such a request. */
const TIMES_A_REQUEST = 20;

coldStart("its first page has every rating, within 300 ms", async ({ world }) => {
  await Promise.all([world.startRatings(1), world.startRatings(2)]);
  const market = await world.startMarket();
  // The first request of this process pays for its own HTTP client; what is measured is the Market.
  await fetch(`${market.url}/livez`);
  const emptyAt = performance.now();
  await fetch(`${market.url}/livez`);
  const emptyMs = performance.now() - emptyAt;
  const askedAt = performance.now();
  const ratings = await market.ratings();
  const tookMs = performance.now() - askedAt;
  assert.equal(
    Object.values(ratings).map((rating) => rating?.fresh),
    [true, true, true, true],
  );
  assert.ok(tookMs < Math.max(FIRST_PAGE_WITHIN_MS, TIMES_A_REQUEST * emptyMs), `took ${tookMs} ms`);
});

coldStart.run();
