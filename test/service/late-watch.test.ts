// Late instances of a client: it finds them by one timer, passes over them, and asks them if they are there.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newBalancer } from "../../src/health/balancer.ts";
import type { ClientOptions } from "../../src/service/client-options.ts";
import { answered, ClientScene, NO_RESPONDERS, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";

const test = suite("late instances of a client");

/** Without recent answers an instance is late after a fifth of the timeout. A check may come 10 ms later. */
const LATE_MS = TIMEOUT_MS / 5 + 11;

/** A scene in which an answer of instance 1 is owed for so long that it is late. */
async function withOneLate(instances = 2): Promise<ClientScene> {
  const scene = new ClientScene(instances);
  await scene.ask();
  await scene.clock.advance(LATE_MS);
  return scene;
}

test("a balancer of the user's own whose check returns nothing, or less, is reported and breaks nothing", async () => {
  for (const found of [undefined, { areOwed: true }, { events: [], toAsk: [], areOwed: true }]) {
    const reports: string[] = [];
    const createBalancer: ClientOptions["createBalancer"] = (...given) => {
      const balancer = newBalancer(...given);
      balancer.tracker.lateness.check = () => found as never;
      return balancer;
    };
    const scene = new ClientScene(2, { createBalancer, report: (sentence) => reports.push(sentence) });
    await scene.ask();
    await scene.clock.advance(LATE_MS);
    assert.is(reports.length, 1, JSON.stringify(found));
    await scene.end(answered({}));
    assert.equal(calledInstances(scene), [1]);
  }
});

test("a balancer of the user's own whose check throws once is asked again after a second", async () => {
  let checks = 0;
  const createBalancer: ClientOptions["createBalancer"] = (...given) => {
    const balancer = newBalancer(...given);
    const { lateness } = balancer.tracker;
    const check = lateness.check.bind(lateness);
    lateness.check = (...from) => {
      checks += 1;
      if (checks === 1) throw new Error("once");
      return check(...from);
    };
    return balancer;
  };
  const scene = new ClientScene(2, { createBalancer, report: () => undefined });
  await scene.ask({ timeoutMs: 60_000 });
  await scene.clock.advance(12_100);
  assert.equal([scene.countOf("late"), scene.countOf("ask 1")], [1, 1]);
  const next = new ClientScene(2, { createBalancer, report: () => undefined });
  checks = 0;
  await next.ask();
  await next.clock.advance(10);
  await next.end(answered({}));
  await next.ask();
  await next.clock.advance(LATE_MS);
  assert.equal([checks > 20, next.countOf("late")], [true, 1], "a call looks at once");
});

const calledInstances = ({ sent }: ClientScene): readonly number[] => sent.map(({ instance }) => instance);

test("a call without an answer makes its instance late, which is passed over until it answers", async () => {
  const scene = await withOneLate();
  assert.equal(
    scene.acts.filter((act) => act === "late" || act.startsWith("ask")),
    ["late", "ask 1"],
  );
  for (let call = 0; call < 3; call++) {
    await scene.ask();
    await scene.end(answered({}));
  }
  assert.equal(calledInstances(scene), [1, 2, 2, 2]);
  scene.acts.length = 0;
  scene.sent[0]?.end(answered({}));
  assert.equal(scene.acts, ["on-time"]);
  await scene.ask();
  assert.is(scene.sent.at(-1)?.instance, 1);
});

test("its status says why it gets no calls", async () => {
  const scene = await withOneLate();
  const whys = (): readonly string[] => scene.client.instances().map(({ why }) => why);
  assert.equal(whys()[0], "it owes an answer for too long, and gets calls only if no other can take them");
  await scene.end(answered({}));
  assert.is(whys()[0], "it answers calls");
});

test("with answers owed by all, all are used", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  await scene.ask();
  await scene.clock.advance(LATE_MS);
  assert.is(scene.countOf("late"), 2);
  await scene.ask();
  await scene.ask();
  assert.equal(calledInstances(scene), [1, 2, 1, 2]);
});

test("no responders to the question: the calls in its hands end, and the instance is lost", async () => {
  const scene = await withOneLate();
  scene.acts.length = 0;
  scene.questions[0]?.(NO_RESPONDERS);
  await scene.clock.advance(1);
  assert.equal(scene.acts, ["lost", "give up ratings.get.1-a"]);
});

test("no reply to the question changes nothing, and the call times out as before", async () => {
  const scene = await withOneLate();
  scene.acts.length = 0;
  scene.questions[0]?.(TIMEOUT);
  scene.questions[0]?.({ kind: "disconnected" });
  assert.equal(scene.acts, []);
  await scene.clock.advance(TIMEOUT_MS - LATE_MS);
  scene.sent[0]?.end(TIMEOUT);
  assert.is(scene.acts[0], "opened");
});

test("one question a second, however often it is late", async () => {
  const scene = new ClientScene(1);
  for (let call = 0; call < 4; call++) {
    await scene.ask({ timeoutMs: 400 });
    await scene.clock.advance(200);
    assert.is(scene.countOf("late"), 1);
    await scene.end(answered({}));
  }
  assert.is(scene.questions.length, 1);
});

test("an instance that does not promise to serve the subject is not asked", async () => {
  const scene = new ClientScene(0);
  scene.beat(1, { answersOnce: false });
  scene.beat(2);
  await scene.ask();
  await scene.clock.advance(LATE_MS);
  assert.equal([scene.countOf("late"), scene.questions.length], [1, 0]);
});

test("an instance whose heartbeats have ended is asked at once, and what it had ends if it is dead", async () => {
  const scene = new ClientScene(2);
  for (const instance of [1, 2]) scene.beat(instance, { intervalMs: 200 });
  await scene.ask({ timeoutMs: 60_000 });
  await scene.clock.advance(650);
  assert.is(scene.countOf("late"), 0);
  assert.equal(scene.acts.filter((act) => act === "lost" || act.startsWith("ask")).slice(0, 2), ["lost", "ask 1"]);
  scene.acts.length = 0;
  scene.questions[0]?.(NO_RESPONDERS);
  assert.equal(scene.acts, ["give up ratings.get.1-a"]);
});

test("one that stays late is asked every second: nothing else would find out that it has died meanwhile", async () => {
  const scene = new ClientScene(2);
  const beat = (): void => [1, 2].forEach((instance) => void scene.beat(instance));
  await scene.ask({ timeoutMs: 10_000 });
  const seconds: number[] = [];
  for (let second = 1; second <= 5; second++) {
    await scene.clock.advance(1_000);
    beat();
    seconds.push(scene.questions.length);
    scene.questions.at(-1)?.(TIMEOUT);
  }
  assert.equal(seconds, [0, 0, 1, 2, 3]);
  await scene.clock.advance(100);
  scene.acts.length = 0;
  scene.questions.at(-1)?.(NO_RESPONDERS);
  await scene.clock.advance(1);
  assert.equal(scene.acts, ["lost", "give up ratings.get.1-a"]);
});

test("late again within the second, and then dead: it is asked when the second is over", async () => {
  const scene = await withOneLate();
  await scene.end(answered({}));
  await scene.ask();
  await scene.end(answered({}));
  await scene.ask({ timeoutMs: 4_000 });
  assert.is(scene.sent.at(-1)?.instance, 1);
  await scene.clock.advance(1_020);
  assert.equal([scene.countOf("late"), scene.countOf("ask 1")], [1, 1]);
});

test("one that dies after its goodbye is asked when its heartbeats end, and what it had ends", async () => {
  const scene = new ClientScene(2);
  for (const instance of [1, 2]) scene.beat(instance, { intervalMs: 200 });
  await scene.ask({ timeoutMs: 60_000 });
  scene.beat(1, { intervalMs: 200, state: "draining" });
  await scene.clock.advance(650);
  assert.equal(scene.acts.filter((act) => act === "left" || act.startsWith("ask")).slice(0, 2), ["left", "ask 1"]);
  scene.acts.length = 0;
  scene.questions[0]?.(NO_RESPONDERS);
  assert.equal(scene.acts, ["give up ratings.get.1-a"]);
});

test("a check that a busy process makes too late finds nothing yet: the request may have left just now", async () => {
  for (const isAnswered of [true, false]) {
    const scene = new ClientScene(2);
    const after = scene.clock.after.bind(scene.clock);
    // The first check comes after 300 ms instead of 10.
    scene.clock.after = (delayMs, act) => {
      scene.clock.after = after;
      return after(delayMs + 290, act);
    };
    await scene.ask();
    await scene.clock.advance(301);
    assert.is(scene.countOf("late"), 0);
    if (isAnswered) await scene.end(answered({}));
    await scene.clock.advance(11);
    assert.is(scene.countOf("late"), isAnswered ? 0 : 1);
  }
});

test("a process that is busy after each of its calls takes no instance for late", async () => {
  const scene = new ClientScene(2);
  const after = scene.clock.after.bind(scene.clock);
  // Each check comes after 260 ms instead of 10, and each answer after 265.
  scene.clock.after = (delayMs, act) => after(delayMs + 250, act);
  for (let call = 0; call < 6; call++) {
    await scene.ask();
    await scene.clock.advance(265);
    await scene.end(answered({}));
    assert.is(scene.countOf("late"), 0);
  }
});

test("it looks only while answers are owed, and a closed client looks no more", async () => {
  const scene = new ClientScene(2);
  const { lateness } = scene.client.tracker;
  const check = lateness.check.bind(lateness);
  let checks = 0;
  lateness.check = (members, now, upTo) => {
    checks += 1;
    return check(members, now, upTo);
  };
  await scene.clock.advance(1_000);
  assert.is(checks, 0);
  await scene.ask();
  await scene.clock.advance(35);
  assert.is(checks, 3);
  await scene.end(answered({}));
  await scene.clock.advance(1_000);
  assert.is(checks, 4, "once more, and it finds nothing owed");
  await scene.ask();
  scene.client.close();
  await scene.clock.advance(LATE_MS);
  assert.equal([checks, scene.countOf("late")], [4, 0]);
});

/** Heartbeats of `instances`, which promise one a second, while so much time passes. The questions get no reply. */
async function passes(scene: ClientScene, forMs: number, instances: readonly number[]): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 500) {
    for (const instance of instances) scene.beat(instance, { intervalMs: 1_000 });
    await scene.clock.advance(500);
    for (const reply of scene.questions.splice(0)) reply(TIMEOUT);
  }
}

const asksOf = (scene: ClientScene, instance: number): number => scene.countOf(`ask ${instance}`);

test("an instance whose heartbeats end is asked at once and each second, however lately it was asked, until its call ends", async () => {
  const scene = new ClientScene(2);
  await passes(scene, 1, [1, 2]);
  const { timers } = scene.clock;
  const { answer } = await scene.ask({ timeoutMs: 60_000 });
  await passes(scene, 16_000, [1, 2]);
  assert.is(scene.countOf("late"), 1);
  await passes(scene, 1_000, [2]);
  scene.acts.length = 0;
  while (scene.countOf("lost") === 0) await passes(scene, 500, [2]);
  assert.is(
    asksOf(scene, 1),
    1 + scene.acts.slice(0, scene.acts.indexOf("lost")).filter((act) => act === "ask 1").length,
  );
  scene.acts.length = 0;
  await passes(scene, 3_000, [2]);
  assert.is(asksOf(scene, 1), 3, "once a second");
  await scene.clock.advance(1_000);
  for (const reply of scene.questions.splice(0)) reply(NO_RESPONDERS);
  assert.is(scene.countOf("give up ratings.get.1-a"), 1, "dead: its calls end");
  scene.acts.length = 0;
  await passes(scene, 3_000, [2]);
  assert.is(asksOf(scene, 1), 0, "dead, whether its call ends or not");
  await scene.end(NO_RESPONDERS);
  await scene.end(answered({}));
  assert.is((await answer).kind, "ok");
  scene.acts.length = 0;
  await passes(scene, 5_000, [2]);
  assert.equal([asksOf(scene, 1), scene.clock.timers], [0, timers], "no call is in flight to it");
});

test("so is one that owes nothing: its breaker had opened, or its operation has no limit", async () => {
  const opened = new ClientScene(2);
  await passes(opened, 1, [1, 2]);
  await opened.ask({ timeoutMs: 60_000 });
  await opened.ask();
  await opened.end(answered({}));
  await opened.ask();
  assert.is(opened.sent.at(-1)?.instance, 1);
  await passes(opened, 1_000, [2]);
  opened.sent.at(-1)?.end(TIMEOUT);
  assert.is(opened.countOf("opened"), 1);
  const slow = new ClientScene(2);
  for (let call = 0; call < 60; call++) {
    await slow.ask({ timeoutMs: 4_000 });
    await passes(slow, 1_500, [1, 2]);
    await slow.end(answered({}));
  }
  assert.is(slow.client.tracker.lateness.limitMs("get", 4_000), undefined);
  await slow.ask({ timeoutMs: 4_000 });
  assert.is(slow.sent.at(-1)?.instance, 1);
  for (const scene of [opened, slow]) {
    while (scene.countOf("lost") === 0) await passes(scene, 500, [2]);
    assert.is(scene.acts[scene.acts.indexOf("lost") + 1], "ask 1");
  }
});

/** A scene in which the row of instance 1 was purged, with a call to it in flight. */
async function withPurged(): Promise<ClientScene> {
  const rules = { requestTimeoutMs: TIMEOUT_MS, purgeAfterMs: 2_000 };
  const scene = new ClientScene(2, { rules });
  await passes(scene, 1, [1, 2]);
  await scene.ask({ timeoutMs: 60_000 });
  while (scene.client.tracker.knows("1-a")) await passes(scene, 500, [2]);
  return scene;
}

test("an instance whose row was purged is asked until its call ends", async () => {
  const scene = await withPurged();
  scene.acts.length = 0;
  await passes(scene, 2_500, [2]);
  assert.ok(asksOf(scene, 1) >= 2);
  await scene.clock.advance(500);
  for (const reply of scene.questions.splice(0)) reply(NO_RESPONDERS);
  assert.is(scene.countOf("give up ratings.get.1-a"), 1);
});

test("the calls of a row that was purged end with the next row of the same process", async () => {
  const scene = await withPurged();
  scene.beat(1, { operations: ["get", "list"] });
  await scene.ask({ operation: "list" });
  scene.acts.length = 0;
  await scene.end(NO_RESPONDERS);
  await scene.clock.advance(1);
  assert.equal(
    scene.acts.filter((act) => act.startsWith("give up")),
    ["give up ratings.list.1-a", "give up ratings.get.1-a"],
  );
});

test("one that is back is asked no more as one that was gone", async () => {
  const scene = new ClientScene(2);
  await passes(scene, 1, [1, 2]);
  await scene.ask({ timeoutMs: 60_000 });
  while (scene.countOf("lost") === 0) await passes(scene, 500, [2]);
  await passes(scene, 500, [1, 2]);
  assert.is(scene.countOf("returned"), 1);
  scene.acts.length = 0;
  await passes(scene, 5_000, [1, 2]);
  assert.is(asksOf(scene, 1), 0);
});

test("a bus that throws as one instance is to be warned of keeps no other from being found late and asked", async () => {
  let throws = false;
  const reports: string[] = [];
  const warningSender = (): string => {
    if (!throws) return "any.me";
    throws = false;
    throw new Error("no sender");
  };
  const scene = new ClientScene(3, { report: (sentence) => reports.push(sentence) }, { warningSender });
  await scene.ask({ timeoutMs: 4_000 });
  await scene.ask({ timeoutMs: 8_000 });
  await scene.clock.advance(1_012);
  throws = true;
  await scene.clock.advance(2_200);
  assert.is(reports.length, 1);
  assert.equal([scene.countOf("late"), asksOf(scene, 1), asksOf(scene, 2)], [2, 3, 2]);
});

test("an answer that a busy process has not read yet makes no instance late", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  const [call] = scene.sent;
  // The check at 200 ms finds nothing yet, and that at 210 would. In its turn of the loop the socket is read first.
  scene.clock.after(210, () => scene.clock.read(() => call?.end(answered({}))));
  await scene.clock.advance(LATE_MS);
  assert.is(scene.countOf("late"), 0);
});

test.run();
