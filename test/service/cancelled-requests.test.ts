// A request whose caller has given up: the signal of its handler, and how it ends.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { cancelSubject, directSubject } from "../../src/bus/core/subjects.ts";
import { answer, type HandlerResult, refuse } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import { ServiceScene, TEA } from "../support/service-scene.ts";

const test = suite("cancelled requests");

const INCARNATION = "1-a";
const LEFT_MS = 200;

interface Handled {
  readonly context: RequestContext;
  readonly resolve: (result: HandlerResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Each request is kept until the test ends it. */
class Scene extends ServiceScene {
  readonly handled: Handled[] = [];
  readonly replies: Reply[] = [];

  constructor() {
    super({
      handle: (_, __, context) =>
        new Promise<HandlerResult>((resolve, reject) => this.handled.push({ context, resolve, reject })),
    });
  }

  /** @returns its reply subject, and what its handler has received */
  async request(): Promise<readonly [replyTo: string, handled: Handled]> {
    const options = { timeoutMs: 10_000, lines: timeLines(LEFT_MS, this.clock.wall()) };
    const subject = directSubject(TEA, INCARNATION);
    const replyTo = this.caller.call(subject, "{}", options, (reply) => this.replies.push(reply));
    await this.clock.advance(0);
    const last = this.handled.at(-1);
    if (last === undefined) throw new Error("no request was received");
    return [replyTo, last];
  }

  async cancel(replyTo: string): Promise<void> {
    this.caller.publish(cancelSubject(TEA, INCARNATION), replyTo);
    await this.clock.advance(0);
  }

  codes(): readonly (number | string)[] {
    return this.replies.map((reply) => (reply.kind === "service-error" ? reply.code : reply.kind));
  }

  failures(): number {
    return this.instanceEvents.filter(({ kind }) => kind === "failed").length;
  }
}

const isAborted = ({ context }: Handled): boolean => context.signal.aborted;

test("a cancel aborts the signal of its request, and of no other", async () => {
  const scene = await new Scene().start();
  const [replyTo, first] = await scene.request();
  const [, second] = await scene.request();
  assert.equal([isAborted(first), isAborted(second)], [false, false]);
  await scene.cancel(replyTo);
  assert.equal([isAborted(first), isAborted(second)], [true, false]);
  assert.is(first.context.signal.reason.name, "AbortError");
});

test("a handler that reads its signal only after the cancel finds it aborted", async () => {
  const scene = await new Scene().start();
  const [replyTo, { context }] = await scene.request();
  await scene.cancel(replyTo);
  assert.equal([context.signal.aborted, context.signal.reason.name], [true, "AbortError"]);
  assert.is(context.signal, context.signal);
});

test("a cancelled request is answered all the same, and a cancel after that is ignored", async () => {
  const scene = await new Scene().start();
  const [replyTo, handled] = await scene.request();
  assert.is(isAborted(handled), false);
  await scene.cancel(replyTo);
  handled.resolve(answer({}));
  await scene.clock.advance(0);
  assert.equal(scene.codes(), ["answered"]);
  const [lateReplyTo, late] = await scene.request();
  late.resolve(answer({}));
  await scene.clock.advance(0);
  await scene.cancel(lateReplyTo);
  assert.is(isAborted(late), false);
});

test("a cancel that names no request is ignored, whatever is in it", async () => {
  const scene = await new Scene().start();
  const [replyTo, handled] = await scene.request();
  assert.is(isAborted(handled), false);
  for (const body of ["", "_INBOX.tea.other", `${replyTo} `, "x".repeat(100_000), "\ud800"]) await scene.cancel(body);
  scene.caller.publish(cancelSubject(TEA, INCARNATION), Uint8Array.of(0xff, 0xfe, 0));
  let replies = 0;
  const options = { timeoutMs: 100 };
  scene.caller.call(cancelSubject(TEA, INCARNATION), "none", options, (reply) => {
    assert.is(reply.kind, "timeout");
    replies += 1;
  });
  await scene.clock.advance(150);
  assert.equal([isAborted(handled), replies, scene.instance.counts.requests], [false, 1, 0]);
});

test("a second request with the reply subject of one in flight is answered, and not cancelled with it", async () => {
  const scene = await new Scene().start();
  const [replyTo, first] = await scene.request();
  scene.caller.publish(directSubject(TEA, INCARNATION), "{}", replyTo);
  await scene.clock.advance(0);
  const second = scene.handled[1] as Handled;
  await scene.cancel(replyTo);
  assert.equal([isAborted(first), isAborted(second)], [true, false]);
  for (const { resolve } of scene.handled) resolve(answer({}));
  await scene.clock.advance(0);
  assert.equal([scene.codes(), scene.instance.counts.requests], [["answered"], 2]);
});

test("a handler that stops by its signal replies 499, and has not failed", async () => {
  const scene = await new Scene().start();
  const thrown: ((context: RequestContext) => unknown)[] = [
    ({ signal }) => signal.reason,
    // As timers and streams of Node do.
    ({ signal }) => Object.assign(new Error("aborted", { cause: signal.reason }), { name: "AbortError" }),
  ];
  for (const of of thrown) {
    const [replyTo, { context, reject }] = await scene.request();
    context.signal.throwIfAborted();
    await scene.cancel(replyTo);
    reject(of(context));
  }
  const [, inTime] = await scene.request();
  inTime.context.signal.addEventListener("abort", () => inTime.reject(inTime.context.signal.reason));
  await scene.clock.advance(LEFT_MS);
  assert.equal([scene.codes(), scene.failures()], [[499, 499, 499], 0]);
});

test("any other error is a failure, and so is an abort of the handler's own", async () => {
  const scene = await new Scene().start();
  const own = new DOMException("a timeout of its own", "TimeoutError");
  const [, unread] = await scene.request();
  unread.reject(own);
  const [, open] = await scene.request();
  assert.is(isAborted(open), false);
  open.reject(own);
  const [replyTo, cancelled] = await scene.request();
  assert.is(isAborted(cancelled), false);
  await scene.cancel(replyTo);
  cancelled.reject(new Error("a bug"));
  const [, replying] = await scene.request();
  replying.resolve(refuse(499, "the handler's own"));
  await scene.clock.advance(0);
  assert.equal([scene.codes(), scene.failures()], [[500, 500, 500, 500], 3]);
});

test("an instance that leaves aborts the requests that it does not finish", async () => {
  const scene = await new Scene().start();
  const [, handled] = await scene.request();
  assert.is(isAborted(handled), false);
  const [replyTo, cancelled] = await scene.request();
  assert.is(isAborted(cancelled), false);
  const leaving = scene.instance.goodbye(50);
  await scene.clock.advance(10);
  await scene.cancel(replyTo);
  assert.equal([isAborted(handled), isAborted(cancelled)], [false, true], "a cancel still arrives");
  await scene.clock.advance(40);
  await leaving;
  assert.equal([isAborted(handled), scene.codes()], [true, [504, 504]]);
});

test.run();
