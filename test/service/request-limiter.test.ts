// The limiter of an instance by itself: the test says when a handler ends, and what the time is.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../../src/bus/bus.ts";
import { type LimitedRequest, RequestLimiter } from "../../src/service/request-limiter.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const test = suite("limiter of requests");

const PATIENT_MS = 10_000;
/** What is said of the next try before any request has ended. */
const DEFAULT_RETRY_MS = 100;

class Scene {
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly retries: number[] = [];
  emptied = 0;
  /** Handlers that return at once, by name, and the time that they take. */
  readonly sync = new Map<string, number>();
  readonly limiter: RequestLimiter<LimitedRequest>;
  #extraMs = 0;

  constructor(concurrent: number, queued: number) {
    this.limiter = new RequestLimiter<LimitedRequest>({
      limit: { concurrent, queued },
      clock: this.clock,
      now: () => this.now,
      begin: (request) => this.#begin(request),
      refused: (request, why) => this.log.push(`${nameOf(request)} ${why}`),
      overdue: (request, ranMs) => this.log.push(`${nameOf(request)} overdue after ${ranMs}`),
      emptied: () => void this.emptied++,
    });
  }

  get now(): number {
    return this.clock.now() + this.#extraMs;
  }

  #begin(request: LimitedRequest): boolean {
    const name = nameOf(request);
    this.log.push(`${name} begins`);
    const tookMs = this.sync.get(name);
    this.#extraMs += tookMs ?? 0;
    return tookMs === undefined;
  }

  arrive(name: string, timeoutMs = PATIENT_MS, operation = "get"): LimitedRequest {
    const refuse: Message["refuse"] = (code, text, body) => {
      this.log.push(`${name} ${code} ${text}`);
      if (body !== undefined) this.retries.push((JSON.parse(String(body)) as { retryAfterMs: number }).retryAfterMs);
      return undefined;
    };
    const message = { replyTo: name, refuse } as unknown as Message;
    const [receivedAt, expiresAt] = [this.now, this.now + timeoutMs];
    const request = { message, operation: { name: operation }, receivedAt, expiresAt, begunAt: 0, isStream: false };
    this.limiter.arrive(request);
    return request;
  }

  /** Handles so many requests, each of which takes so long. */
  async handles(count: number, ms: number, operation = "get"): Promise<void> {
    for (let one = 0; one < count; one += 1) {
      const request = this.arrive("past", PATIENT_MS, operation);
      await this.clock.advance(ms);
      this.limiter.ended(request);
    }
    this.log.length = 0;
  }

  take(): readonly string[] {
    return this.log.splice(0);
  }
}

const nameOf = ({ message }: LimitedRequest): string => String(message.replyTo);

test("a stream keeps its slot however long it lasts, and its time is that of no request", async () => {
  const scene = new Scene(1, 0);
  const stream = scene.arrive("stream");
  scene.limiter.isStream(stream);
  await scene.clock.advance(100 * PATIENT_MS);
  scene.arrive("b");
  assert.equal(scene.take(), ["stream begins", "b 529 overloaded", "b overloaded"]);
  scene.limiter.ended(stream);
  scene.arrive("c");
  scene.arrive("d");
  assert.equal(scene.retries, [DEFAULT_RETRY_MS, DEFAULT_RETRY_MS]);
});

test("the time of an overdue handler is that of no request either", async () => {
  const scene = new Scene(1, 0);
  const hung = scene.arrive("hung", 1_000);
  await scene.clock.advance(6_000);
  scene.arrive("b");
  assert.equal(scene.take(), ["hung begins", "hung overdue after 6000", "b begins"]);
  scene.limiter.ended(hung);
  scene.arrive("c");
  assert.equal(scene.retries, [DEFAULT_RETRY_MS]);
});

test("one quick request does not make up for many slow ones: the next needs the time of most", async () => {
  const scene = new Scene(1, 1);
  await scene.handles(10, 100);
  const quick = scene.arrive("quick");
  scene.arrive("waits", 400);
  // 150 ms are left, and 2 mean times are about 180.
  await scene.clock.advance(250);
  scene.limiter.isStream(quick);
  scene.limiter.ended(quick);
  assert.equal(scene.take(), ["quick begins", "waits 529 overloaded", "waits overloaded"]);
  await scene.handles(1, 0);
  const last = scene.arrive("last");
  scene.arrive("again", 400);
  await scene.clock.advance(250);
  scene.limiter.isStream(last);
  scene.limiter.ended(last);
  assert.equal(scene.take(), ["last begins", "again 529 overloaded", "again overloaded"]);
});

test("each operation has its own mean: a slow one leaves the time of a quick one alone", async () => {
  const scene = new Scene(1, 2);
  await scene.handles(10, 100, "slow");
  const first = scene.arrive("first", PATIENT_MS, "stream");
  scene.arrive("quick", 400, "quick");
  scene.arrive("slow", 400, "slow");
  await scene.clock.advance(250);
  scene.limiter.isStream(first);
  scene.limiter.ended(first);
  assert.equal(scene.take(), ["first begins", "slow 529 overloaded", "slow overloaded", "quick begins"]);
});

/** What happens to the second of two that wait when the first begins, with so much time left. One request takes 100 ms. */
async function secondWith(leftMs: number): Promise<readonly string[]> {
  const scene = new Scene(1, 2);
  await scene.handles(10, 100);
  const first = scene.arrive("first");
  scene.arrive("next");
  scene.arrive("second", 1_000 + leftMs);
  await scene.clock.advance(1_000);
  scene.limiter.isStream(first);
  scene.limiter.ended(first);
  return scene.take().slice(1);
}

test("one that waits needs two mean times and 10 ms, also if it is not the next", async () => {
  assert.equal(await secondWith(210), ["next begins"]);
  assert.equal(await secondWith(209), ["second 529 overloaded", "second overloaded", "next begins"]);
  const expired = ["second 408 not begun: its caller has given up", "second expired", "next begins"];
  assert.equal(await secondWith(0), expired);
  assert.equal(await secondWith(-1), expired);
});

test("the time that handlers take at once is that of those who wait", async () => {
  const scene = new Scene(1, 4);
  for (const name of ["b", "d"]) scene.sync.set(name, 100);
  const first = scene.arrive("a", PATIENT_MS, "another");
  scene.arrive("b");
  scene.arrive("c", 100);
  scene.arrive("d", 110, "other");
  scene.arrive("e", 209, "other");
  scene.limiter.ended(first);
  assert.equal(scene.take(), [
    "a begins",
    "b begins",
    "c 408 not begun: its caller has given up",
    "c expired",
    "d begins",
    "e 529 overloaded",
    "e overloaded",
  ]);
});

test("a cancel drops the request with that reply subject alone, and what is empty is said once", () => {
  const scene = new Scene(1, 2);
  scene.arrive("a");
  for (const name of ["b", "c"]) scene.arrive(name);
  scene.take();
  scene.limiter.cancel("another");
  assert.equal(scene.take(), []);
  scene.limiter.cancel("b");
  assert.equal([scene.take(), scene.limiter.waiting], [["b 408 not begun: its caller has given up", "b expired"], 1]);
  assert.is(scene.emptied, 0);
  scene.limiter.cancel("c");
  assert.equal([scene.limiter.waiting, scene.emptied], [0, 1]);
});

test("requests that never wait empty no queue", async () => {
  const scene = new Scene(1, 1);
  await scene.handles(3, 10);
  assert.is(scene.emptied, 0);
});

test("an instance that leaves refuses what waits with 503, and leaves no timer", () => {
  const scene = new Scene(1, 2);
  for (const name of ["a", "b", "c"]) scene.arrive(name);
  assert.is(scene.clock.timers, 1, "one for all that wait");
  scene.limiter.refuseWaiting();
  assert.equal(scene.take(), ["a begins", "b 503 draining", "c 503 draining"]);
  assert.equal([scene.limiter.waiting, scene.clock.timers], [0, 0]);
});

test("a timer runs only while requests wait for slots that may come back", async () => {
  const scene = new Scene(1, 2);
  const first = scene.arrive("a", 1_000);
  assert.is(scene.clock.timers, 0);
  scene.arrive("b");
  assert.is(scene.clock.timers, 1);
  scene.limiter.ended(first);
  assert.is(scene.clock.timers, 0, "b has begun");
  scene.arrive("c", 10 * PATIENT_MS);
  await scene.clock.advance(2 * PATIENT_MS);
  assert.equal(scene.take().at(-1), "c begins");
  assert.is(scene.clock.timers, 0, "b is overdue, and c has its slot");

  const streaming = new Scene(1, 1);
  streaming.limiter.isStream(streaming.arrive("stream", 1_000));
  streaming.arrive("waits", Number.POSITIVE_INFINITY);
  await streaming.clock.advance(PATIENT_MS);
  assert.equal([streaming.limiter.waiting, streaming.clock.timers], [1, 0], "no lease will end");
});

test.run();
