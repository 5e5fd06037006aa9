// takes: 20 s
// The Market itself is stopped for five seconds, with requests in flight. When it goes on, every one of them looks
// timed out and every lease looks old: the fault is its own, and nobody else is charged with it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { pause, World } from "../support/world.ts";

const stall = suite("the Market is stopped for five seconds and goes on");

const STOPPED_MS = 5_000;

stall("no breaker opens and no instance is lost, with 200 requests in flight", async () => {
  const server = await startNatsServer();
  // A lease of one second: five seconds of standing still are far beyond it.
  const world = new World(server.url, { HEARTBEAT_INTERVAL_MS: "500" });
  try {
    await Promise.all([world.startRatings(1), world.startRatings(2), world.startRatings(3)]);
    const market = await world.startMarket();
    await market.untilKnown(3);
    await market.ratings();
    for (let round = 0; round < 3; round++) {
      const inFlight = Array.from({ length: 50 }, () => market.ratings());
      // Not waited for: the stop is meant to fall into the middle of them, wherever that is.
      market.program.signal("SIGSTOP");
      await pause(round === 0 ? STOPPED_MS : 1_500);
      market.program.signal("SIGCONT");
      const pages = await Promise.all(inFlight);
      assert.ok(
        pages.every((page) => Object.values(page).every((rating) => rating?.fresh === true)),
        "all are answered",
      );
    }
    assert.is(market.program.count(/OPEN breaker/), 0);
    assert.is(market.program.count(/ lost: /), 0);
    assert.is(market.program.count(/request timed out/), 0);
  } finally {
    await world.close();
    await server.stop();
  }
});

stall.run();
