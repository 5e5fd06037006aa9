// Calls that never reach an instance: too large for the bus, or not permitted. They end at once, and change no breaker and
// nobody's standing.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, openClient } from "../../src/service/client.ts";
import type { Ended } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handled.ts";
import { startInstance } from "../../src/service/instance.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type MemoryBus, MemoryNetwork } from "../support/memory-bus.ts";

const test = suite("what is not sent");

const TIMEOUT_MS = 1_000;
const RETEST_MS = 5_000;

interface Scene {
  readonly clock: FakeClock;
  readonly network: MemoryNetwork;
  readonly bus: MemoryBus;
  readonly client: Client;
  readonly told: string[];
  readonly ends: Ended[];
  /** The bus of the one instance: paused, it is a process that is stopped. */
  readonly server: MemoryBus;
}

async function scene(hedge: boolean): Promise<Scene> {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const [server, bus] = [network.bus(), network.bus()];
  const started = startInstance({
    ...{ service: "tea", instance: 1, incarnation: "1-a", bus: server, clock },
    handle: () => answer({ tea: "green" }),
  });
  await clock.advance(TIMEOUT_MS);
  await started;
  const told: string[] = [];
  const ends: Ended[] = [];
  const client = openClient({
    ...{ service: "tea", bus, clock, hedge, rules: { requestTimeoutMs: TIMEOUT_MS, retestDelayMs: RETEST_MS } },
    tell: ({ kind }) => told.push(kind),
    count: (ended) => ends.push(ended),
    report: () => undefined,
  });
  await clock.advance(TIMEOUT_MS);
  return { clock, network, bus, client, told, ends, server };
}

const state = ({ client }: Scene): string =>
  JSON.stringify([...client.tracker.all()].map(({ breaker, proven, membership }) => [breaker, proven, membership]));

/** Opens the breaker of the instance, whose process is stopped. */
async function paused(hedge: boolean): Promise<Scene> {
  const made = await scene(hedge);
  made.server.pause();
  const asked = made.client.ask({});
  await made.clock.advance(2 * TIMEOUT_MS);
  assert.is((await asked).kind, "unanswered");
  assert.ok(made.told.includes("opened"));
  return made;
}

/** Ways in which a call is not sent, each with what its caller is told. */
const WAYS: readonly (readonly [string, (scene: Scene) => object, string])[] = [
  ["too large", () => ({ tea: "x".repeat(1_048_577) }), "the request was not sent"],
  ["too large with its deadline", () => ({ tea: "x".repeat(1_048_576 - 10) }), "the request was not sent"],
  [
    "too large for the server that is there now",
    ({ network }) => {
      network.maxBodyBytes = 100;
      return { tea: "x".repeat(200) };
    },
    "the request was not sent",
  ],
  [
    "not permitted",
    ({ bus }) => {
      bus.deniesSending = (subject) => subject === "tea.get.1-a";
      return {};
    },
    "not permitted",
  ],
  [
    "not permitted to hear the answer",
    ({ bus }) => {
      bus.deniesReplies = true;
      return {};
    },
    "not permitted",
  ],
];

for (const hedge of [false, true]) {
  for (const [way, request, why] of WAYS) {
    const how = hedge ? ", hedged" : "";

    test(`${way}: it ends at once, and a newcomer's standing is as before${how}`, async () => {
      const made = await scene(hedge);
      const before = state(made);
      const body = request(made);
      for (const repeatable of [true, false]) {
        const askedAt = made.clock.now();
        const asked = made.client.ask(body, { repeatable });
        await made.clock.advance(10);
        const ended = await asked;
        assert.is("why" in ended && ended.why, why);
        assert.ok(made.clock.now() - askedAt < 50);
      }
      assert.is(state(made), before);
      assert.is(made.ends.length, 2);
      assert.ok(
        made.ends.every((ended) => ended.kind === "failed" || /unsent|denied/.test(String(Object(ended).result))),
      );
    });

    test(`${way}: an open breaker stays open, its delay does not grow, and its retest comes${how}`, async () => {
      const made = await paused(hedge);
      const { network, bus, clock, client, told, server } = made;
      await clock.advance(RETEST_MS);
      const [opened] = [...client.tracker.all()].map(({ breaker }) => Object(breaker));
      const body = request(made);
      for (let call = 0; call < 3; call++) {
        const asked = client.ask(body);
        await clock.advance(10);
        assert.ok("why" in (await asked));
      }
      const [left] = [...client.tracker.all()].map(({ breaker }) => Object(breaker));
      assert.equal([left.kind, left.retestAt, left.delayMs], ["open", opened.retestAt, opened.delayMs]);
      assert.is(told.filter((kind) => kind === "closed").length, 0);
      assert.is(told.filter((kind) => kind === "retesting").length, told.includes("retesting") ? 1 : 0);
      [network.maxBodyBytes, bus.deniesSending, bus.deniesReplies] = [1_048_576, () => false, false];
      server.resume();
      await clock.advance(10);
      const asked = client.ask({});
      await clock.advance(10);
      await asked;
      assert.ok(told.includes("closed"));
    });
  }
}

test.run();
