// Readers that return a promise: the instance is judged by its answer at once, and by its value when the check has ended.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AttemptOutcome, ClientEvent } from "../../src/service/client-options.ts";
import { answer } from "../../src/service/core/handler.ts";
import type { ResponseReader, Validated } from "../../src/service/outcome.ts";
import { endOf, failedPart, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("asynchronous readers");

const valid: Validated = { kind: "valid", value: 7 };
const invalid: Validated = { kind: "invalid", problems: ["rating: must be a number"] };

const sceneOf = (count: number, hedge = false): Promise<ServiceScene> =>
  new ServiceScene({ count, handle: (_, instance) => answer({ from: instance }), client: { hedge } }).start();

const results = (ends: readonly AttemptOutcome[]): readonly unknown[] =>
  ends.map((ended) => (ended.kind === "attempt" ? `${ended.who.instance} ${ended.result}` : ended.kind));

const problemsOf = (events: readonly ClientEvent[]): readonly unknown[] =>
  events.flatMap((event) => (event.kind === "invalid-response" ? [[event.who.instance, event.problems]] : []));

const proven = ({ client }: ServiceScene): readonly number[] =>
  [...client.tracker.all()].flatMap(({ who, hasAnswered }) => (hasAnswered ? [who.instance] : []));

/** A reader whose checks the test ends. */
function held(): {
  readonly read: ResponseReader;
  readonly checks: ((end: Validated | PromiseLike<Validated>) => void)[];
} {
  const checks: ((end: Validated | PromiseLike<Validated>) => void)[] = [];
  return { checks, read: () => new Promise((resolve) => checks.push(resolve)) };
}

test("the value of a promise is the value of the call, undefined as well", async () => {
  const scene = await sceneOf(1);
  for (const value of [7, null, undefined]) {
    const ended = await scene.ask({ read: async () => ({ kind: "valid", value }) });
    assert.equal([ended.kind, "value" in ended && ended.value], ["ok", value]);
  }
  assert.equal(proven(scene), [1]);
});

test("an invalid answer sends an idempotent call on, and its problems are in the event and the outcome", async () => {
  const scene = await sceneOf(2);
  const first = await scene.ask({ read: async (body) => (Object(body).from === 1 ? invalid : valid) });
  assert.is(endOf(first), "ok");
  assert.equal(problemsOf(scene.events), [[1, ["rating: must be a number"]]]);
  assert.equal([results(scene.ends), proven(scene)], [["1 invalid", "2 answered"], [2]]);
  const none = await scene.ask({ read: async () => invalid, idempotent: false });
  assert.is(endOf(none), "invalid-response");
  assert.is("detail" in none && none.detail, "rating: must be a number");
});

test("while the check goes on, the ticket is settled and nothing is proven; the time of the check is not the instance's", async () => {
  const scene = await sceneOf(1);
  const settled: string[] = [];
  const { tracker } = scene.client;
  const settle = tracker.settle.bind(tracker);
  tracker.settle = (ticket, result, now) => {
    settled.push(result);
    return settle(ticket, result, now);
  };
  const { read, checks } = held();
  const asking = scene.client.ask({}, { read });
  await scene.clock.advance(500);
  assert.equal([settled, proven(scene), scene.ends], [["unchecked"], [], []]);
  checks[0]?.(valid);
  assert.is(endOf(await asking), "ok");
  const [ended] = scene.ends;
  assert.ok(ended?.kind === "attempt" && ended.result === "answered" && ended.tookMs < 100);
  assert.equal([settled, proven(scene)], [["unchecked"], [1]]);
});

test("a retest is over when its answer arrives, however long the check takes", async () => {
  const scene = await sceneOf(1);
  scene.buses[0]?.pause();
  await scene.ask();
  await scene.clock.advance(TIMEOUT_MS);
  scene.buses[0]?.resume();
  const { read } = held();
  await scene.ask({ read });
  await scene.clock.advance(100);
  const [member] = scene.client.tracker.all();
  assert.is.not(member?.breaker.kind, "retesting");
  assert.is.not(member?.breaker.kind, "open");
});

test("a check without an end ends with the time of the call, and opens no breaker", async () => {
  const scene = await sceneOf(2);
  const { read, checks } = held();
  const { answer: ended, tookMs } = await scene.timed({ read });
  assert.is(endOf(ended), "timeout");
  assert.ok(ended.kind === "unanswered" && ended.mayHaveExecuted);
  assert.ok(tookMs >= TIMEOUT_MS - 1 && tookMs <= TIMEOUT_MS + 20, `${tookMs}`);
  assert.equal([results(scene.ends), scene.countEvents("opened"), proven(scene)], [["1 unchecked"], 0, []]);
  checks[0]?.(invalid);
  await scene.clock.advance(0);
  assert.equal(problemsOf(scene.events), [[1, ["rating: must be a number"]]], "what came late is reported");
  assert.equal(results(scene.ends), ["1 unchecked"], "and counted once");
  const late = scene.client.ask({}, { read });
  await scene.clock.advance(2 * TIMEOUT_MS);
  assert.is(endOf(await late), "timeout");
  checks[1]?.(valid);
  await scene.clock.advance(0);
  assert.equal(proven(scene), [2], "a valid answer proves its instance, late as it is");
});

test("a caller that gives up is answered at once, and the check goes on", async () => {
  const scene = await sceneOf(1);
  const { read, checks } = held();
  const leaving = new AbortController();
  const asking = scene.client.ask({}, { read, signal: leaving.signal });
  await scene.clock.advance(50);
  leaving.abort();
  assert.is(endOf(await asking), "cancelled");
  checks[0]?.(valid);
  await scene.clock.advance(0);
  assert.equal([results(scene.ends), proven(scene)], [["1 answered"], [1]]);
});

test("a promise that rejects, throws, or calls back twice fails its own call at most, and is reported", async () => {
  const then = (act: (resolve: (end: unknown) => void, reject: (error: unknown) => void) => void): unknown => ({
    // biome-ignore lint/suspicious/noThenProperty: the promise of another library
    then: act,
  });
  const boom = (): never => {
    throw new Error("boom");
  };
  const rows: readonly (readonly [() => unknown, string])[] = [
    [async () => boom(), "failed"],
    [() => then(boom), "failed"],
    [() => then((_, reject) => reject(undefined)), "failed"],
    [async () => "valid", "failed"],
    [async () => new Proxy({}, { get: (_, key) => (key === "then" ? undefined : boom()) }), "failed"],
    [() => then((resolve, reject) => [resolve(valid), reject(boom), resolve(invalid)]), "ok"],
  ];
  for (const [read, end] of rows) {
    const scene = await sceneOf(1);
    const ended = await scene.ask({ read: read as never });
    assert.is(endOf(ended), end, String(read));
    if (end === "failed") assert.is(failedPart(ended), "the check of the answer failed");
    assert.is(scene.reports.length, end === "failed" ? 1 : 0, scene.reports.join());
    assert.is(scene.ends.length, 1);
  }
});

test("a hedge whose check goes on does not keep the late instance from answering", async () => {
  const scene = await new ServiceScene({
    ...{ count: 2, client: { hedge: true } },
    handle: (_, instance) =>
      instance === 1 ? new Promise((resolve) => void setImmediate(() => resolve(answer({ from: 1 })))) : answer({}),
  }).start();
  scene.buses[0]?.pause();
  const { read, checks } = held();
  const asking = scene.client.ask({}, { read });
  await scene.clock.advance(300);
  assert.is(checks.length, 1, "the hedge has answered");
  checks[0]?.(valid);
  assert.is(endOf(await asking), "ok");
});

test.run();
