// A balancer, a bus or an observer of the user's own that throws, or changes the client, at the wrong moment.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClientEvent } from "../../src/service/client-options.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { answered, ClientScene, NO_RESPONDERS, RETEST_MS, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";
import { endOf, ServiceScene } from "../support/service-scene.ts";

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

test("a call that a listener aborts before it is sent is not sent, and no copy of it after that", async () => {
  const aborts = [
    ["none", [1, 2], "retesting"],
    ["resolving", [], "open"],
    ["resolved", [], "open"],
    ["retesting", [], "open"],
    ["using", [1], "retesting"],
  ] as const;
  for (const [at, instances, breaker] of aborts) {
    const giveUp = new AbortController();
    let armed = "";
    const kinds: string[] = [];
    const onEvent = ({ kind }: ClientEvent): void => {
      kinds.push(kind);
      if (kind === armed) giveUp.abort();
    };
    const scene = new ClientScene(3, { onEvent });
    await scene.ask();
    await scene.end(TIMEOUT);
    await scene.clock.advance(RETEST_MS + 1_000);
    scene.sent.length = 0;
    kinds.length = 0;
    armed = at;
    const { answer } = await scene.ask({ signal: giveUp.signal });
    assert.equal(
      scene.sent.map(({ instance }) => instance),
      instances,
      at,
    );
    const { tracker } = scene.client;
    assert.is(tracker.find("1-a")?.breaker.kind, breaker, at);
    if (at === "none") continue;
    const later = kinds.slice(kinds.indexOf(at) + 1).filter((kind) => kind !== "resolved");
    assert.equal(later, [], `after ${at}`);
    // The copy was sent before.
    const mayHaveExecuted = instances.length > 0;
    assert.equal(await answer, { kind: "unanswered", reason: "cancelled", mayHaveExecuted, tried: [] }, at);
    assert.is(tracker.find("2-a")?.debt?.inFlight ?? 0, 0, at);
  }
});

test("a balancer that throws as one ticket of an aborted call is released keeps no other", async () => {
  const giveUp = new AbortController();
  const reports: string[] = [];
  const onEvent = ({ kind }: ClientEvent): void => void (kind === "retesting" && giveUp.abort());
  const scene = new ClientScene(3, { onEvent, report: (sentence) => reports.push(sentence) });
  await scene.ask();
  await scene.end(TIMEOUT);
  await scene.clock.advance(RETEST_MS + 1_000);
  const { tracker } = scene.client;
  const settle = tracker.settle.bind(tracker);
  tracker.settle = (...ended) => {
    tracker.settle = settle;
    return settle(...ended) && boom();
  };
  scene.ends.length = 0;
  const { answer } = await scene.ask({ signal: giveUp.signal });
  assert.is(endOf(await answer), "cancelled");
  assert.equal([scene.ends, reports.length], [[], 1]);
  assert.is(tracker.find("2-a")?.debt?.inFlight ?? 0, 0);
});

test("an instance whose bus throws at the goodbye ends all the same, and gets no calls", async () => {
  let throws = false;
  const busOf = (bus: MemoryBus): MemoryBus => {
    const publish = bus.publish.bind(bus);
    bus.publish = (subject, body) => {
      if (throws && subject.startsWith("health.")) boom();
      publish(subject, body);
    };
    return bus;
  };
  const scene = await new ServiceScene({ count: 1, busOf }).start();
  throws = true;
  let end = "none";
  const disposed = scene.instances[0]?.[Symbol.asyncDispose]();
  void disposed?.then(
    () => (end = "ended"),
    () => (end = "rejected"),
  );
  await scene.clock.advance(10_000);
  assert.is(end, "ended");
  const { answer } = await scene.timed();
  assert.is(endOf(answer), "no-instances");
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
