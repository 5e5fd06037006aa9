// An instance that leaves in the middle of a call: whoever may ask another does, and a call that must not reach two
// instances ends with the one that may have done it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Answer } from "../../src/service/answer.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import { answer, type Handled, refuse } from "../../src/service/core/handled.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { leavingBus } from "../support/leaving-bus.ts";
import { type MemoryBus, MemoryNetwork } from "../support/memory-bus.ts";

const test = suite("what was begun and not finished");

/** Longer than an instance that leaves waits for what it has. */
const TIMEOUT_MS = 10_000;
const LEAVES_WITHIN_MS = 1_000;

interface Scene {
  readonly clock: FakeClock;
  readonly client: Client;
  readonly first: Instance;
  /** How often the second instance was asked. */
  readonly helped: () => number;
  /** What instances reply from now on: codes of refusals, and "answer". */
  readonly replies: () => readonly string[];
}

async function sceneWith(handle: () => Handled | Promise<Handled>): Promise<Scene> {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  let helped = 0;
  let replies: string[] = [];
  const second = (): Handled => {
    helped += 1;
    return answer({ from: 2 });
  };
  const start = async (instance: number, how: () => Handled | Promise<Handled>): Promise<Instance> => {
    const options = { service: "ratings", instance, incarnation: `${instance}-a`, version: "1.0.0" };
    const starting = startInstance({
      ...options,
      bus: countedReplies(leavingBus(network.bus()), (what) => replies.push(what)),
      clock,
      handle: how,
    });
    await clock.advance(1_000);
    const started = await starting;
    if (started.kind === "taken") throw new Error("the number was taken");
    return started.instance;
  };
  const [first] = [await start(1, handle), await start(2, second)];
  const client = openClient({
    ...{ service: "ratings", bus: network.bus(), clock, rules: { requestTimeoutMs: TIMEOUT_MS } },
  });
  await clock.advance(1_000);
  return { clock, client, first, helped: () => helped, replies: () => (replies = []) };
}

function countedReplies(bus: MemoryBus, tell: (what: string) => void): MemoryBus {
  const subscribe = bus.subscribe.bind(bus);
  bus.subscribe = (subject, receive, queue) =>
    subscribe(
      subject,
      (message) => {
        const [reply, refuse] = [message.answer.bind(message), message.refuse.bind(message)];
        message.answer = (body) => {
          tell("answer");
          return reply(body);
        };
        message.refuse = (code, text) => {
          tell(String(code));
          refuse(code, text);
        };
        receive(message);
      },
      queue,
    );
  return bus;
}

async function answerOf({ clock }: Scene, asking: Promise<Answer>, ms: number): Promise<Answer> {
  await clock.advance(ms);
  return asking;
}

const never = (): Promise<Handled> => new Promise(() => undefined);

for (const repeatable of [true, false]) {
  test(`it leaves in the middle of a call that may ${repeatable ? "" : "not "}be repeated`, async () => {
    const scene = await sceneWith(never);
    const asking = scene.client.ask({}, { repeatable });
    await scene.clock.advance(10);
    void scene.first.goodbye(LEAVES_WITHIN_MS);
    const ended = await answerOf(scene, asking, LEAVES_WITHIN_MS + 100);
    assert.is(scene.helped(), repeatable ? 1 : 0);
    assert.is(ended.kind === "refused" ? ended.code : ended.kind, repeatable ? "answered" : 504);
  });
}

test("a handler that ends after the goodbye has refused its request sends no second answer", async () => {
  for (const late of [answer({ late: true }), undefined]) {
    let finish: (handled: Handled | PromiseLike<Handled>) => void = () => undefined;
    const scene = await sceneWith(() => new Promise((resolve) => (finish = resolve)));
    const replies = scene.replies();
    const asking = scene.client.ask({}, { repeatable: false });
    await scene.clock.advance(10);
    void scene.first.goodbye(LEAVES_WITHIN_MS);
    const ended = await answerOf(scene, asking, LEAVES_WITHIN_MS + 100);
    assert.is(ended.kind === "refused" && ended.code, 504);
    const { requests } = scene.first.counts;
    finish(late ?? Promise.reject(new Error("late")));
    await scene.clock.advance(100);
    assert.equal(replies, ["504"]);
    assert.is(scene.first.counts.requests, requests);
  }
});

test("who refuses before it has begun has done nothing: another is asked, whatever the call", async () => {
  const scene = await sceneWith(() => refuse(529, "draining"));
  const ended = await answerOf(scene, scene.client.ask({}, { repeatable: false }), 100);
  assert.is(ended.kind, "answered");
  assert.is(scene.helped(), 1);
});

test.run();
