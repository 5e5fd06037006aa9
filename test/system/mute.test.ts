// takes: 12 s
// An instance that beats but does not answer: the case that makes breakers flap. Real timing rules, shortened.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import { answeredBy, Caller, failures, rulesWith } from "../support/caller.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { pause, until } from "../support/until.ts";

const mute = suite("an instance beats but never answers");

const TIMEOUT_MS = 300;
const RETEST_DELAY_MS = 200;
/** Between two calls of the one shopper. */
const CALL_EVERY_MS = 5;

mute(
  "costs two timeouts in all, is retested at growing delays by copies, and is back after the first retest it answers",
  async () => {
    const server = await startNatsServer();
    const rules = rulesWith({ requestTimeoutMs: TIMEOUT_MS, retestDelayMs: RETEST_DELAY_MS, retestDelayMaxMs: 60_000 });
    const caller = new Caller(server.url, rules);
    const clock = systemClock();
    const bus = connectNatsBus({ urls: [server.url], name: "instances", clock, report: () => undefined });
    const ends: (() => Promise<void>)[] = [];
    const start = async (instance: number, handle: () => HandlerResult | Promise<HandlerResult>): Promise<void> => {
      const started = await startInstance({
        ...{ service: "ratings", instance, version: "1.0.0", bus, clock, handle },
        ...{ heartbeatIntervalMs: 200, random: Math.random, onEvent: () => undefined },
      });
      if (started.kind === "taken") throw new Error("its number is taken");
      ends.push(() => started.instance.goodbye(0));
    };
    try {
      let isMute = true;
      let received = 0;
      const never = new Promise<HandlerResult>(() => undefined);
      const rated = answer({ thingID: "camera", rating: 1 });
      await start(1, () => rated);
      await start(2, () => {
        received += 1;
        return isMute ? never : rated;
      });
      await caller.untilKnown(2);

      // One after another, like one shopper: each waits for one call only.
      const calls = [];
      const retestsAt: number[] = [];
      while (retestsAt.length < 3) {
        const retests = caller.count(/RETEST breaker/);
        calls.push(await caller.call());
        await pause(CALL_EVERY_MS);
        if (caller.count(/RETEST breaker/) > retests) retestsAt.push(performance.now());
      }
      assert.is(failures(calls).length, 2, "the first call, and the one on probation");
      assert.is(caller.count(/CLOSE breaker .*\(heartbeat\)/), 1, "heartbeats close it once and never again");
      // On a busy machine as well: a page that waited for a retest would have waited for its whole timeout.
      const slow = calls.filter(({ sentAt, endedAt }) => endedAt - sentAt >= TIMEOUT_MS);
      assert.is(slow.length, 2, "no page waits for a retest");
      const gaps = retestsAt.slice(1).map((at, place) => at - (retestsAt[place] ?? 0));
      for (const [place, gap] of gaps.entries()) {
        if (place > 0) assert.ok(gap > (gaps[place - 1] ?? 0), `the gaps grow: ${gaps.map(Math.round).join(", ")} ms`);
      }
      const sent = 2 + retestsAt.length;
      await until("the last copy has arrived", () => received >= sent, 5_000);
      assert.is(received, sent, "beside the two, it was sent one request a retest");

      isMute = false;
      await until(
        "closed by a retest",
        async () => {
          await caller.call();
          await pause(CALL_EVERY_MS);
          return caller.count(/CLOSE breaker .*\(retest succeeded\)/) === 1;
        },
        30_000,
      );
      const after = await Promise.all([1, 2, 3, 4, 5, 6].map(() => caller.call()));
      assert.is(failures(after).length, 0);
      assert.is(answeredBy(after).filter((number) => number === 2).length, 3, "it takes its turns again");
      assert.is(failures(calls).length, 2);
    } finally {
      await caller.close();
      for (const end of ends) await end();
      await bus.close();
      await server.stop();
    }
  },
);

mute.run();
