// Calls that never reach an instance: too large for the bus, or not permitted. They end at once, and change no breaker and no
// membership.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { endOf, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("what is not sent");

const RETEST_MS = 5_000;

const scene = (hedge: boolean): Promise<ServiceScene> =>
  new ServiceScene({
    client: { hedge, rules: { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: RETEST_MS } },
  }).start();

const state = ({ client }: ServiceScene): string =>
  JSON.stringify(
    [...client.tracker.all()].map(({ breaker, hasAnswered, membership }) => [breaker, hasAnswered, membership]),
  );

/** Ways in which a call is not sent, each with the reason that its caller receives. */
const WAYS: readonly (readonly [string, (scene: ServiceScene) => object, string])[] = [
  ["too large", () => ({ tea: "x".repeat(1_048_577) }), "failed"],
  ["too large with its deadline", () => ({ tea: "x".repeat(1_048_576 - 10) }), "failed"],
  [
    "too large for the server that is there now",
    ({ network }) => {
      network.maxBodyBytes = 100;
      return { tea: "x".repeat(200) };
    },
    "failed",
  ],
  [
    "not permitted",
    ({ bus }) => {
      bus.deniesSending = (subject) => subject === "tea.get.1-a";
      return {};
    },
    "denied",
  ],
  [
    "not permitted to receive the answer",
    ({ bus }) => {
      bus.deniesReplies = true;
      return {};
    },
    "denied",
  ],
];

for (const hedge of [false, true]) {
  for (const [way, request, why] of WAYS) {
    const how = hedge ? ", hedged" : "";

    test(`${way}: it ends at once, and a newcomer's standing is as before${how}`, async () => {
      const made = await scene(hedge);
      const before = state(made);
      const body = request(made);
      for (const idempotent of [true, false]) {
        const { answer, tookMs } = await made.timed({ idempotent }, body);
        assert.is(endOf(answer), why);
        assert.ok(tookMs < 50);
      }
      assert.is(state(made), before);
      assert.is(made.ends.length, 2);
      assert.ok(
        made.ends.every((ended) => ended.kind === "failed" || /unsent|denied/.test(String(Object(ended).result))),
      );
    });

    test(`${way}: an open breaker stays open, its delay does not grow, and its retest comes${how}`, async () => {
      const made = await scene(hedge);
      const { network, bus, buses, clock, client } = made;
      buses[0]?.pause();
      assert.is((await made.ask()).kind, "unanswered");
      await clock.advance(TIMEOUT_MS + RETEST_MS);
      const [opened] = [...client.tracker.all()].map(({ breaker }) => Object(breaker));
      assert.is(opened.kind, "open");
      const body = request(made);
      for (let call = 0; call < 3; call++) assert.ok("reason" in (await made.ask({}, body)));
      const [left] = [...client.tracker.all()].map(({ breaker }) => Object(breaker));
      assert.equal([left.kind, left.retestAt, left.delayMs], ["open", opened.retestAt, opened.delayMs]);
      assert.is(made.countEvents("closed"), 0);
      assert.ok(made.countEvents("retesting") <= 1);
      [network.maxBodyBytes, bus.deniesSending, bus.deniesReplies] = [1_048_576, () => false, false];
      buses[0]?.resume();
      await made.ask();
      await clock.advance(10);
      assert.is(made.countEvents("closed"), 1);
    });
  }
}

test.run();
