// Streams between a client and its instances, on a bus in memory and a clock that the test advances.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOptions } from "../../src/service/client-streams.ts";
import { answer, type HandlerResult, refuse, streamOf } from "../../src/service/core/handler.ts";
import { READER_SILENCE_MS } from "../../src/service/core/stream-credit.ts";
import { MAX_GOING_BYTES } from "../../src/service/core/stream-wire.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import { StreamError } from "../../src/service/stream-error.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { ServiceScene } from "../support/service-scene.ts";

const test = suite("streams");

/** Far below the second in which a dead sender has to be noticed. */
const SOON_MS = 50;
const SECOND_MS = 1_000;

/** Numbers from 1. Counts those that were made, and whether the iterator was closed. */
class Numbers {
  made = 0;
  closed = 0;

  async *upTo(last: number): AsyncGenerator<number> {
    try {
      while (this.made < last) {
        this.made += 1;
        yield this.made;
      }
    } finally {
      this.closed += 1;
    }
  }
}

class Scene extends ServiceScene {
  readonly numbers = new Numbers();

  static async of(handle?: (instance: number, scene: Scene) => HandlerResult, count = 1): Promise<Scene> {
    const scene: Scene = new Scene({
      count,
      handle: (_request, instance) =>
        handle?.(instance, scene) ?? streamOf(scene.numbers.upTo(Number.POSITIVE_INFINITY)),
    });
    await scene.start();
    return scene;
  }

  get senderBus(): MemoryBus {
    const [bus] = this.buses;
    if (bus === undefined) throw new Error("no instance was started");
    return bus;
  }

  outcome(options: StreamOptions = {}): Promise<Outcome<ItemStream>> {
    return this.ended(this.client.stream({}, options));
  }

  async open(options: StreamOptions = {}): Promise<ItemStream> {
    const outcome = await this.outcome(options);
    assert.is(outcome.kind, "ok", JSON.stringify(outcome));
    if (outcome.kind !== "ok") throw new Error("no stream");
    return outcome.value;
  }

  /** The next `count` items. */
  async take(stream: ItemStream, count: number): Promise<unknown[]> {
    const taken: unknown[] = [];
    for (let place = 0; place < count; place += 1) taken.push((await this.ended(stream.next())).value);
    return taken;
  }

  /** What is left: the items, and the reason of the failure, if it has failed. */
  async rest(stream: ItemStream): Promise<{ readonly items: unknown[]; readonly failure: StreamError | undefined }> {
    const items: unknown[] = [];
    try {
      for (;;) {
        const { done, value } = await this.ended(stream.next());
        if (done === true) return { items, failure: undefined };
        items.push(value);
      }
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      return { items, failure: error };
    }
  }

  async failureOf(stream: ItemStream): Promise<string | undefined> {
    return (await this.rest(stream)).failure?.reason;
  }

  /** Nothing of a stream is left on either side: timers, listeners, calls. */
  async assertNothingLeft(timers: number): Promise<void> {
    await this.clock.advance(2 * SECOND_MS);
    assert.equal([this.bus.pending, this.clock.timers], [0, timers]);
  }
}

const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test("all items arrive in order, each once, and the stream ends", async () => {
  const scene = await Scene.of((_, { numbers }) => streamOf(numbers.upTo(1_000)));
  const timers = scene.clock.timers;
  const { items, failure } = await scene.rest(await scene.open());
  assert.equal([items, failure], [numbersTo(1_000), undefined]);
  assert.is(scene.numbers.closed, 1);
  await scene.assertNothingLeft(timers);
});

test("any values travel: JSON, nothing, and bytes", async () => {
  const values = [{ a: [1, null] }, undefined, "text", new Uint8Array([1, 2, 255]), false, null, 0];
  const scene = await Scene.of(() =>
    streamOf(
      (async function* () {
        yield* values;
      })(),
    ),
  );
  assert.equal((await scene.rest(await scene.open())).items, values);
});

test("a reader that stops receives its window, and its handler makes no more", async () => {
  for (const window of [1, 7, 64]) {
    const scene = await Scene.of();
    const stream = await scene.open({ window });
    assert.equal(await scene.take(stream, 3), [1, 2, 3]);
    await scene.clock.advance(60 * SECOND_MS);
    assert.ok(scene.numbers.made <= 3 + window, `${scene.numbers.made} were made with a window of ${window}`);
    assert.equal(await scene.take(stream, 100), numbersTo(103).slice(3));
    await stream.return();
  }
});

test("the default window is 64", async () => {
  const scene = await Scene.of();
  const stream = await scene.open();
  await scene.clock.advance(60 * SECOND_MS);
  assert.is(scene.numbers.made, 64);
  await stream.return();
});

test("of large items a few are under way, and all arrive", async () => {
  const size = 1_000_000;
  let made = 0;
  const scene = await Scene.of(() =>
    streamOf(
      (async function* () {
        for (; made < 30; made += 1) yield new Uint8Array(size).fill(made);
      })(),
    ),
  );
  const stream = await scene.open();
  await scene.clock.advance(SECOND_MS);
  assert.ok(made <= MAX_GOING_BYTES / size + 1, `${made} were made`);
  const { items } = await scene.rest(stream);
  assert.equal(
    items.map((item) => (item as Uint8Array)[size - 1]),
    Array.from({ length: 30 }, (_, index) => index),
  );
});

test("break ends the stream on both sides at once", async () => {
  const scene = await Scene.of();
  const timers = scene.clock.timers;
  const stream = await scene.open();
  const read = (async () => {
    for await (const item of stream) if (item === 10) break;
  })();
  await scene.ended(read);
  await scene.clock.advance(SOON_MS);
  assert.is(scene.numbers.closed, 1);
  assert.equal(await scene.ended(stream.next()), { done: true, value: undefined });
  await scene.assertNothingLeft(timers);
});

test("several calls of next at once get items in order, and at the end each is done", async () => {
  const scene = await Scene.of((_, { numbers }) => streamOf(numbers.upTo(2)));
  const stream = await scene.open();
  const results = await scene.ended(Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]));
  assert.equal(
    results.map(({ done, value }) => (done === true ? "done" : value)),
    [1, 2, "done", "done"],
  );
});

test("a handler that fails ends the stream after the items before", async () => {
  const scene = await Scene.of((_, { numbers }) =>
    streamOf(
      (async function* () {
        yield* numbers.upTo(5);
        return refuse(410, "no more");
      })(),
    ),
  );
  const stream = await scene.open();
  await scene.clock.advance(SOON_MS);
  const { items, failure } = await scene.rest(stream);
  assert.equal(items, numbersTo(5));
  assert.equal([failure?.reason, failure?.code, failure?.message, failure?.received], ["error", 410, "no more", 5]);
  assert.is(failure?.instance.instance, 1);
  assert.equal(await scene.ended(stream.next()), { done: true, value: undefined }, "a failure is thrown once");
});

test("a sender that dies ends the stream within a second, after the items that have arrived", async () => {
  const scene = await Scene.of();
  const timers = scene.clock.timers;
  const stream = await scene.open({ window: 8 });
  await scene.clock.advance(SOON_MS);
  scene.senderBus.disconnect();
  await scene.clock.advance(SECOND_MS);
  const items = await scene.take(stream, 8);
  assert.equal(items, numbersTo(8));
  assert.is(await scene.failureOf(stream), "died");
  assert.is(scene.numbers.closed, 1, "its own side has ended as well");
  await scene.assertNothingLeft(timers);
});

test("a sender that hangs ends the stream within a second", async () => {
  const scene = await Scene.of((_, { numbers }) =>
    streamOf(
      (async function* () {
        yield* numbers.upTo(10);
        await new Promise(() => undefined);
      })(),
    ),
  );
  const stream = await scene.open();
  await scene.take(stream, 10);
  await scene.clock.advance(5 * SECOND_MS);
  scene.senderBus.pause();
  let failure: unknown;
  stream.next().catch((error: StreamError) => (failure = error.reason));
  await scene.clock.advance(SECOND_MS);
  assert.is(failure, "silent");
  scene.senderBus.resume();
  await scene.clock.advance(SOON_MS);
  const { requests, errors } = scene.instance.counts;
  assert.equal([requests, errors], [1, 0], "the reader has cancelled it");
});

test("a stream without items for a long time goes on", async () => {
  let next: (value: number) => void = () => undefined;
  const scene = await Scene.of(() =>
    streamOf(
      (async function* () {
        for (;;) yield await new Promise<number>((resolve) => (next = resolve));
      })(),
    ),
  );
  const stream = await scene.open();
  await scene.clock.advance(600 * SECOND_MS);
  next(1);
  assert.equal(await scene.take(stream, 1), [1]);
  await scene.clock.advance(600 * SECOND_MS);
  next(2);
  assert.equal(await scene.take(stream, 1), [2]);
  await stream.return();
});

test("a stall of the reader's own ends no stream", async () => {
  const scene = await Scene.of();
  const stream = await scene.open();
  await scene.clock.stall(3 * SECOND_MS);
  await scene.clock.advance(SOON_MS);
  assert.equal(await scene.take(stream, 100), numbersTo(100));
  await stream.return();
});

test("a reader that hangs for long loses its stream, and finds out when it goes on", async () => {
  const scene = await Scene.of();
  const stream = await scene.open();
  await scene.clock.advance(SOON_MS);
  scene.bus.pause();
  // The bus of the reader alone stands still: its probes do not arrive either.
  scene.bus.deniesSending = () => true;
  await scene.clock.advance(READER_SILENCE_MS + SECOND_MS);
  assert.is(scene.numbers.closed, 1);
  scene.bus.resume();
  const { failure } = await scene.rest(stream);
  assert.ok(failure !== undefined);
});

test("a bus that is lost ends the stream on both sides", async () => {
  const scene = await Scene.of();
  const timers = scene.clock.timers;
  const stream = await scene.open();
  await scene.clock.advance(SOON_MS);
  scene.network.disconnect();
  assert.is(await scene.failureOf(stream), "disconnected");
  await scene.clock.advance(SOON_MS);
  assert.is(scene.numbers.closed, 1);
  scene.network.reconnect();
  await scene.assertNothingLeft(timers);
});

test("lost items are noticed: in the middle, at the tail, and with the end", async () => {
  /** Loses the reply of that number, of the 21 that the stream has with its end. `hangs`: it has no end. */
  for (const [lostReply, hangs, expected] of [
    [5, false, 4],
    [20, false, 19],
    [20, true, 19],
    [21, false, 20],
  ] as const) {
    const scene = await Scene.of((_, { numbers }) =>
      streamOf(
        (async function* () {
          yield* numbers.upTo(20);
          if (hangs) await new Promise(() => undefined);
        })(),
      ),
    );
    let replies = 0;
    scene.network.loses = (subject) => {
      if (!subject.startsWith("_INBOX.tea.1")) return false;
      replies += 1;
      return replies === lostReply;
    };
    const { items, failure } = await scene.rest(await scene.open());
    assert.equal([items.length, failure?.reason], [expected, "lost"], `reply ${lostReply}, hangs: ${hangs}`);
  }
});

test("a stream ends with its client, and drops what was not taken", async () => {
  const scene = await Scene.of();
  const stream = await scene.open();
  await scene.clock.advance(SOON_MS);
  scene.client.close();
  const { items, failure } = await scene.rest(stream);
  assert.equal([items, failure?.reason, failure?.message], [[], "cancelled", "the client was closed"]);
  await scene.clock.advance(SOON_MS);
  assert.equal([scene.numbers.closed, scene.bus.pending], [1, 0]);
});

test("a signal ends the stream at any time", async () => {
  for (const when of ["before", "while it opens", "later"] as const) {
    const scene = await Scene.of();
    const timers = scene.clock.timers;
    const controller = new AbortController();
    if (when === "before") controller.abort();
    const opening = scene.client.stream({}, { signal: controller.signal });
    if (when === "while it opens") controller.abort();
    const outcome = await scene.ended(opening);
    if (when !== "later") assert.is(outcome.kind === "unanswered" && outcome.reason, "cancelled", when);
    else {
      assert.is(outcome.kind, "ok");
      if (outcome.kind !== "ok") return;
      const waiting = scene.take(outcome.value, 200).catch((error: StreamError) => error.reason);
      controller.abort();
      assert.is(await scene.ended(waiting), "cancelled");
    }
    await scene.clock.advance(SOON_MS);
    assert.is(scene.numbers.closed, when === "later" || scene.numbers.made > 0 ? 1 : 0, when);
    await scene.assertNothingLeft(timers);
  }
});

test("an instance that leaves sends what its stream has, and ends the rest with 504", async () => {
  const scene = await Scene.of((_, { numbers }) => streamOf(numbers.upTo(500)));
  const stream = await scene.open();
  const gone = scene.instance.goodbye(60 * SECOND_MS);
  await scene.clock.advance(SECOND_MS);
  assert.equal((await scene.rest(stream)).items, numbersTo(500));
  await scene.ended(gone);

  const endless = await Scene.of();
  const cut = await endless.open();
  await endless.ended(endless.instance.goodbye(SECOND_MS));
  const { items, failure } = await endless.rest(cut);
  assert.equal([items.length, failure?.reason, failure?.code], [64, "error", 504]);
  assert.is(endless.numbers.closed, 1);
});

test("an operation with one answer opens no stream", async () => {
  const scene = await Scene.of(() => answer({ one: 1 }));
  const outcome = await scene.outcome({ idempotent: false });
  assert.equal(outcome.kind === "unanswered" && [outcome.reason, outcome.detail], [
    "invalid-response",
    "it is one answer, and no stream",
  ]);
  assert.is(scene.bus.pending, 0);
});

test("options that cannot be used fail the call, and nothing is sent", async () => {
  const scene = await Scene.of();
  for (const window of [0, 1_025, 1.5, Number.NaN, "64" as unknown as number]) {
    const outcome = await scene.outcome({ window });
    assert.match(outcome.kind === "unanswered" ? (outcome.detail ?? "") : "", /window .* must be a whole number/);
  }
  assert.is(scene.instance.counts.requests, 0);
});

test.run();
