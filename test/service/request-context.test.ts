// The context of a request: which request, the time of its caller, and the signal that ends with it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { directSubject, sharedSubject } from "../../src/bus/core/subjects.ts";
import { answer, type HandlerResult } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { ServiceScene, TEA, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("the context of a request");

const LEFT_MS = 200;

/** Keeps each context. A request is answered when the test says so. */
class Scene extends ServiceScene {
  readonly contexts: RequestContext[] = [];
  readonly answers: ((result: HandlerResult) => void)[] = [];

  constructor() {
    super({
      handle: (_, __, context) => {
        this.contexts.push(context);
        return new Promise((resolve) => this.answers.push(resolve));
      },
    });
  }

  /** A request whose caller waits for so long, sent by no client of ours. */
  async receive(timeoutMs?: number): Promise<RequestContext> {
    const lines = timeoutMs === undefined ? "" : timeLines(timeoutMs, this.clock.wall());
    this.caller.call(directSubject(TEA, "1-a"), "{}", { timeoutMs: 10_000, lines }, () => undefined);
    await this.clock.advance(0);
    const context = this.contexts.at(-1);
    if (context === undefined) throw new Error("no request was received");
    return context;
  }
}

test("it names the operation and the instance", async () => {
  const scene = await new Scene().start();
  const { operation, instance } = await scene.receive();
  assert.is(operation, "get");
  assert.equal(instance, { service: TEA, instance: 1, incarnation: "1-a", address: directSubject(TEA, "1-a") });
  scene.caller.call(sharedSubject(TEA), "{}", { timeoutMs: 1_000 }, () => undefined);
  await scene.clock.advance(0);
  assert.is(scene.contexts[1]?.operation, "get");
});

test("its deadline is the receipt plus the time that the caller has left, by the instance's own clock", async () => {
  const scene = await new Scene().start();
  // A caller whose clock is wrong by a day.
  const { headers, ...rest } = { headers: timeLines(LEFT_MS, scene.clock.wall() - 86_400_000), timeoutMs: 10_000 };
  scene.caller.call(directSubject(TEA, "1-a"), "{}", { ...rest, lines: headers }, () => undefined);
  await scene.clock.advance(0);
  const [context] = scene.contexts;
  const deadline = scene.clock.wall() + LEFT_MS;
  assert.is(context?.deadline, deadline);
  await scene.clock.advance(150);
  assert.is(context?.deadline, deadline);
  await scene.clock.advance(150);
  assert.is(context?.deadline, deadline);
});

test("a stall of the instance does not move the deadline: its caller waited on", async () => {
  const scene = await new Scene().start();
  const context = await scene.receive(LEFT_MS);
  const { deadline } = context;
  await scene.clock.stall(5_000);
  assert.is(context.deadline, deadline);
});

test("without a time of the caller there is no deadline, and the signal is not aborted", async () => {
  const scene = await new Scene().start();
  const { timers } = scene.clock;
  const context = await scene.receive();
  assert.is(context.deadline, Number.POSITIVE_INFINITY);
  assert.is(context.signal.aborted, false);
  const withoutEnd = await scene.receive(999_999_999_999_999);
  assert.is(withoutEnd.signal.aborted, false);
  // The sweep for timeouts of the caller's side.
  assert.is(scene.clock.timers, timers + 1);
});

test("the signal is aborted when the time of the caller is over, also if it was read late", async () => {
  const scene = await new Scene().start();
  const early = await scene.receive(LEFT_MS);
  const { signal } = early;
  const late = await scene.receive(LEFT_MS);
  await scene.clock.advance(LEFT_MS - 1);
  assert.is(signal.aborted, false);
  await scene.clock.advance(1);
  assert.equal([signal.aborted, signal.reason.name], [true, "TimeoutError"]);
  assert.is(early.signal, signal);
  const unread = late.signal;
  await scene.clock.advance(0);
  assert.is(unread.aborted, true);
});

test("the signal of an answered request is aborted no more, and its timer is gone", async () => {
  const scene = await new Scene().start();
  const { timers } = scene.clock;
  const [read, unread] = [await scene.receive(LEFT_MS), await scene.receive(LEFT_MS)];
  const { signal } = read;
  for (const end of scene.answers) end(answer({}));
  await scene.clock.advance(10 * TIMEOUT_MS);
  assert.equal([signal.aborted, unread.signal.aborted, scene.clock.timers], [false, false, timers]);
});

test("a handler that reads nothing of it starts no timer", async () => {
  const scene = await new Scene().start();
  await scene.receive(LEFT_MS);
  const { timers } = scene.clock;
  const context = await scene.receive(LEFT_MS);
  assert.is(scene.clock.timers, timers);
  assert.is(context.signal.aborted, false);
  assert.is(scene.clock.timers, timers + 1);
});

test.run();
