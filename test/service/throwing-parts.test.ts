// A balancer, a bus or an observer of the user's own that throws, or changes the client, at the wrong moment.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answered, ClientScene, NO_RESPONDERS, TIMEOUT_MS } from "../support/client-scene.ts";

const test = suite("parts of the user's own");

const boom = (): never => {
  throw new Error("boom");
};

test("a balancer that throws as an answer is counted, and a bus as calls are given up, lose no call", async () => {
  const reports: string[] = [];
  const scene = new ClientScene(2, { report: (sentence) => reports.push(sentence) }, { giveUp: boom });
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS / 2);
  assert.is(scene.warnings.length, 1);
  const { answer } = await scene.ask();
  const { tracker } = scene.client;
  const find = tracker.find.bind(tracker);
  tracker.find = boom;
  await scene.end(answered({}));
  tracker.find = find;
  assert.is((await answer).kind, "ok");
  const lost = await scene.ask();
  await scene.end(NO_RESPONDERS);
  await scene.clock.advance(10);
  await scene.end(answered({}));
  assert.is((await lost.answer).kind, "ok");
  assert.ok(reports.length >= 2);
});

test("of two warnings that end at once, one whose row throws does not keep the other from its event", async () => {
  const scene = new ClientScene(5);
  const beats = (): void => [1, 2, 3, 4, 5].forEach((instance) => void scene.beat(instance, { intervalMs: 1_000 }));
  beats();
  for (const instance of [1, 2])
    scene.receiveWarning("_.other", { incarnation: `${instance}-a`, late: true, quietMs: 300 });
  assert.is(scene.countOf("warned"), 2);
  const { tracker } = scene.client;
  const find = tracker.find.bind(tracker);
  tracker.find = (incarnation) => (incarnation === "1-a" ? boom() : find(incarnation));
  for (let second = 1; second <= 5; second++) {
    beats();
    await scene.clock.advance(1_000);
  }
  assert.is(scene.countOf("warning-over"), 2);
});

test("an observer may remove and add itself while it is called", async () => {
  const scene = new ClientScene(1);
  let calls = 0;
  const observer = {
    onEvent: () => {
      calls += 1;
      if (calls > 1_000) throw new Error("without end");
      stop();
      stop = scene.client.observe(observer);
    },
  };
  let stop = scene.client.observe(observer);
  scene.beat(1, { state: "draining" });
  assert.is(calls, 1);
  stop();
  scene.beat(1, { state: "gone" });
  assert.is(calls, 1);
});

test("an operation that no instance has leaves nothing behind, and is not given up at a death", async () => {
  const scene = new ClientScene(2);
  for (let name = 0; name < 100; name++) await (await scene.ask({ operation: `none${name}` })).answer;
  await scene.ask();
  await scene.end(NO_RESPONDERS);
  await scene.clock.advance(10);
  assert.equal(
    scene.acts.filter((act) => act.startsWith("give up")),
    ["give up ratings.get.1-a"],
  );
});

test.run();
