// A caller that gives up cancels its request at the instance that has it. What that means for the health of the instance.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CancelRuns } from "../../src/service/core/cancel-runs.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { AskOptions } from "../../src/service/request.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("cancelling");

const GIVE_UP_MS = 150;

/** A number: answers after so many ms. `stops`: hangs until its signal is aborted, and throws the reason then. */
type Manner = "well" | "never" | "stops" | number;

class Scene extends ServiceScene {
  readonly signals: AbortSignal[] = [];
  readonly manners: Manner[] = ["well", "well", "well"];
  readonly cancels: string[] = [];

  static of(count = 2, hedge = false): Promise<Scene> {
    return new Scene(count, hedge).start();
  }

  private constructor(count: number, hedge: boolean) {
    super({
      count,
      handle: (_, instance, context) => this.#handle(instance, context),
      client: { hedge, rules: { requestTimeoutMs: TIMEOUT_MS } },
    });
    const { cancel } = this.bus;
    this.bus.cancel = (replyTo, subject) => {
      this.cancels.push(subject);
      cancel.call(this.bus, replyTo, subject);
    };
  }

  #handle(instance: number, { signal }: RequestContext): HandlerResult | Promise<HandlerResult> {
    this.signals.push(signal);
    const manner = this.manners[instance] ?? "well";
    if (manner === "well") return answer({ from: instance });
    if (manner === "never") return new Promise(() => undefined);
    if (manner === "stops")
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return new Promise((resolve) => this.clock.after(manner, () => resolve(answer({ from: instance }))));
  }

  /** Asks, and gives up after `ms`. @returns which instance answered, or why none did */
  async askFor(ms: number, options: AskOptions = {}): Promise<number | string> {
    const leaving = new AbortController();
    const stop = this.clock.after(ms, () => leaving.abort());
    const ended = await this.ask({ ...options, signal: leaving.signal });
    stop();
    await this.clock.advance(0);
    return answeredBy(ended);
  }

  results(): readonly string[] {
    return this.ends.map((ended) => (ended.kind === "attempt" ? `${ended.who.instance} ${ended.result}` : ended.kind));
  }
}

test("the signal of the handler is aborted when the caller gives up, and not before", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = 400;
  assert.is(await scene.askFor(GIVE_UP_MS), "cancelled");
  assert.equal([scene.signals.map(({ aborted }) => aborted), scene.cancels], [[true], ["tea._cancel.1-a"]]);
  await scene.clock.advance(400);
  assert.equal(scene.results(), ["1 answered"], "it answers all the same");
  assert.is(await scene.askFor(TIMEOUT_MS), 1);
  assert.equal([scene.signals[1]?.aborted, scene.cancels.length], [false, 1]);
});

test("a caller whose own request is cancelled cancels the calls that it makes within it", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = "stops";
  const parent = new AbortController();
  const within = { deadline: Infinity, signal: parent.signal, metadata: {}, trace: undefined };
  const asking = scene.client.ask({}, { within });
  await scene.clock.advance(20);
  parent.abort();
  await scene.clock.advance(0);
  assert.is(answeredBy(await scene.ended(asking)), "cancelled");
  assert.equal([scene.signals[0]?.aborted, scene.results()], [true, ["1 inconclusive"]]);
  const late = await scene.ask({ within });
  assert.equal([answeredBy(late), scene.signals.length], ["cancelled", 1], "a call after that is not sent");
});

test("a call that timed out is not cancelled: its instance knows the time", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = "stops";
  assert.is(answeredBy(await scene.ask({ timeoutMs: 100 })), "timeout");
  const deadline = scene.clock.wall() + 60;
  const signal = new AbortController().signal;
  assert.is(answeredBy(await scene.ask({ within: { deadline, signal, metadata: {}, trace: undefined } })), "timeout");
  await scene.clock.advance(10);
  assert.equal([scene.cancels, scene.signals.map(({ aborted }) => aborted)], [[], [true, true]]);
});

test("a process that hangs is found out although its callers cancel", async () => {
  const scene = await Scene.of();
  scene.buses[0]?.pause();
  const ends: (number | string)[] = [];
  for (let call = 0; call < 20; call++) ends.push(await scene.askFor(GIVE_UP_MS));
  await scene.clock.advance(TIMEOUT_MS);
  assert.ok(scene.cancels.length >= 1);
  assert.ok(scene.countEvents("opened") >= 1);
  assert.ok(ends.filter((end) => end === "cancelled").length <= 8, ends.join());
});

test("so is one whose handlers hang, and stop when they are cancelled", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "stops";
  const ends: (number | string)[] = [];
  for (let call = 0; call < 30; call++) ends.push(await scene.askFor(GIVE_UP_MS));
  await scene.clock.advance(TIMEOUT_MS);
  const ofFirst = scene.results().filter((result) => result.startsWith("1"));
  assert.equal(ofFirst.slice(0, 3), ["1 inconclusive", "1 inconclusive", "1 inconclusive"]);
  assert.ok(ofFirst.includes("1 timeout"), "the one that was left to its end");
  assert.ok(scene.countEvents("opened") >= 1);
  assert.ok(ends.filter((end) => end === "cancelled").length <= 15, ends.join());
});

test("an instance that is slow, and whose callers are impatient, is not taken for hung", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = 300;
  for (let call = 0; call < 20; call++) assert.is(await scene.askFor(GIVE_UP_MS), "cancelled");
  await scene.clock.advance(TIMEOUT_MS);
  assert.is(scene.countEvents("opened"), 0);
  assert.equal(new Set(scene.results()), new Set(["1 answered"]));
});

test("after three cancelled attempts in a row one is left to its end, until an answer comes", () => {
  const runs = new CancelRuns();
  const cancels = (count: number): readonly boolean[] => Array.from({ length: count }, () => runs.mayCancel("a"));
  assert.equal(cancels(6), [true, true, true, false, true, true]);
  assert.is(runs.mayCancel("b"), true, "each address for itself");
  runs.ended("a");
  assert.equal(cancels(4), [true, true, true, false]);
});

test("of many addresses the runs are forgotten together, so that no caller keeps more than 10,000", () => {
  const runs = new CancelRuns();
  const isCancelled = (): boolean => [1, 2, 3, 4].map(() => runs.mayCancel("a")).every(Boolean);
  assert.is(isCancelled(), false);
  for (let other = 2; other <= 10_000; other += 1) runs.mayCancel(`other ${other}`);
  assert.is(
    runs.mayCancel("other 2") && runs.mayCancel("other 2") && runs.mayCancel("other 2"),
    false,
    "all are known",
  );
  runs.mayCancel("one more");
  assert.is(runs.mayCancel("other 2") && runs.mayCancel("other 2") && runs.mayCancel("other 2"), true);
});

test("neither a hedge nor the call that it has overtaken is cancelled", async () => {
  const scene = await Scene.of(2, true);
  scene.manners[1] = 400;
  assert.is(answeredBy(await scene.ask()), 2);
  await scene.clock.advance(TIMEOUT_MS);
  assert.equal([scene.cancels, scene.results()], [[], ["2 answered", "1 answered"]]);
});

test("a caller that gives up cancels the call and its hedge", async () => {
  const scene = await Scene.of(2, true);
  scene.manners.fill("stops");
  assert.is(await scene.askFor(GIVE_UP_MS), "cancelled");
  assert.equal(scene.cancels, ["tea._cancel.1-a", "tea._cancel.2-a"]);
  assert.equal(scene.results(), ["1 inconclusive", "2 inconclusive"]);
});

test("a signal that is also that of within gives up once", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = "never";
  const leaving = new AbortController();
  const within = { deadline: Number.POSITIVE_INFINITY, metadata: {}, trace: undefined };
  scene.clock.after(GIVE_UP_MS, () => leaving.abort());
  const options = { signal: leaving.signal, within: { ...within, signal: leaving.signal } };
  assert.is(answeredBy(await scene.ask(options)), "cancelled");
  assert.is(scene.cancels.length, 1);
});

test("a late cancel reaches no later request: its reply subject is never used again", async () => {
  const scene = await Scene.of(1);
  const seen = new Map<string, number>();
  const { call } = scene.bus;
  scene.bus.call = (...args) => {
    const replyTo = call.apply(scene.bus, args);
    seen.set(replyTo, (seen.get(replyTo) ?? 0) + 1);
    return replyTo;
  };
  scene.manners[1] = GIVE_UP_MS + 10;
  await scene.askFor(GIVE_UP_MS);
  await scene.clock.advance(100);
  const [cancelled = ""] = seen.keys();
  scene.manners[1] = "well";
  // A reply subject serves again after 384 calls.
  for (let turn = 0; turn < 20; turn++) {
    const calls = Array.from({ length: 50 }, () => scene.client.ask({}));
    await scene.clock.advance(0);
    assert.ok((await Promise.all(calls)).every(({ kind }) => kind === "ok"));
  }
  assert.ok(
    [...seen.values()].some((times) => times > 1),
    "others have served again",
  );
  assert.is(seen.get(cancelled), 1);
});

test("a bus without the means to cancel, as an older one of a user's own, breaks nothing", async () => {
  const scene = await Scene.of(1);
  scene.manners[1] = 400;
  (scene.bus as { cancel?: unknown }).cancel = undefined;
  assert.is(await scene.askFor(GIVE_UP_MS), "cancelled");
  await scene.clock.advance(400);
  assert.equal(scene.results(), ["1 answered"]);
});

test.run();
