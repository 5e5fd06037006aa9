// The time of a call: its own timeout, what is left of the request within which it is made, and what each means for the health
// of the instance.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import { timeoutOf } from "../../src/service/core/request-headers.ts";
import type { Validated } from "../../src/service/outcome.ts";
import type { AskOptions, CallScope } from "../../src/service/request.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("the time of a call");

/** A number: answers after so many ms. `stops`: hangs until its signal is aborted, and throws the reason then. */
type Manner = "well" | "never" | "stops" | number;

class Scene extends ServiceScene {
  readonly contexts: RequestContext[] = [];
  readonly manners: Manner[] = ["well", "well", "well"];

  static of(options: { readonly count?: number; readonly hedge?: boolean } = {}): Promise<Scene> {
    return new Scene(options).start();
  }

  private constructor({ count = 2, hedge = false }: { readonly count?: number; readonly hedge?: boolean }) {
    super({
      count,
      handle: (_, instance, context) => this.#handle(instance, context),
      client: { hedge, rules: { requestTimeoutMs: TIMEOUT_MS } },
    });
  }

  #handle(instance: number, context: RequestContext): HandlerResult | Promise<HandlerResult> {
    this.contexts.push(context);
    const manner = this.manners[instance] ?? "well";
    if (manner === "well") return answer({ from: instance });
    if (manner === "never") return new Promise(() => undefined);
    if (manner !== "stops")
      return new Promise((resolve) => this.clock.after(manner, () => resolve(answer({ from: instance }))));
    const { signal } = context;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }

  /** What a request within which calls are made has left. */
  scope(leftMs: number, more: Partial<CallScope> = {}): CallScope {
    const deadline = this.clock.wall() + leftMs;
    return { deadline, signal: new AbortController().signal, metadata: {}, trace: undefined, ...more };
  }

  /** Asks once after the other. @returns how many calls were not answered */
  async failuresOf(calls: number, options: AskOptions): Promise<number> {
    let failures = 0;
    for (let call = 0; call < calls; call++) {
      const { kind } = await this.ask(options);
      if (kind !== "ok") failures += 1;
      await this.clock.advance(5);
    }
    return failures;
  }

  results(): readonly string[] {
    return this.ends.map((ended) => (ended.kind === "attempt" ? `${ended.who.instance} ${ended.result}` : ended.kind));
  }

  waits(): readonly (number | undefined)[] {
    return this.contexts.map(({ headers }) => timeoutOf(headers));
  }
}

const failureOf = (ended: Awaited<ReturnType<ServiceScene["ask"]>>): string =>
  ended.kind === "unanswered" && ended.reason === "failed" ? String(ended.detail) : ended.kind;

test("a timeout that is none is refused with the rule", async () => {
  const scene = await Scene.of();
  for (const timeoutMs of [0, 0.5, -1, Number.NaN, 600_001, Number.POSITIVE_INFINITY, "5" as never, null as never])
    assert.match(failureOf(await scene.ask({ timeoutMs })), /timeoutMs is .*: it must be a number from 1 to 600000/);
  for (const within of [{}, 5, { deadline: 5 }, { deadline: Number.NaN, signal: new AbortController().signal }])
    assert.match(failureOf(await scene.ask({ within: within as never })), /within must be the context of a request/);
  assert.equal(scene.contexts, []);
  for (const options of [{ timeoutMs: 1 }, { timeoutMs: 600_000 }, { timeoutMs: undefined, within: undefined }])
    assert.is((await scene.ask(options)).kind, "ok");
  assert.equal(scene.waits(), [1, 600_000, TIMEOUT_MS]);
});

test("with one of two hung, and 100 ms per call, at most 2 of 30 calls fail", async () => {
  for (const manner of ["never", "stops"] as const) {
    const scene = await Scene.of();
    scene.manners[1] = manner;
    const failures = await scene.failuresOf(30, { timeoutMs: 100 });
    assert.ok(failures >= 1 && failures <= 2, `${failures} with ${manner}`);
    assert.is(scene.countEvents("opened"), 2, "the heartbeat that the opening requests starts a probation");
    assert.equal(
      scene.results().filter((result) => result.startsWith("1")),
      ["1 timeout", "1 timeout"],
    );
  }
});

test("a longer timeout waits that long, and judges the instance by it", async () => {
  const scene = await Scene.of({ count: 1 });
  scene.manners[1] = 3_000;
  const { answer: ended, tookMs } = await scene.timed({ timeoutMs: 5_000 });
  assert.equal([answeredBy(ended), tookMs, scene.results()], [1, 3_000, ["1 answered"]]);
  scene.manners[1] = "never";
  const late = await scene.timed({ timeoutMs: 5_000 });
  assert.equal([answeredBy(late.answer), late.tookMs, scene.waits()], ["timeout", 5_000, [5_000, 5_000]]);
  assert.equal(scene.results(), ["1 answered", "1 timeout"]);
});

test("a copy has the timeout of its call", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "never";
  await scene.failuresOf(6, {});
  await scene.clock.advance(70_000);
  scene.manners[1] = 3_000;
  const before = scene.contexts.length;
  assert.is(answeredBy(await scene.ask({ timeoutMs: 5_000 })), 2);
  await scene.clock.advance(3_000);
  assert.equal(scene.waits().slice(before), [5_000, 5_000]);
  assert.equal(scene.results().slice(-1), ["1 answered"], "the retest");
});

test("within a request a call has what is left of it, and the instance is not judged by that", async () => {
  const scene = await Scene.of({ count: 1 });
  scene.manners[1] = 300;
  const { answer: ended, tookMs } = await scene.timed({ within: scene.scope(60.7) });
  assert.ok(tookMs >= 60 && tookMs <= 70, `${tookMs} ms`);
  assert.equal([answeredBy(ended), scene.waits(), scene.results()], ["timeout", [60], []]);
  await scene.clock.advance(300);
  assert.equal(scene.results(), ["1 answered"]);
  scene.manners[1] = "never";
  await scene.ask({ within: scene.scope(60) });
  await scene.clock.advance(TIMEOUT_MS - 100);
  assert.is(scene.results().length, 1, "still in flight");
  await scene.clock.advance(100);
  assert.equal([scene.results(), scene.countEvents("opened")], [["1 answered", "1 timeout"], 1]);
});

test("a handler that stops when the inherited time is over counts neither for nor against its instance", async () => {
  const scene = await Scene.of({ count: 1 });
  scene.manners[1] = "stops";
  assert.is(answeredBy(await scene.ask({ within: scene.scope(60) })), "timeout");
  await scene.clock.advance(TIMEOUT_MS);
  assert.equal([scene.results(), scene.countEvents("opened")], [["1 inconclusive"], 0]);
});

test("the shorter of the call's own timeout and what is left counts", async () => {
  const scene = await Scene.of({ count: 1 });
  scene.manners[1] = "never";
  for (const [timeoutMs, leftMs, waitMs] of [
    [50, 500, 50],
    [500, 50, 50],
  ] as const) {
    const { tookMs } = await scene.timed({ timeoutMs, within: scene.scope(leftMs) });
    assert.ok(tookMs >= waitMs && tookMs <= waitMs + 10, `${tookMs} ms`);
  }
  assert.equal(scene.waits(), [50, 50]);
});

test("a call for which no time is left is not sent", async () => {
  const scene = await Scene.of();
  for (const leftMs of [0.9, 0, -1_000, Number.NEGATIVE_INFINITY]) {
    const { answer: ended, tookMs } = await scene.timed({ within: scene.scope(leftMs) });
    assert.equal([answeredBy(ended), tookMs], ["timeout", 0]);
    assert.is(ended.kind === "unanswered" && ended.mayHaveExecuted, false);
  }
  assert.equal(scene.contexts, []);
});

test("a call within a request without a deadline has its own time, and no timer", async () => {
  const scene = await Scene.of();
  await scene.ask();
  await scene.clock.advance(50);
  const { timers } = scene.clock;
  const asking = scene.client.ask({}, { within: scene.scope(Number.POSITIVE_INFINITY) });
  // The sweep for timeouts, and the watch for late instances.
  assert.is(scene.clock.timers, timers + 2);
  assert.is(answeredBy(await scene.ended(asking)), 2);
  const limited = scene.client.ask({}, { within: scene.scope(500) });
  await scene.ended(limited);
  await scene.clock.advance(50);
  assert.is(scene.clock.timers, timers);
});

test("metadata and trace go along, and what the call has of its own wins", async () => {
  const scene = await Scene.of();
  const trace = { traceId: "t", requestId: "r", carried: undefined, startSpan: undefined };
  const within = scene.scope(500, { metadata: { tenant: "a", user: "u" }, trace });
  await scene.ask({ within, metadata: { tenant: "b" } });
  await scene.ask({ within });
  assert.equal(
    scene.contexts.map(({ metadata }) => ({ ...metadata })),
    [
      { tenant: "b", user: "u" },
      { tenant: "a", user: "u" },
    ],
  );
});

test("an invalid answer, and then an instance that hangs: a timeout, for either limit", async () => {
  for (const limit of ["timeoutMs", "within"] as const) {
    const scene = await Scene.of();
    scene.manners[2] = "never";
    const read = (): Validated => ({ kind: "invalid", problems: ["no tea"] });
    const options = limit === "within" ? { within: scene.scope(300) } : { timeoutMs: 300 };
    const { answer: ended, tookMs } = await scene.timed({ read, ...options });
    const tried = ended.kind === "unanswered" ? ended.tried.map(({ result }) => result) : [];
    assert.equal([answeredBy(ended), tried, tookMs], ["timeout", ["invalid", "timeout"], 300], limit);
  }
});

test.run();
