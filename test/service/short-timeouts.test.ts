// A timeout of a few ms: the call ends at its own time, and no instance is judged so soon.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import { timeoutOf } from "../../src/service/core/request-headers.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { MemoryNetwork } from "../../src/testing/memory-network.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("short timeouts");

const FLOOR_MS = 50;

/** A number: answers after so many ms. `stops`: hangs until its signal is aborted. */
type Manner = "never" | "stops" | number;

class Scene extends ServiceScene {
  readonly manners: Manner[] = [0, 0, 0];
  readonly stated: (number | undefined)[] = [];

  private constructor(requestTimeoutMs: number) {
    super({
      count: 2,
      handle: (_, instance, { signal, headers }) => {
        this.stated.push(timeoutOf(headers));
        return this.#handle(this.manners[instance] ?? 0, instance, signal);
      },
      client: { rules: { requestTimeoutMs, retestDelayMs: 1_000 } },
    });
  }

  static of(requestTimeoutMs: number = TIMEOUT_MS): Promise<Scene> {
    return new Scene(requestTimeoutMs).start();
  }

  #handle(manner: Manner, instance: number, signal: AbortSignal): Promise<HandlerResult> {
    return new Promise((resolve, reject) => {
      if (manner === "stops") signal.addEventListener("abort", () => reject(signal.reason));
      else if (manner !== "never") this.clock.after(manner, () => resolve(answer({ from: instance })));
    });
  }

  results(): readonly string[] {
    return this.ends.map((ended) => (ended.kind === "attempt" ? `${ended.who.instance} ${ended.result}` : ended.kind));
  }
}

test("the caller gets its end in time, and an answer within 50 ms is one of an instance that is well", async () => {
  for (const timeoutMs of [1, 2, 5]) {
    const scene = await Scene.of();
    scene.manners.fill(20);
    for (let call = 0; call < 30; call += 1) {
      const { answer: ended, tookMs } = await scene.timed({ timeoutMs });
      assert.equal([answeredBy(ended), ended.kind === "unanswered" && ended.mayHaveExecuted], ["timeout", true]);
      assert.ok(tookMs <= timeoutMs, `${tookMs} ms`);
      await scene.clock.advance(5);
    }
    await scene.clock.advance(FLOOR_MS);
    assert.equal(new Set(scene.results()), new Set(["1 answered", "2 answered"]));
    assert.equal([scene.ends.length, scene.countEvents("opened")], [30, 0]);
    assert.equal(new Set(scene.stated), new Set([timeoutMs]), "the instances learn of the caller's own time");
    scene.manners.fill(0);
    assert.is(typeof answeredBy(await scene.ask()), "number", "all other calls of the client are answered");
  }
});

test("an instance that hangs is found out after 50 ms", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "never";
  const { answer: ended, tookMs } = await scene.timed({ timeoutMs: 5 });
  assert.equal([answeredBy(ended), tookMs], ["timeout", 5]);
  assert.equal(ended.kind === "unanswered" && ended.tried.map(({ result }) => result), ["timeout"]);
  await scene.clock.advance(FLOOR_MS - 5 - 1);
  assert.equal([scene.results(), scene.countEvents("opened")], [[], 0]);
  await scene.clock.advance(1);
  assert.equal([scene.results(), scene.countEvents("opened")], [["1 timeout"], 1]);
});

test("a handler that stops for such a caller counts neither for nor against its instance", async () => {
  const scene = await Scene.of();
  scene.manners.fill("stops");
  for (let call = 0; call < 6; call += 1) assert.is(answeredBy(await scene.ask({ timeoutMs: 3 })), "timeout");
  await scene.clock.advance(FLOOR_MS);
  assert.equal(
    [new Set(scene.results()), scene.countEvents("opened")],
    [new Set(["1 inconclusive", "2 inconclusive"]), 0],
  );
});

test("a caller that gives up within its few ms has cancelled", async () => {
  const scene = await Scene.of();
  scene.manners.fill("never");
  const leaving = new AbortController();
  scene.clock.after(1, () => leaving.abort());
  assert.is(answeredBy(await scene.ask({ timeoutMs: 4, signal: leaving.signal })), "cancelled");
});

test("a retest with such a call has 50 ms", async () => {
  const scene = await Scene.of();
  scene.manners[1] = "never";
  for (let call = 0; call < 4; call += 1) await scene.ask();
  assert.is(scene.countEvents("opened"), 2, "no heartbeat closes it any more");
  scene.manners[1] = 30;
  await scene.clock.advance(3_000);
  assert.is(answeredBy(await scene.ask({ timeoutMs: 5 })), 2);
  await scene.clock.advance(FLOOR_MS);
  assert.equal(scene.results().slice(-1), ["1 answered"]);
  assert.is(scene.countEvents("closed"), 2);
});

test("rules of less than 50 ms are taken at their word", async () => {
  const scene = await Scene.of(20);
  scene.manners.fill("never");
  await scene.ask({ timeoutMs: 5 });
  await scene.clock.advance(16);
  assert.equal([scene.results(), scene.countEvents("opened")], [["1 timeout"], 1]);
});

/** Each reading of it takes a moment, as with a real one. */
class TickingClock extends FakeClock {
  #readMs = 0;

  override now(): number {
    this.#readMs += 0.02;
    return super.now() + this.#readMs;
  }
}

test("a request states 1 ms at least", async () => {
  const clock = new TickingClock();
  const network = new MemoryNetwork(clock);
  const stated: (number | undefined)[] = [];
  const handle = (_request: unknown, { headers }: RequestContext): Promise<HandlerResult> => {
    stated.push(timeoutOf(headers));
    return new Promise(() => undefined);
  };
  await clock.run(startInstance({ service: "tea", instance: 1, bus: network.bus(), clock, handle }));
  const client = openClient({ service: "tea", bus: network.bus(), clock });
  await clock.run(client.ready());
  const signal = new AbortController().signal;
  const deadline = clock.wall() + 1.05;
  const outcome = await clock.run(client.ask({}, { within: { deadline, signal, metadata: {}, trace: undefined } }));
  await clock.advance(10);
  assert.equal([answeredBy(outcome), stated], ["timeout", [1]]);
});

test.run();
