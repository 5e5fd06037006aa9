// The requests that an instance counts, and those for which it waits at its end.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { directSubject } from "../../src/bus/core/subjects.ts";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { ServiceScene, TEA } from "../support/service-scene.ts";

const test = suite("counted requests");

const ADDRESS = directSubject(TEA, "1-a");

/** The handler takes as many ms as the request says. */
class Scene extends ServiceScene {
  readonly begun: unknown[] = [];

  static of(instance: Partial<InstanceOptions> = {}): Promise<Scene> {
    const scene: Scene = new Scene({ instance, handle: (ms) => scene.#work(Number(ms)) });
    return scene.start() as Promise<Scene>;
  }

  #work(ms: number): HandlerResult | Promise<HandlerResult> {
    this.begun.push(ms);
    if (ms < 0) return refuse(410, "no more");
    return new Promise((resolve) => this.clock.after(ms, () => resolve(answer(ms))));
  }

  /** The end of a request with that body. */
  async end(body: string): Promise<string> {
    const reply = await this.ended(this.caller.request(ADDRESS, body, { timeoutMs: 5_000 }));
    return reply.kind === "service-error" ? `${reply.code} ${reply.message}` : reply.kind;
  }
}

test("times add up, errors are counted with the last one, and each operation has its own", async () => {
  const scene = await Scene.of();
  for (const body of ["100", "50", "-1"]) await scene.end(body);
  const { requests, errors, lastError, processingMs } = scene.instance.counts;
  assert.equal([requests, errors, lastError, processingMs], [3, 1, "410:no more", 150]);
  assert.is(scene.instance.operationCounts.get("get")?.requests, 3);
});

test("a body that cannot be read is a bad request: it is an error in the counts, and reaches no handler", async () => {
  const scene = await Scene.of();
  for (const body of ["{", "no JSON"]) assert.match(await scene.end(body), /^400 bad request: the body is not JSON/);
  const { requests, errors } = scene.instance.counts;
  assert.equal([requests, errors, scene.begun], [2, 2, []]);
});

test("a bad request gives its slot back at once", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 0 } });
  for (let one = 0; one < 3; one += 1) assert.match(await scene.end("{"), /^400/);
  assert.is(await scene.end("10"), "answered");
});

test("an instance that leaves waits for each request that was begun, with or without a reply subject", async () => {
  const scene = await Scene.of();
  const replies: string[] = [];
  void scene.end("100").then((end) => replies.push(end));
  scene.caller.publish(ADDRESS, "200");
  await scene.clock.advance(0);
  let isGone = false;
  void scene.instance.goodbye(5_000).then(() => {
    isGone = true;
  });
  await scene.clock.advance(150);
  assert.equal([replies, isGone], [["answered"], false]);
  await scene.clock.advance(60);
  assert.is(isGone, true);
});

test("two requests at once without a reply subject are two", async () => {
  const scene = await Scene.of();
  scene.caller.publish(ADDRESS, "100");
  scene.caller.publish(ADDRESS, "300");
  await scene.clock.advance(0);
  let isGone = false;
  void scene.instance.goodbye(5_000).then(() => {
    isGone = true;
  });
  await scene.clock.advance(200);
  assert.equal([isGone, scene.instance.counts.requests], [false, 1]);
  await scene.clock.advance(200);
  assert.equal([isGone, scene.instance.counts.requests], [true, 2]);
});

test.run();
