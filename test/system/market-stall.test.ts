// takes: 20 s
// The Market itself is stopped for five seconds, with requests in flight. When it goes on, every one of them looks
// timed out and every lease looks old: the fault is its own, and no instance is charged with it.

import * as assert from "uvu/assert";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { answer } from "../../src/service/core/handler.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import { systemSuite } from "../support/system.ts";
import { allFresh, pause, type RatingsJson } from "../support/world.ts";

/** A lease of one second: five seconds of standing still are far beyond it. */
const stall = systemSuite("the Market is stopped for five seconds and goes on", {
  HEARTBEAT_INTERVAL_MS: "500",
  // More than an answer takes on a busy machine, and less than either stop.
  REQUEST_TIMEOUT_MS: "2000",
});

const STOPPED_MS = 5_000;
/** Long enough that every request of a burst is out before the first answer is on its way. */
const ANSWER_AFTER_MS = 600;
const CALLS = 100;
/** Further apart than pages that share their calls. */
const PAGE_EVERY_MS = 12;

stall("no breaker opens and no instance is lost, with 100 requests in flight", async ({ server, world }) => {
  const clock = systemClock();
  const bus = connectNatsBus({ urls: [server.url], name: "slow", clock, report: () => undefined });
  const instances: Instance[] = [];
  let received = 0;
  try {
    for (const instance of [1, 2]) {
      const started = await startInstance({
        ...{ service: "ratings", instance, incarnation: `${instance}-slow`, version: "1.0.0", bus, clock },
        ...{ heartbeatIntervalMs: 500, random: Math.random, onEvent: () => undefined },
        handle: async (request) => {
          received += 1;
          await pause(ANSWER_AFTER_MS);
          return answer({ thingID: (request as { thingID: string }).thingID, rating: 3 });
        },
      });
      assert.is(started.kind, "started");
      if (started.kind === "started") instances.push(started.instance);
    }
    const market = await world.startMarket();
    await market.untilKnown(2);
    for (const stoppedMs of [STOPPED_MS, STOPPED_MS / 2]) {
      received = 0;
      const inFlight: Promise<RatingsJson>[] = [];
      while (received < CALLS) {
        inFlight.push(market.ratings());
        await pause(PAGE_EVERY_MS);
      }
      market.program.signal("SIGSTOP");
      await pause(stoppedMs);
      market.program.signal("SIGCONT");
      assert.ok((await Promise.all(inFlight)).every(allFresh), "all of them are answered");
    }
    assert.ok(allFresh(await market.ratings()));
    assert.is(market.program.count(/OPEN breaker/), 0);
    assert.is(market.program.count(/ lost: /), 0);
    assert.is(market.program.count(/request timed out/), 0);
  } finally {
    for (const instance of instances) await instance.goodbye(0);
    await bus.close();
  }
});

stall.run();
