// An instance dies with a call in its hands.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer } from "../../src/service/core/handler.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const dying = suite("an instance dies with a call in its hands");

async function oneOfTwoDies(idempotent: boolean) {
  const scene = await new ServiceScene({
    count: 2,
    handle: (_, instance) => (instance === 1 ? answer({ from: 1 }) : new Promise(() => undefined)),
  }).start();
  await scene.ask(); // instance 1
  const orphan = scene.client.ask({}, { idempotent });
  await scene.clock.advance(10);
  void scene.buses[1]?.close();
  assert.equal([answeredBy(await scene.ask()), answeredBy(await scene.ask())], [1, 1]);
  const diedAt = scene.clock.now();
  const ended = answeredBy(await scene.ended(orphan));
  const tookMs = scene.clock.now() - diedAt;
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(scene.countEvents("opened"), 0, "the dead have no breaker to open");
  return { ended, tookMs };
}

dying("what it had is answered by another as soon as its death is known", async () => {
  const { ended, tookMs } = await oneOfTwoDies(true);
  assert.is(ended, 1);
  assert.ok(tookMs < TIMEOUT_MS / 2, "it did not wait for its timeout");
});

dying("a call that must not reach two is not sent again", async () => {
  assert.is((await oneOfTwoDies(false)).ended, "timeout");
});

dying.run();
