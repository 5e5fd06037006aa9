// An instance dies with a call in its hands.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { answer } from "../../src/service/core/handled.ts";
import { type Started, startInstance } from "../../src/service/instance.ts";
import { usualClock } from "../../src/service/usual-clock.ts";
import { MemoryNetwork } from "../support/memory-bus.ts";
import { until } from "../support/until.ts";

const dying = suite("an instance dies with a call in its hands");

const TIMEOUT_MS = 600;

async function oneOfTwoDies(repeatable: boolean) {
  const network = new MemoryNetwork(usualClock());
  const told: string[] = [];
  let taken = 0;
  const never = new Promise<never>(() => undefined);
  const [good, bad] = [network.bus(), network.bus()];
  const started: Started[] = [];
  started.push(await startInstance({ service: "tea", instance: 1, bus: good, handle: () => answer({ from: 1 }) }));
  const hang = (): Promise<never> => {
    taken += 1;
    return never;
  };
  started.push(await startInstance({ service: "tea", instance: 2, bus: bad, handle: hang }));
  const client = openClient({
    service: "tea",
    bus: network.bus(),
    rules: { requestTimeoutMs: TIMEOUT_MS },
    tell: (event) => told.push(event.kind),
  });
  await until("both known", () => client.tracker.live(usualClock().now()).length === 2);
  await client.ask({}); // instance 1
  const orphan = client.ask({}, { repeatable });
  await until("instance 2 has it", () => taken === 1);
  await bad.close();
  const others = await Promise.all([client.ask({}), client.ask({})]);
  assert.ok(others.every(({ kind }) => kind === "answered"));
  const close = async (): Promise<void> => {
    client.close();
    for (const one of started) if (one.kind === "started") await one.instance.goodbye(1);
  };
  return { orphan, told, close };
}

const pastTheTimeout = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS + 50));

dying("what it had is answered by another as soon as its death is known", async () => {
  const { orphan, told, close } = await oneOfTwoDies(true);
  const startedAt = performance.now();
  const ended = await orphan;
  assert.is(ended.kind, "answered");
  assert.ok(performance.now() - startedAt < TIMEOUT_MS / 2, "it did not wait for its timeout");
  await pastTheTimeout();
  assert.is(told.filter((kind) => kind === "opened").length, 0, "the dead have no breaker to open");
  await close();
});

dying("a call that must not reach two is not sent again", async () => {
  const { orphan, told, close } = await oneOfTwoDies(false);
  assert.equal(await orphan, { kind: "unanswered", why: "request timed out" });
  assert.is(told.filter((kind) => kind === "opened").length, 0, "the dead have no breaker to open");
  await close();
});

dying.run();
