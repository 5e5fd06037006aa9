// A call within a request, whose signal is aborted: by the end of that request's time, or because its caller has given up.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { answered, ClientScene, NO_RESPONDERS, TIMEOUT, TIMEOUT_MS } from "../support/client-scene.ts";
import { endOf } from "../support/service-scene.ts";

const test = suite("inherited times");

const LEFT_MS = 600;

/** How a call within a request ends when its signal is aborted after so long, and the cancel messages of it. */
async function abortedAfter(ms: number, timeoutMs?: number): Promise<readonly unknown[]> {
  const scene = new ClientScene(1);
  const parent = new AbortController();
  const within = { deadline: scene.clock.wall() + LEFT_MS, signal: parent.signal, metadata: {}, trace: undefined };
  const { answer } = await scene.ask({ within, ...(timeoutMs !== undefined && { timeoutMs }) });
  await scene.clock.advance(ms);
  parent.abort();
  await scene.clock.advance(0);
  return [endOf(await answer), scene.acts.filter((act) => act.startsWith("cancel")).length];
}

test("with 5 ms left it was given up, and is cancelled; with less its time is over, and its instance knows that", async () => {
  assert.equal(await abortedAfter(LEFT_MS / 2), ["cancelled", 1]);
  assert.equal(await abortedAfter(LEFT_MS - 5), ["cancelled", 1]);
  assert.equal(await abortedAfter(LEFT_MS - 4), ["timeout", 0]);
});

test("near the end of its own timeout it was given up all the same: its instance has that time alone", async () => {
  assert.equal(await abortedAfter(LEFT_MS / 2 - 1, LEFT_MS / 2), ["cancelled", 1]);
});

test("a call of no request is cancelled by its signal until its very end", async () => {
  const scene = new ClientScene(1);
  const leaving = new AbortController();
  const { answer } = await scene.ask({ signal: leaving.signal });
  await scene.clock.advance(TIMEOUT_MS - 1);
  leaving.abort();
  await scene.clock.advance(0);
  assert.equal([endOf(await answer), scene.countOf("cancel reply-1 at ratings._cancel.1-a")], ["cancelled", 1]);
});

test("an attempt that has timed out leaves the call to its hedge alone: its answer, or else the timeout", async () => {
  for (const [reply, expected] of [
    [answered({}), "ok"],
    [NO_RESPONDERS, "timeout"],
  ] as const) {
    const scene = new ClientScene(3, { hedge: true });
    const { answer } = await scene.ask();
    await scene.clock.advance(TIMEOUT_MS - 100);
    assert.is(scene.sent.length, 2, "the call and its hedge");
    scene.sent[0]?.end(TIMEOUT);
    await scene.clock.advance(50);
    assert.is(scene.sent.length, 2, "no third instance gets it");
    await scene.end(reply);
    assert.is(endOf(await answer), expected);
  }
});

test("a call that is away says why, if the bus knows it", async () => {
  for (const [lastFailure, detail] of [
    [undefined, undefined],
    [{ kind: "unreachable", message: "connection refused" }, "connection refused"],
  ] as const) {
    const scene = new ClientScene(1);
    await scene.clock.advance(TIMEOUT_MS);
    Object.assign(scene.bus, { status: "disconnected", lastFailure });
    const ended = await (await scene.ask()).answer;
    assert.equal(ended.kind === "unanswered" && [ended.reason, ended.detail], ["disconnected", detail]);
    assert.is(ended.kind === "unanswered" && "detail" in ended, detail !== undefined);
  }
});

test("a call that its caller has given up is cancelled, and not disconnected, while the bus is away", async () => {
  const scene = new ClientScene(1);
  await scene.clock.advance(TIMEOUT_MS);
  Object.assign(scene.bus, { status: "disconnected" });
  const given = await (await scene.ask({ signal: AbortSignal.abort() })).answer;
  const kept = await (await scene.ask({ signal: new AbortController().signal })).answer;
  assert.equal([endOf(given), endOf(kept)], ["cancelled", "disconnected"]);
});

test("calls to an instance are given up when it has no responders, and not when it is silent or leaves", async () => {
  for (const [end, expected] of [
    [async (scene: ClientScene) => scene.end(NO_RESPONDERS), 1],
    [async (scene: ClientScene) => scene.clock.advance(100 * TIMEOUT_MS), 0],
    [async (scene: ClientScene) => scene.beat(1, { state: "draining" }), 0],
    [async (scene: ClientScene) => scene.end(TIMEOUT), 0],
  ] as const) {
    const scene = new ClientScene(1);
    await scene.ask();
    await end(scene);
    await scene.clock.advance(0);
    assert.is(scene.countOf("give up ratings.get.1-a"), expected);
  }
});

test("an observer receives events, attempts and calls until it is removed, and its failures are reported by name", async () => {
  const reports: string[] = [];
  const scene = new ClientScene(1, { report: (sentence) => reports.push(sentence) });
  const received: string[] = [];
  const boom = (): never => {
    throw new Error("boom");
  };
  const remove = scene.client.observe({
    onEvent: ({ kind }: ClientEvent) => received.push(kind),
    onAttempt: ({ kind }) => received.push(kind),
    onCall: ({ operation, result, tookMs }) => received.push(`${operation} ${result} ${tookMs}`),
  });
  const removeFailing = scene.client.observe({ onEvent: boom, onAttempt: boom, onCall: boom });
  await scene.clock.advance(TIMEOUT_MS);
  const { answer } = await scene.ask();
  await scene.clock.advance(70);
  await scene.end({ kind: "service-error", code: 410, message: "no" });
  assert.is(endOf(await answer), "410");
  await scene.clock.advance(0);
  assert.equal(received, ["resolving", "resolved", "using", "attempt", "get error 70"]);
  const names = reports.map((sentence) => sentence.split(" ")[0]);
  assert.equal(names.sort(), ["onAttempt", "onCall", "onEvent"]);
  remove();
  removeFailing();
  const later = await scene.ask();
  await scene.end(NO_RESPONDERS);
  await later.answer;
  assert.is(received.length, 5);
});

test("a call whose options cannot be used is one of no operation to an observer", async () => {
  const scene = new ClientScene(1);
  const calls: unknown[] = [];
  scene.client.observe({ onCall: (ended) => calls.push(ended) });
  await scene.client.ask({}, { timeoutMs: -1 });
  assert.equal(calls, [{ operation: "", result: "failed", tookMs: 0 }]);
});

test.run();
