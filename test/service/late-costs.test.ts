// The price of instances that hang, die or slow down, in calls of their callers: with a clock that the test advances, so
// that the counts are exact. test/system/late.test.ts has the same with real processes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("what a late instance costs");

const WELL_MS = 3;

class Scene extends ServiceScene {
  /** How long each answer of an instance takes, in ms. */
  readonly takesMs = new Map<number, number | (() => number)>();
  readonly requests: number[] = [];

  constructor(count: number) {
    super({ count, handle: (_, instance) => this.#handle(instance) });
  }

  static async warm(count: number): Promise<Scene> {
    const scene = new Scene(count);
    await scene.start();
    await scene.load(50, 40 * count);
    scene.requests.length = 0;
    return scene;
  }

  #handle(instance: number): Promise<HandlerResult> {
    this.requests.push(instance);
    const takes = this.takesMs.get(instance) ?? WELL_MS;
    const ms = typeof takes === "number" ? takes : takes();
    return new Promise((resolve) => this.clock.after(ms, () => resolve(answer({ from: instance }))));
  }

  /** Calls at an even rate, each at its time whatever became of those before. @returns how they ended */
  async load(perSecond: number, count: number): Promise<readonly Outcome[]> {
    const calls: Promise<Outcome>[] = [];
    for (let call = 0; call < count; call++) {
      calls.push(this.client.ask({}));
      await this.clock.advance(1_000 / perSecond);
    }
    return this.ended(Promise.all(calls));
  }

  shareOf(instance: number): number {
    return this.requests.filter((one) => one === instance).length / this.requests.length;
  }
}

const failed = (ends: readonly Outcome[]): number => ends.filter(({ kind }) => kind !== "ok").length;

test("one of two is paused at 50 calls a second: one call fails", async () => {
  const scene = await Scene.warm(2);
  scene.buses[1]?.pause();
  const ends = await scene.load(50, 150);
  assert.equal([failed(ends), scene.countEvents("opened")], [1, 1]);
});

test("one of two is paused at 500 calls a second: those of the first 30 ms fail, and no others", async () => {
  const scene = await Scene.warm(2);
  scene.buses[1]?.pause();
  const ends = await scene.load(500, 1_500);
  assert.ok(failed(ends) >= 5 && failed(ends) <= 8, `${failed(ends)} failed`);
});

test("without known times a fifth of the timeout passes first", async () => {
  const scene = await new Scene(2).start();
  scene.buses[1]?.pause();
  const ends = await scene.load(50, 150);
  assert.ok(failed(ends) <= 7, `${failed(ends)} failed`);
});

test("pages of four every 0.8 s while one of two is paused: the two that were out fail", async () => {
  const scene = await Scene.warm(2);
  scene.buses[1]?.pause();
  const ends: Outcome[] = [];
  for (let page = 0; page < 5; page++) {
    const calls = Promise.all([1, 2, 3, 4].map(() => scene.client.ask({})));
    await scene.clock.advance(800);
    ends.push(...(await scene.ended(calls)));
  }
  assert.is(failed(ends), 2);
});

test("one of two takes 600 ms for a minute: none fails, and at most one call in twenty goes to it", async () => {
  const scene = await Scene.warm(2);
  scene.takesMs.set(2, 600);
  const ends = await scene.load(50, 50 * 60);
  assert.is(failed(ends), 0);
  assert.ok(scene.shareOf(2) <= 0.05, `${(scene.shareOf(2) * 100).toFixed(1)} % went to it`);
  assert.is(scene.countEvents("opened"), 0);
});

test("one answer in ten takes 900 ms, all instances alike: the counts differ by at most two, and most calls are as fast", async () => {
  const scene = await Scene.warm(3);
  const takesMs = (): number => (scene.requests.length % 10 === 0 ? 900 : WELL_MS);
  for (const instance of [1, 2, 3]) scene.takesMs.set(instance, takesMs);
  // Until the times are known, the slow ones make instances late.
  await scene.load(50, 300);
  scene.requests.length = 0;
  const ends = await scene.load(50, 600);
  const counts = [1, 2, 3].map((instance) => scene.requests.filter((one) => one === instance).length);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, counts.join());
  assert.is(failed(ends), 0);
});

test("one of two is killed with its part of a page in its hands: none fails, long before the timeout", async () => {
  const scene = await Scene.warm(2);
  scene.takesMs.set(2, 10_000);
  const at = scene.clock.now();
  const page = [1, 2, 3, 4].map(() => scene.client.ask({}));
  await scene.clock.advance(10);
  scene.buses[1]?.kill();
  const ends = await scene.ended(Promise.all(page));
  const tookMs = scene.clock.now() - at;
  assert.equal(ends.map(answeredBy).sort(), [1, 1, 1, 1]);
  assert.ok(tookMs < TIMEOUT_MS / 5 + 50, `${tookMs} ms`);
  assert.is(scene.countEvents("opened"), 0);
});

test.run();
