// The price of an instance that hangs, for all its callers together, and what a caller that warns of everything does to the
// others: with a clock that the test advances, so that the counts are exact.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Client, openClient } from "../../src/service/client.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("what warnings between callers save");

const WELL_MS = 3;

class Scene extends ServiceScene {
  readonly requests: number[] = [];
  readonly callers: readonly Client[];

  constructor(instances: number, callers: number, warnings: boolean) {
    super({ count: instances, handle: (_, instance) => this.#handle(instance) });
    this.callers = Array.from({ length: callers }, (_, place) =>
      openClient({
        ...{ service: TEA, bus: this.network.bus(), clock: this.clock, random: () => 0, warnings },
        ...{ rules: { requestTimeoutMs: TIMEOUT_MS }, name: `shop-${place}` },
      }),
    );
  }

  /** A scene whose callers know how long answers take, and are not at the same turn. */
  static async warm(instances: number, callers: number, warnings = true): Promise<Scene> {
    const scene = await new Scene(instances, callers, warnings).start();
    await scene.load(100, 100);
    for (const [place, caller] of scene.callers.entries())
      for (let call = 0; call < place % instances; call++) await scene.ended(caller.ask({}));
    scene.requests.length = 0;
    return scene;
  }

  #handle(instance: number): Promise<HandlerResult> {
    this.requests.push(instance);
    return new Promise((resolve) => this.clock.after(WELL_MS, () => resolve(answer({ from: instance }))));
  }

  /** `count` calls of each caller, at an even rate over all of them. @returns how they ended */
  async load(perSecondEach: number, count: number): Promise<readonly Outcome[]> {
    const calls: Promise<Outcome>[] = [];
    const stepMs = 1_000 / perSecondEach / this.callers.length;
    for (let call = 0; call < count; call++)
      for (const caller of this.callers) {
        calls.push(caller.ask({}));
        await this.clock.advance(stepMs);
      }
    return this.ended(Promise.all(calls));
  }

  /** A process that calls nothing warns of an instance. */
  lies(instance: number): void {
    const warning = { incarnation: `${instance}-a`, late: true, quietMs: 0 };
    this.caller.publish(`warning.${TEA}._.liar`, JSON.stringify(warning));
  }

  counts(): readonly number[] {
    return this.instances.map((_, place) => this.requests.filter((one) => one === place + 1).length);
  }
}

const failed = (ends: readonly Outcome[]): number => ends.filter(({ kind }) => kind !== "ok").length;

test("one of three is paused, ten callers with one call a second each: at most four fail, and without warnings nearly ten", async () => {
  const scene = await Scene.warm(3, 10);
  scene.buses[2]?.pause();
  const ends = await scene.load(1, 9);
  assert.ok(failed(ends) >= 1 && failed(ends) <= 4, `${failed(ends)} failed`);
  const alone = await Scene.warm(3, 10, false);
  alone.buses[2]?.pause();
  assert.ok(failed(await alone.load(1, 9)) >= 9);
});

test("one of three is paused, ten callers with fifty calls a second each: at most twelve fail", async () => {
  const scene = await Scene.warm(3, 10);
  scene.buses[2]?.pause();
  const ends = await scene.load(50, 150);
  assert.ok(failed(ends) >= 1 && failed(ends) <= 12, `${failed(ends)} failed`);
});

test("when it goes on, every caller uses it again within a heartbeat and a turn", async () => {
  const scene = await Scene.warm(3, 10);
  scene.buses[2]?.pause();
  await scene.load(1, 4);
  scene.buses[2]?.resume();
  await scene.load(1, 20);
  scene.requests.length = 0;
  await scene.load(1, 3);
  assert.equal(scene.counts(), [10, 10, 10]);
});

test("a caller that warns of every instance each second: none fails, and the shares are even", async () => {
  const scene = await Scene.warm(3, 4);
  const warnOfAll = (): void => {
    for (const [place] of scene.instances.entries()) scene.lies(place + 1);
  };
  const stop = scene.clock.every(1_000, warnOfAll);
  const ends = await scene.load(10, 600);
  stop();
  const counts = scene.counts();
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  assert.is(failed(ends), 0);
  for (const count of counts) assert.ok(Math.abs(count - mean) <= 0.05 * mean, counts.join());
});

test("one that warns of one instance only takes its calls away for a lease, and then each caller tries it", async () => {
  const scene = await Scene.warm(3, 4);
  await scene.clock.advance(1_000);
  const stop = scene.clock.every(1_000, () => scene.lies(1));
  const ends = await scene.load(10, 1_000);
  stop();
  assert.is(failed(ends), 0);
  assert.ok((scene.counts()[0] ?? 0) >= 4, scene.counts().join());
});

test.run();
