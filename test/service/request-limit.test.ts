// The limit of an instance, on a bus in memory and a clock that is pushed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { answer, type HandlerResult, overloaded } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { type Instance, startInstance } from "../../src/service/instance.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { answeredBy, ServiceScene, TIMEOUT_MS } from "../support/service-scene.ts";

const test = suite("the limit of an instance");

const HANDLER_MS = 100;

interface Options {
  readonly limit: InstanceOptions["limit"];
  readonly count?: number;
  readonly handle?: (name: string) => HandlerResult | Promise<HandlerResult> | undefined;
}

class Scene extends ServiceScene {
  /** Requests that were begun, in order, and the most that ran at once. */
  readonly begun: string[] = [];
  mostAtOnce = 0;
  /** The ends of the requests of `send`, by name: "ok", or the code. */
  readonly replies = new Map<string, string>();
  readonly bodies = new Map<string, unknown>();
  #running = 0;

  static of({ limit, count = 1, handle }: Options): Promise<Scene> {
    const scene: Scene = new Scene({
      count,
      instance: { limit },
      handle: (request) => {
        const name = String(request);
        scene.begun.push(name);
        return handle?.(name) ?? scene.#work();
      },
    });
    return scene.start() as Promise<Scene>;
  }

  #work(): Promise<HandlerResult> {
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    return new Promise((resolve) => {
      this.clock.after(HANDLER_MS, () => {
        this.#running -= 1;
        resolve(answer("done"));
      });
    });
  }

  /** Sends a request to the first instance, without a client. @param timeoutMs that it says */
  send(name: string, timeoutMs = TIMEOUT_MS): void {
    const options = { timeoutMs: 100 * TIMEOUT_MS, lines: timeLines(timeoutMs, this.clock.wall()) };
    void this.caller.request("tea.get.1-a", JSON.stringify(name), options).then((reply) => {
      this.replies.set(name, endOf(reply));
      if (reply.kind === "service-error" && reply.body !== undefined)
        this.bodies.set(name, JSON.parse(Buffer.from(reply.body).toString()));
    });
  }

  /** Lets `ms` pass. @returns what has ended by then, as "name: end" */
  async after(ms: number): Promise<readonly string[]> {
    await this.clock.advance(ms);
    return [...this.replies].map(([name, end]) => `${name}: ${end}`);
  }

  counts(): Pick<Instance["counts"], "requests" | "dropped" | "overloaded"> {
    const { requests, dropped, overloaded: refused } = this.instance.counts;
    return { requests, dropped, overloaded: refused };
  }
}

const endOf = (reply: Reply): string =>
  reply.kind === "answered" ? "ok" : reply.kind === "service-error" ? String(reply.code) : reply.kind;

test("so many are handled at once, so many wait, first in, first out, and the others are refused", async () => {
  const scene = await Scene.of({ limit: { concurrent: 2, queued: 2 } });
  for (const name of ["a", "b", "c", "d", "e"]) scene.send(name);
  assert.equal(await scene.after(0), ["e: 529"]);
  assert.equal(scene.begun, ["a", "b"]);
  assert.equal(scene.bodies.get("e"), { retryAfterMs: 100 });
  assert.equal(await scene.after(HANDLER_MS), ["e: 529", "a: ok", "b: ok"]);
  assert.equal(scene.begun, ["a", "b", "c", "d"]);
  assert.equal(await scene.after(HANDLER_MS), ["e: 529", "a: ok", "b: ok", "c: ok", "d: ok"]);
  assert.is(scene.mostAtOnce, 2);
  assert.equal(scene.counts(), { requests: 4, dropped: 0, overloaded: 1 });
});

test("as many wait as are handled at once, if nothing else is said, and none with a queue of 0", async () => {
  for (const [limit, refused] of [
    [{ concurrent: 2 }, ["e: 529"]],
    [{ concurrent: 2, queued: undefined }, ["e: 529"]],
    [{ concurrent: 2, queued: 0 }, ["c: 529", "d: 529", "e: 529"]],
    [undefined, []],
  ] as const) {
    const scene = await Scene.of({ limit });
    for (const name of ["a", "b", "c", "d", "e"]) scene.send(name);
    assert.equal(await scene.after(0), refused);
  }
});

test("the reply says when to come back: as soon as what waits now will have been begun", async () => {
  const scene = await Scene.of({ limit: { concurrent: 2, queued: 4 } });
  for (const name of ["a", "b"]) scene.send(name);
  await scene.after(HANDLER_MS);
  for (const name of ["c", "d", "e", "f", "g", "h", "i"]) scene.send(name);
  await scene.after(0);
  assert.equal(scene.bodies.get("i"), { retryAfterMs: 3 * HANDLER_MS });
});

test("a request whose caller has given up is dropped unhandled", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 3 } });
  scene.send("a");
  scene.send("short", HANDLER_MS - 1);
  scene.send("b");
  assert.equal(await scene.after(HANDLER_MS), ["a: ok", "short: 408"]);
  assert.equal(scene.begun, ["a", "b"]);
  assert.equal(scene.counts(), { requests: 1, dropped: 1, overloaded: 0 });
});

test("one whose caller would not get the answer in time is refused, while that can still go elsewhere", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 3 } });
  scene.send("a");
  await scene.after(HANDLER_MS); // The instance knows how long a request takes.
  scene.send("b");
  scene.send("late", 2 * HANDLER_MS - 1);
  scene.send("in time", 10 * HANDLER_MS);
  assert.equal(await scene.after(HANDLER_MS), ["a: ok", "b: ok", "late: 529"]);
  assert.equal(scene.begun, ["a", "b", "in time"]);
});

test("it is refused although others are before it: at its turn the refusal would come after its caller's timeout", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 5 } });
  for (const name of ["first", "second", "third"]) scene.send(name);
  scene.send("late", 3 * HANDLER_MS);
  assert.equal(await scene.after(HANDLER_MS + 5), ["first: ok"]);
  assert.equal(await scene.after(HANDLER_MS), ["first: ok", "second: ok", "late: 529"]);
  assert.equal(scene.begun, ["first", "second", "third"]);
});

test("those who have given up make room in the queue for one that waits", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 1 }, handle: () => new Promise(() => undefined) });
  scene.send("hangs", 10 * TIMEOUT_MS);
  scene.send("short", 50);
  await scene.after(60);
  scene.send("long");
  assert.equal(await scene.after(0), ["short: 408"]);
  scene.send("another");
  assert.equal(await scene.after(0), ["short: 408", "another: 529"]);
});

test("a request that is cancelled while it waits is dropped at once", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 1 } });
  scene.send("a");
  const replies: string[] = [];
  scene.caller.subscribe("_INBOX.b", ({ headers }) => replies.push(headers.get("nats-service-error-code") ?? "ok"));
  scene.caller.publish("tea.get.1-a", '"b"', "_INBOX.b");
  await scene.after(10);
  scene.caller.publish("tea._cancel.1-a", "_INBOX.of another");
  scene.caller.publish("tea._cancel.1-a", "_INBOX.b");
  await scene.after(10);
  assert.equal([replies, scene.counts()], [["408"], { requests: 0, dropped: 1, overloaded: 0 }]);
  await scene.after(HANDLER_MS);
  assert.equal(scene.begun, ["a"]);
});

test("a request without a timeout waits for as long as it takes", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 1 } });
  scene.send("a");
  void scene.caller.request("tea.get.1-a", '"b"', { timeoutMs: 10 * TIMEOUT_MS });
  await scene.after(HANDLER_MS);
  assert.equal(scene.begun, ["a", "b"]);
});

test("the time in the queue counts while the process is stopped", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 2 } });
  scene.send("a");
  scene.send("b");
  await scene.after(10);
  await scene.clock.stall(3 * TIMEOUT_MS);
  await scene.after(HANDLER_MS);
  assert.equal(scene.begun, ["a"]);
  assert.is(scene.replies.get("b"), "408");
});

test("a handler that never settles gives its slot back 5 s after its caller's time, and that is reported", async () => {
  const scene = await Scene.of({
    limit: { concurrent: 2, queued: 2 },
    handle: (name) => (name.startsWith("hangs") ? new Promise(() => undefined) : undefined),
  });
  scene.send("hangs 1");
  scene.send("hangs 2", 2 * TIMEOUT_MS);
  scene.send("waits", 20 * TIMEOUT_MS);
  await scene.after(TIMEOUT_MS + 4_999);
  assert.equal(scene.begun, ["hangs 1", "hangs 2"]);
  await scene.after(1);
  assert.equal(scene.begun, ["hangs 1", "hangs 2", "waits"]);
  await scene.after(TIMEOUT_MS);
  const overdue = scene.instanceEvents.filter(({ kind }) => kind === "handler-overdue");
  assert.equal(overdue, [{ kind: "handler-overdue", operation: "get", ranMs: TIMEOUT_MS + 5_000 }]);
  // No request waits for the second slot, and the next one that finds no room takes it.
  for (const name of ["x", "y", "z"]) scene.send(name);
  await scene.after(0);
  assert.ok(scene.begun.includes("x") && scene.begun.includes("y"), scene.begun.join());
});

test("what an overdue handler returns in the end is sent, and frees no slot of another", async () => {
  let settle: (result: HandlerResult) => void = () => undefined;
  const scene = await Scene.of({
    limit: { concurrent: 1, queued: 1 },
    handle: (name) => (name === "slow" ? new Promise((resolve) => (settle = resolve)) : undefined),
  });
  scene.send("slow");
  scene.send("a", 20 * TIMEOUT_MS);
  await scene.after(TIMEOUT_MS + 5_000);
  scene.send("b");
  settle(answer("late"));
  assert.equal(await scene.after(0), ["slow: ok"]);
  assert.equal(scene.begun, ["slow", "a"]);
});

test("handlers that return at once are bounded by the event loop alone, and the queue is free again at once", async () => {
  const scene = await Scene.of({
    limit: { concurrent: 1, queued: 0 },
    handle: (name) => {
      if (name === "throws") throw new Error("boom");
      return name === "refuses" ? overloaded(5) : answer("at once");
    },
  });
  for (const name of ["a", "throws", "refuses", "b"]) scene.send(name);
  assert.equal(await scene.after(0), ["a: ok", "throws: 500", "refuses: 529", "b: ok"]);
  assert.equal(scene.bodies.get("refuses"), { retryAfterMs: 5 });
});

test("a goodbye handles what waits, and what it has not begun in time gets 503", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 3 } });
  for (const name of ["a", "b", "c"]) scene.send(name);
  await scene.after(0);
  let isOver = false;
  void scene.instance.goodbye(HANDLER_MS * 1.5).then(() => {
    isOver = true;
  });
  await scene.after(HANDLER_MS);
  assert.equal([[...scene.replies.values()], isOver], [["ok"], false]);
  await scene.after(HANDLER_MS / 2);
  assert.equal(
    ["a", "b", "c"].map((name) => scene.replies.get(name)),
    ["ok", "504", "503"],
  );
  assert.is(isOver, true);
  assert.equal(scene.begun, ["a", "b"]);
  const patient = await Scene.of({ limit: { concurrent: 1, queued: 3 } });
  for (const name of ["a", "b", "c"]) patient.send(name);
  await patient.after(0);
  void patient.instance.goodbye();
  assert.equal(await patient.after(3 * HANDLER_MS), ["a: ok", "b: ok", "c: ok"]);
});

test("a client of two with a limit fills both, and goes on to the second without a failure", async () => {
  const scene = await Scene.of({ limit: { concurrent: 1, queued: 0 }, count: 2 });
  const calls = Array.from({ length: 2 }, (_, name) => scene.client.ask(name, { idempotent: false }));
  await scene.clock.advance(HANDLER_MS);
  assert.equal((await Promise.all(calls)).map(answeredBy), [1, 2]);
  const third = Array.from({ length: 3 }, (_, name) => scene.client.ask(name, { idempotent: false }));
  await scene.clock.advance(HANDLER_MS);
  assert.equal((await Promise.all(third)).map(answeredBy).sort(), [1, 2, "overloaded"]);
});

test("a limit that breaks a rule is refused with its name, its value and the rule", async () => {
  for (const [limit, rule] of [
    [{ concurrent: 0 }, /concurrent 0 must be a whole number from 1/],
    [{ concurrent: 1.5 }, /concurrent 1\.5 must be a whole number from 1/],
    [{ concurrent: 1, queued: -1 }, /queued -1 must be a whole number from 0/],
    [{ concurrent: 1, queued: "9" }, /queued "9" must be a whole number from 0/],
    [{ concurrent: 1, queue: 3 }, /limit has no option "queue": did you mean queued/],
    [{}, /concurrent is missing/],
    [5, /the options of limit must be an object/],
    [null, /the options of limit must be an object/],
  ] as const) {
    const { bus } = new ServiceScene();
    const options = { service: "tea", instance: 1, bus, handle: () => answer({}), limit: limit as never };
    const error: unknown = await startInstance(options).then(undefined, (thrown: unknown) => thrown);
    assert.match(String(error), rule, JSON.stringify(limit));
  }
});

test.run();
