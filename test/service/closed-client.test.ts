// A client that is closed: what is in flight ends, and nothing is sent any more.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { ContractScene } from "../support/contract-scene.ts";
import { ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("closed client");

const CLOSED = ["failed", "the request was not sent: the client is closed", false, 0];

const endOf = (outcome: Outcome): unknown =>
  outcome.kind === "unanswered"
    ? [outcome.reason, outcome.detail, outcome.mayHaveExecuted, outcome.tried.length]
    : outcome.kind;

/** The outcomes that have come without a passing of time. */
async function atOnce(clock: FakeClock, ...asked: readonly Promise<Outcome>[]): Promise<readonly unknown[]> {
  const ends: unknown[] = asked.map(() => "in flight");
  for (const [at, one] of asked.entries()) void one.then((outcome) => (ends[at] = endOf(outcome)));
  await clock.advance(0);
  return ends;
}

test("a call or a stream after close ends at once, and nothing is sent", async () => {
  let handled = 0;
  const handle = (): HandlerResult => {
    handled += 1;
    return answer({});
  };
  const scene = await new ServiceScene({ count: 1, handle }).start();
  const { client, clock } = scene;
  assert.is((await scene.ask()).kind, "ok");
  client.close();
  client.close();
  const sent: string[] = [];
  scene.caller.subscribe(">", ({ subject }) => sent.push(subject));
  await clock.advance(10);
  const ends = await atOnce(clock, client.ask({}), client.ask({}, { idempotent: false }), client.stream({}));
  assert.equal(ends, [CLOSED, CLOSED, CLOSED]);
  await clock.advance(10);
  assert.equal([handled, sent], [1, []]);
  assert.equal(scene.ends.slice(-1), [{ kind: "failed", detail: CLOSED[1] }], "it is counted");
  assert.equal(scene.reports, []);
});

test("calls that wait for the first connection end with the client", async () => {
  const clock = new FakeClock();
  const bus = new MemoryNetwork(clock).bus();
  bus.disconnect();
  const client = openClient({ service: TEA, bus, clock });
  const asked = [client.ask({}), client.ask({}, { signal: new AbortController().signal }), client.stream({})];
  assert.equal(await atOnce(clock, ...asked), ["in flight", "in flight", "in flight"]);
  client.close();
  assert.equal(await atOnce(clock, ...asked, client.ask({})), [CLOSED, CLOSED, CLOSED, CLOSED]);
  await clock.advance(TIMEOUT_MS);
  assert.is(clock.timers, 0);
});

test("calls that wait for the first roll call end with the client", async () => {
  const clock = new FakeClock();
  const client = openClient({ service: TEA, bus: new MemoryNetwork(clock).bus(), clock });
  const asked = client.ask({});
  assert.equal(await atOnce(clock, asked), ["in flight"]);
  client.close();
  assert.equal(await atOnce(clock, asked), [CLOSED]);
  await client.ready();
});

test("calls in flight end as without the close, and ask for no heartbeats", async () => {
  const later = (): Promise<HandlerResult> =>
    new Promise((resolve) => scene.clock.after(100, () => resolve(answer({}))));
  const scene: ServiceScene = new ServiceScene({
    ...{ count: 2, handle: (_, instance) => (instance === 2 ? new Promise(() => undefined) : later()) },
  });
  await scene.start();
  const asked = [scene.client.ask({}), scene.client.ask({})];
  await scene.clock.advance(10);
  const sent: string[] = [];
  scene.caller.subscribe(`health.${TEA}`, ({ subject }) => sent.push(subject));
  scene.client.close();
  const ends = await scene.ended(Promise.all(asked));
  assert.equal(
    ends.map((outcome) => (outcome.kind === "unanswered" ? outcome.reason : outcome.kind)),
    ["ok", "timeout"],
  );
  assert.is(scene.countEvents("opened"), 1);
  await scene.clock.advance(TIMEOUT_MS);
  assert.equal(sent, []);
});

test("a client of a contract ends the same way", async () => {
  const scene = new ContractScene();
  await scene.serve();
  const client = scene.client();
  assert.is((await scene.ended(client.ask.get("tea"))).kind, "ok");
  client.close();
  client.close();
  assert.equal(await atOnce(scene.clock, client.ask.get("tea"), client.ask.note("hello")), [CLOSED, CLOSED]);
  const error = await scene.failed(client.call.get("tea"));
  assert.match(error.message, /the client is closed\. It was not executed\.$/);
  assert.is(await scene.ended(client.ready(1, 0)), false);
});

test.run();
