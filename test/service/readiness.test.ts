// An instance whose `ready` says no gets no calls, loses none, and is back as soon as it says yes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimNumber } from "../../src/service/claim-number.ts";
import { answer } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";
import { answeredBy, ServiceScene, TEA } from "../support/service-scene.ts";

const test = suite("readiness");

/** Instance 2, beside instance 1 of a scene that is always ready. */
async function sceneWith(ready: () => boolean): Promise<ServiceScene> {
  const scene = await new ServiceScene({ handle: (_request, instance) => answer(instance) }).start();
  const { clock, network, reports } = scene;
  const starting = startInstance({
    ...{ service: TEA, instance: 2, bus: network.bus(), clock, ready, handle: () => answer(2) },
    report: (sentence) => reports.push(sentence),
  });
  await scene.ended(starting);
  return scene;
}

/** Which instances answered four calls. */
async function fourCalls(scene: ServiceScene): Promise<readonly unknown[]> {
  const by: unknown[] = [];
  for (let call = 0; call < 4; call += 1) by.push(answeredBy(await scene.ask()));
  return by.sort();
}

const statesOf = (scene: ServiceScene): readonly unknown[] =>
  [...scene.client.tracker.all()].map(({ who, membership }) => [who.instance, membership.kind]);

test("an instance that is not ready at its start is unknown, until it is", async () => {
  let isReady = false;
  const scene = await sceneWith(() => isReady);
  await scene.clock.advance(60_000);
  assert.equal([statesOf(scene), await fourCalls(scene)], [[[1, "up"]], [1, 1, 1, 1]]);
  isReady = true;
  await scene.clock.advance(300);
  assert.equal(await fourCalls(scene), [1, 1, 2, 2]);
});

test("one that is not ready any more gets no calls, and loses none", async () => {
  let isReady = true;
  const scene = await sceneWith(() => isReady);
  assert.equal(await fourCalls(scene), [1, 1, 2, 2]);
  isReady = false;
  await scene.clock.advance(300);
  assert.equal([await fourCalls(scene), scene.countEvents("draining")], [[1, 1, 1, 1], 1]);
  assert.equal(statesOf(scene), [
    [1, "up"],
    [2, "draining"],
  ]);
  isReady = true;
  await scene.clock.advance(300);
  assert.equal([await fourCalls(scene), scene.countEvents("returned")], [[1, 1, 2, 2], 1]);
});

test("a call that is not idempotent goes on as well: it was not begun", async () => {
  let isReady = true;
  const scene = await sceneWith(() => isReady);
  isReady = false;
  await scene.clock.advance(300);
  for (let call = 0; call < 3; call += 1) assert.is(answeredBy(await scene.ask({ idempotent: false })), 1);
});

test("one that throws, or answers with anything else than true or false, is not ready, and is reported", async () => {
  const answers: readonly (() => unknown)[] = [
    () => {
      throw new Error("no database");
    },
    () => 1,
    async () => true,
    // A rejection that is not handled would end the process.
    () => Promise.reject(new Error("no database")),
  ];
  const expected = [
    "no database",
    "it returned 1 in place",
    "it returned (a promise that is not awaited) in place",
    "it returned (a promise that is not awaited) in place",
  ];
  for (const [index, ready] of answers.entries()) {
    const scene = await sceneWith(ready as () => boolean);
    assert.equal(await fourCalls(scene), [1, 1, 1, 1]);
    assert.is(scene.reports.length, 1, "at most once a minute");
    assert.ok(scene.reports[0]?.includes(expected[index] ?? ""), scene.reports[0]);
  }
});

test("its number is taken all the same", async () => {
  const scene = await sceneWith(() => false);
  const claimed = await scene.ended(claimNumber(scene.network.bus(), TEA));
  assert.is(claimed.instance, 3);
  const { clock, network } = scene;
  const again = startInstance({ service: TEA, instance: 2, bus: network.bus(), clock, handle: () => answer(2) });
  assert.is((await scene.ended(again)).kind, "taken");
});

test("what concerns a call that was begun is received all the same", async () => {
  const scene = new ServiceScene({ instance: { ready: () => false } });
  await scene.start();
  const address = (operation: string): string => scene.instance.address.replace(".get.", `.${operation}.`);
  const grant = JSON.stringify({ stream: "_INBOX.tea.1", credit: 1 });
  const codes: unknown[] = [];
  for (const operation of ["_stream", "get"]) {
    const reply = await scene.ended(scene.caller.request(address(operation), grant, { timeoutMs: 100 }));
    codes.push(reply.kind === "service-error" && reply.code);
  }
  assert.equal(codes, [404, 503]);
});

test("it says goodbye as any other", async () => {
  const scene = new ServiceScene({ instance: { ready: () => false } });
  await scene.start();
  await scene.ended(scene.instance.goodbye());
  assert.equal(statesOf(scene), []);
});

test.run();
