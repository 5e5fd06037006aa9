// An instance that leaves in the middle of a call: an idempotent call goes to another instance. One that must not reach
// two instances ends with the one that may have done it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { drainingBus } from "../support/draining-bus.ts";
import { endOf, ServiceScene } from "../support/service-scene.ts";

const test = suite("what was begun and not finished");

/** Longer than an instance that leaves waits for what it has. */
const LONG_MS = 10_000;
const LEAVES_TIMEOUT_MS = 1_000;

class Scene extends ServiceScene {
  /** How often the second instance was asked. */
  helped = 0;
  /** What instances reply: codes of refusals, and "answer". */
  readonly replies: string[] = [];

  static of(handle: () => HandlerResult | Promise<HandlerResult>): Promise<Scene> {
    return new Scene(handle).start();
  }

  private constructor(handle: () => HandlerResult | Promise<HandlerResult>) {
    super({
      count: 2,
      busOf: (bus) => countedReplies(drainingBus(bus), (what) => this.replies.push(what)),
      handle: (_, instance) => {
        if (instance === 1) return handle();
        this.helped += 1;
        return answer({ from: 2 });
      },
      client: { rules: { requestTimeoutMs: LONG_MS } },
    });
  }
}

function countedReplies(bus: MemoryBus, onReply: (what: string) => void): MemoryBus {
  const subscribe = bus.subscribe.bind(bus);
  bus.subscribe = (subject, receive, queue) =>
    subscribe(
      subject,
      (message) => {
        const [reply, refuse] = [message.answer.bind(message), message.refuse.bind(message)];
        message.answer = (body) => {
          onReply("answer");
          return reply(body);
        };
        message.refuse = (code, text) => {
          onReply(String(code));
          return refuse(code, text);
        };
        receive(message);
      },
      queue,
    );
  return bus;
}

const never = (): Promise<HandlerResult> => new Promise(() => undefined);

for (const idempotent of [true, false]) {
  test(`it leaves in the middle of a call that may ${idempotent ? "" : "not "}be repeated`, async () => {
    const scene = await Scene.of(never);
    const asking = scene.client.ask({}, { idempotent });
    await scene.clock.advance(10);
    void scene.instance.goodbye(LEAVES_TIMEOUT_MS);
    const ended = await scene.ended(asking);
    assert.is(scene.helped, idempotent ? 1 : 0);
    assert.is(endOf(ended), idempotent ? "ok" : "draining");
  });
}

test("a handler that ends after the goodbye has refused its request sends no second answer", async () => {
  for (const late of [answer({ late: true }), undefined]) {
    let finish: (handled: HandlerResult | PromiseLike<HandlerResult>) => void = () => undefined;
    const scene = await Scene.of(() => new Promise((resolve) => (finish = resolve)));
    scene.replies.length = 0;
    const asking = scene.client.ask({}, { idempotent: false });
    await scene.clock.advance(10);
    void scene.instance.goodbye(LEAVES_TIMEOUT_MS);
    const ended = await scene.ended(asking);
    assert.equal([endOf(ended), ended.kind === "unanswered" && ended.mayHaveExecuted], ["draining", true]);
    const { requests } = scene.instance.counts;
    finish(late ?? Promise.reject(new Error("late")));
    await scene.clock.advance(100);
    assert.equal(scene.replies, ["504"]);
    assert.is(scene.instance.counts.requests, requests);
  }
});

test("a refusal before the start of a call: any call goes to another instance", async () => {
  const scene = await Scene.of(() => refuse(529, "draining"));
  const ended = await scene.ask({ idempotent: false });
  assert.is(ended.kind, "ok");
  assert.is(scene.helped, 1);
});

test.run();
