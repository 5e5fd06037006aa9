// A client on a bus whose every call the test ends.

import { getEventListeners } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClientOptions } from "../../src/service/client-options.ts";
import { startRollCall } from "../../src/service/initial-roll-call.ts";
import type { InvalidResponse, Validated } from "../../src/service/outcome.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { answered, ClientScene, NO_RESPONDERS, RETEST_MS, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";
import { endOf } from "../support/service-scene.ts";

const test = suite("a client");

const INVALID: InvalidResponse = { kind: "invalid", problems: [] };

test("of one call, at most eight attempts are emitted, however many it takes", async () => {
  const scene = new ClientScene(12);
  const { answer } = await scene.ask();
  while (scene.sent.length < 12) await scene.end(NO_RESPONDERS);
  assert.equal(
    ["resolving", "resolved", "using"].map((kind) => scene.countOf(kind)),
    [8, 8, 8],
  );
  await scene.end(NO_RESPONDERS);
  assert.is(endOf(await answer), "no-instances");
  assert.is(scene.ends.at(-1)?.kind, "short-circuited");
});

test("a resolved event lists the live instances at the time of reading, by number", async () => {
  const live: unknown[] = [];
  const onEvent: ClientOptions["onEvent"] = (event) => {
    if (event.kind === "resolved") live.push(event.live().map(({ instance }) => instance));
  };
  const scene = new ClientScene(0, { onEvent });
  for (const instance of [2, 1]) scene.beat(instance);
  await scene.ask();
  assert.equal(live, [[1, 2]]);
});

test("an opened breaker is emitted before the roll call that may close it", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  scene.acts.length = 0;
  await scene.end(TIMEOUT);
  assert.equal(scene.acts, ["opened", "publish health.ratings"]);
});

test("no roll call is sent for a breaker that no heartbeat closes", async () => {
  const scene = new ClientScene(1);
  await scene.ask();
  await scene.end(TIMEOUT);
  scene.beat(1);
  assert.equal(scene.acts.slice(-3), ["opened", "publish health.ratings", "closed"]);
  for (const [after, event] of [
    ["a failed probation", "using"],
    ["a failed retest", "retesting"],
  ] as const) {
    await scene.ask();
    assert.ok(scene.acts.includes(event), after);
    await scene.end(TIMEOUT);
    assert.equal([scene.countOf("opened"), scene.countOf("publish health.ratings")], [1, 0], after);
  }
});

test("changes are emitted in the order in which they happened", async () => {
  const scene = new ClientScene(1);
  await scene.ask();
  await scene.end(TIMEOUT);
  await scene.clock.advance(60_000);
  assert.is(scene.countOf("lost"), 1);
  scene.acts.length = 0;
  scene.beat(1);
  assert.equal(scene.acts, ["returned", "closed"]);
});

test("calls to a dead instance are given up once all that was read is processed", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  scene.sent[0]?.end(NO_RESPONDERS);
  assert.equal([scene.countOf("lost"), scene.countOf("give up ratings.get.1-a")], [1, 0]);
  await scene.clock.advance(0);
  assert.is(scene.countOf("give up ratings.get.1-a"), 1);
});

test("a call goes on while it has 5 ms left, with its own deadline and what is left of its time", async () => {
  for (const [passedMs, goesOn] of [
    [100, true],
    [995, true],
    [996, false],
  ] as const) {
    const scene = new ClientScene(2);
    const { answer } = await scene.ask();
    const until = scene.clock.wall() + TIMEOUT_MS;
    await scene.clock.advance(passedMs);
    await scene.end(NO_RESPONDERS);
    assert.is(scene.sent.length, goesOn ? 2 : 1, `${passedMs} ms`);
    if (goesOn) await scene.end(answered({}));
    assert.is(endOf(await answer), goesOn ? "ok" : "timeout");
    for (const { deadline } of scene.sent) assert.is(deadline, until);
    assert.equal(
      scene.sent.map(({ how }) => how.timeoutMs),
      [TIMEOUT_MS, TIMEOUT_MS - passedMs].slice(0, scene.sent.length),
    );
  }
});

test("a timeout opens the breaker from nine tenths of the time on, and not before", async () => {
  for (const [passedMs, reply, opens] of [
    [100, TIMEOUT, 1],
    [101, TIMEOUT, 0],
    [0, { kind: "receiver-died" }, 0],
  ] as const) {
    const scene = new ClientScene(2);
    await scene.ask();
    await scene.clock.advance(passedMs);
    await scene.end(NO_RESPONDERS);
    await scene.end(reply);
    assert.is(scene.countOf("opened"), opens, `${passedMs} ms ${reply.kind}`);
  }
});

test("a copy that retests has a time of its own, and the bus gets no signal of the caller's", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  await scene.end(TIMEOUT);
  await scene.clock.advance(RETEST_MS);
  scene.sent.length = 0;
  const leaving = new AbortController();
  const { answer } = await scene.ask({ signal: leaving.signal });
  const [copy, call] = scene.sent;
  assert.equal(
    [copy?.instance, copy?.how.signal, copy?.how.timeoutMs, copy?.how.notIdempotent],
    [1, undefined, 1_000, false],
  );
  assert.is(call?.how.signal, undefined);
  assert.is(getEventListeners(leaving.signal, "abort").length, 1);
  leaving.abort();
  assert.is(endOf(await answer), "cancelled");
  assert.is(getEventListeners(leaving.signal, "abort").length, 0);
});

test("a hung instance is retested when due, by a copy and not by a call that must not be copied", async () => {
  const scene = new ClientScene(2);
  await scene.ask();
  await scene.end(TIMEOUT);
  await scene.ask();
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [1, 2],
  );
  await scene.clock.advance(RETEST_MS);
  await scene.ask({ idempotent: false });
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [1, 2, 2],
  );
  await scene.ask();
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [1, 2, 2, 1, 2],
  );
});

test("a second end of the same call changes nothing", async () => {
  const scene = new ClientScene(2);
  const { answer } = await scene.ask();
  await scene.end(answered({}));
  scene.sent[0]?.end(TIMEOUT);
  assert.equal([endOf(await answer), scene.ends.length, scene.countOf("opened")], ["ok", 1, 0]);
});

test("who was asked beside a late one is not asked again for the same call", async () => {
  const scene = new ClientScene(2, { hedge: true });
  const { answer } = await scene.ask({ read: () => INVALID });
  await scene.clock.advance(200);
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [1, 2],
  );
  for (const place of [1, 0]) {
    scene.sent[place]?.end(answered({}));
    await scene.clock.advance(0);
  }
  assert.equal(
    scene.sent.map(({ instance }) => instance),
    [1, 2],
  );
  assert.is(endOf(await answer), "invalid-response");
  assert.is(scene.countOf("invalid-response"), 2);
});

test("every invalid answer is one event: of a call that goes on, of one that may not, of a copy", async () => {
  const read = (): Validated => INVALID;
  for (const idempotent of [true, false]) {
    const scene = new ClientScene(2);
    const { answer } = await scene.ask({ read, idempotent });
    await scene.end(answered({}));
    if (idempotent) await scene.end(answered({}));
    assert.is(endOf(await answer), "invalid-response");
    assert.is(scene.countOf("invalid-response"), idempotent ? 2 : 1);
  }
  const scene = new ClientScene(2);
  await scene.ask();
  await scene.end(TIMEOUT);
  await scene.clock.advance(RETEST_MS);
  await scene.ask({ read });
  const [copy] = scene.sent.slice(-2);
  copy?.end(answered({}));
  copy?.end(answered({}));
  assert.equal([copy?.instance, scene.countOf("invalid-response")], [1, 1]);
});

test("a hedge is sent while the call has 5 ms left", async () => {
  for (const [passedMs, sent] of [
    [995, [1, 2, 3]],
    [996, [1, 2]],
  ] as const) {
    const scene = new ClientScene(3, { hedge: true });
    await scene.ask();
    await scene.clock.advance(passedMs);
    // The hedge is now the attempt that the call waits for, and late as well.
    scene.sent[0]?.end(NO_RESPONDERS);
    await scene.clock.advance(0);
    assert.equal(
      scene.sent.map(({ instance }) => instance),
      sent,
      `${passedMs} ms`,
    );
  }
});

test("a request above a known limit is counted and not sent", async () => {
  for (const [maxBodyBytes, sent] of [
    [1, 0],
    [2, 1],
    [undefined, 1],
  ] as const) {
    const scene = new ClientScene(1);
    Object.assign(scene.bus, { maxBodyBytes });
    await scene.ask();
    const failed = { kind: "failed", detail: "the request was not sent: it is over the bus's limit of 1 bytes" };
    assert.equal([scene.sent.length, scene.ends], [sent, sent === 1 ? [] : [failed]]);
  }
});

test("what is away, or denied, is no instance's doing, and is said at once", async () => {
  const denial = { kind: "limited", message: "not allowed to subscribe to", isDenial: true };
  for (const [status, lastFailure, expected] of [
    ["disconnected", undefined, "disconnected"],
    ["disconnected", { kind: "unreachable", message: "" }, "disconnected"],
    ["disconnected", denial, "denied"],
    ["connected", denial, "denied"],
    ["connected", undefined, "no-instances"],
  ] as const) {
    const scene = new ClientScene(0);
    await scene.clock.advance(TIMEOUT_MS);
    Object.assign(scene.bus, { status, lastFailure });
    const ended = await (await scene.ask()).answer;
    assert.equal([ended.kind, endOf(ended)], ["unanswered", expected]);
  }
});

test("the first call waits for the roll, for all that is read with the first beat, and for 200 ms at most", async () => {
  for (const answers of [true, false]) {
    const clock = new FakeClock();
    let [isFinished, done] = [false, 0];
    const roll = startRollCall(clock, () => (done += 1));
    void roll.finished.then(() => (isFinished = true));
    if (answers) roll.answered();
    await Promise.resolve();
    assert.is(isFinished, false);
    await clock.advance(answers ? 0 : 199);
    assert.is(isFinished, answers);
    await clock.advance(1);
    roll.over();
    assert.equal([isFinished, done, clock.timers], [true, 1, 0]);
  }
});

test("it is ready once the roll call is over, or at once where an instance is known", async () => {
  assert.throws(() => new ClientScene(0, { service: "Not a name" }), /service name/);
  for (const instances of [0, 1]) {
    const scene = new ClientScene(instances);
    let ready = 0;
    void scene.client.ready().then(() => (ready += 1));
    await Promise.resolve();
    assert.is(ready, 0);
    await scene.clock.advance(instances === 0 ? 199 : 0);
    assert.is(ready, instances);
    await scene.clock.advance(1);
    assert.is(ready, 1);
    void scene.client.ready().then(() => (ready += 1));
    await scene.clock.advance(0);
    assert.is(ready, 2);
    const { answer } = await scene.ask({ signal: null as unknown as AbortSignal });
    if (instances === 1) await scene.end(answered({}));
    assert.is(endOf(await answer), instances === 1 ? "ok" : "no-instances");
  }
});

test("a closed client has no timer and no subscription, and no call that waits", async () => {
  const scene = new ClientScene(0);
  const waiting = scene.client.ask({});
  assert.is(scene.clock.timers, 2);
  scene.client.close();
  assert.equal([scene.clock.timers, scene.countOf("unsubscribe")], [0, 1]);
  assert.is(endOf(await waiting), "failed");
});

test.run();
