// The streams of an instance, as a client sees them that is none of ours.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Reply } from "../../src/bus/bus.ts";
import { type HandlerResult, refuse, streamOf } from "../../src/service/core/handler.ts";
import { timeLines } from "../../src/service/core/request-headers.ts";
import { READER_SILENCE_MS } from "../../src/service/core/stream-credit.ts";
import { creditLines, grantBody, MAX_GOING_BYTES, streamReplyOf } from "../../src/service/core/stream-wire.ts";
import type { RequestContext } from "../../src/service/request-context.ts";
import type { MemoryBus } from "../../src/testing/memory-bus.ts";
import { ServiceScene, TEA } from "../support/service-scene.ts";

const test = suite("streams of an instance");

const COMMANDS = `${TEA}._stream.1-a`;
const text = new TextDecoder();

/** Counts from 1. Records how far it came, and that it was closed. */
class Counter implements AsyncIterable<number> {
  made = 0;
  closed = 0;
  readonly #to: number;
  readonly #returned: unknown;

  constructor(to = Number.POSITIVE_INFINITY, returned?: unknown) {
    this.#to = to;
    this.#returned = returned;
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: async () => {
        if (this.made >= this.#to) return { done: true, value: this.#returned };
        this.made += 1;
        return { done: false, value: this.made };
      },
      return: async () => {
        this.closed += 1;
        return { done: true, value: undefined };
      },
    };
  }
}

/** One reply as the test writes it down: `1=…`, `open`, `end 3`, `404 …`, or its kind. */
function shown(reply: Reply): string {
  if (reply.kind === "service-error") return `${reply.code} ${reply.message}`;
  if (reply.kind !== "answered") return reply.kind;
  const read = streamReplyOf(reply.headers);
  if (read === undefined) return `answer ${text.decode(reply.body)}`;
  if (read.kind === "end") return `end ${read.count}`;
  return read.seq === 0 ? "open" : `${read.seq}=${text.decode(reply.body)}`;
}

class Scene extends ServiceScene {
  readonly replies: string[] = [];

  static async of(handle: (context: RequestContext) => HandlerResult | Promise<HandlerResult>): Promise<Scene> {
    const scene = new Scene({ handle: (_request, _instance, context) => handle(context) });
    await scene.start();
    scene.client.close();
    return scene;
  }

  /** Opens a stream, lets a millisecond pass, and returns its reply subject. */
  async open(window = 4): Promise<string> {
    const lines = creditLines(window) + timeLines(1_000, this.clock.wall());
    const { replyTo } = this.caller.openStream(this.instance.address, "", { timeoutMs: 1_000, lines }, (reply) =>
      this.replies.push(shown(reply)),
    );
    await this.clock.advance(1);
    return replyTo;
  }

  async grant(stream: string, credit: number): Promise<void> {
    this.caller.publish(COMMANDS, grantBody(stream, credit));
    await this.clock.advance(1);
  }

  async command(body: object | string): Promise<string> {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    return shown(await this.ended(this.caller.request(COMMANDS, sent, { timeoutMs: 1_000 })));
  }
}

test("a stream ends after its items, and is one request in the counts", async () => {
  const scene = await Scene.of(() => streamOf(new Counter(2)));
  await scene.open();
  assert.equal(scene.replies, ["1=1", "2=2", "end 2"]);
  const { requests, errors } = scene.instance.counts;
  assert.equal([requests, errors], [1, 0]);
});

test("an empty stream has an end alone", async () => {
  const scene = await Scene.of(async () => streamOf(new Counter(0)));
  await scene.open();
  await scene.clock.advance(1_000);
  assert.equal(scene.replies, ["end 0"]);
});

test("the handler makes no item before it may be sent", async () => {
  const counter = new Counter();
  const scene = await Scene.of(() => streamOf(counter));
  const stream = await scene.open(4);
  await scene.clock.advance(1_000);
  assert.is(counter.made, 4);
  await scene.grant(stream, 5);
  assert.is(counter.made, 5);
  await scene.grant(stream, 3);
  await scene.grant(stream, 1_000);
  assert.is(counter.made, 9, "the reader cannot have taken more than five");
  assert.equal(scene.replies.at(-1), "9=9");
});

test("items of a megabyte stop at 4 MB on their way", async () => {
  const size = MAX_GOING_BYTES / 8;
  let made = 0;
  async function* large() {
    for (;;) {
      made += 1;
      yield new Uint8Array(size);
    }
  }
  const scene = await Scene.of(() => streamOf(large()));
  const stream = await scene.open(64);
  assert.is(made, 8);
  await scene.grant(stream, 64 + 2);
  assert.is(made, 10);
});

test("a first item that takes a while is preceded by an opening, and only by one", async () => {
  let next: (value: IteratorResult<string>) => void = () => undefined;
  const items = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>((resolve) => (next = resolve)) }),
  };
  const scene = await Scene.of(() => streamOf(items));
  await scene.open();
  assert.equal(scene.replies, []);
  await scene.clock.advance(500);
  assert.equal(scene.replies, ["open"]);
  next({ done: false, value: "late" });
  await scene.clock.advance(500);
  assert.equal(scene.replies, ["open", '1="late"']);
});

test("what the items throw ends the stream with a 500, and is reported here alone", async () => {
  async function* broken() {
    yield 1;
    throw new Error("the secret of the handler");
  }
  const scene = await Scene.of(() => streamOf(broken()));
  await scene.open();
  assert.equal(scene.replies, ["1=1", "500 internal error"]);
  const failed = scene.instanceEvents.find(({ kind }) => kind === "failed");
  assert.match(String(failed?.kind === "failed" && failed.error), /the secret of the handler/);
  assert.is(scene.instance.counts.errors, 1);
});

test("an error that the iterator returns ends the stream, and codes of the instance are replaced", async () => {
  for (const [code, sent] of [
    [410, 410],
    [503, 500],
    [504, 500],
  ] as const) {
    const scene = await Scene.of(() => streamOf(new Counter(1, refuse(code, "no more"))));
    await scene.open();
    assert.equal(scene.replies, ["1=1", `${sent} no more`]);
  }
});

test("an item that JSON cannot hold, or that is too large, ends the stream and closes the items", async () => {
  for (const [item, expected] of [
    [10n, "500 internal error"],
    ["x".repeat(2 * 1024 * 1024), "500 not sent: the body is over the bus's limit of 1048576 bytes"],
  ] as const) {
    let closed = false;
    async function* items() {
      try {
        yield item;
      } finally {
        closed = true;
      }
    }
    const scene = await Scene.of(() => streamOf(items()));
    await scene.open();
    assert.equal([scene.replies, closed], [[expected], true]);
  }
});

test("a cancelled stream stops at once, closes its items, and is no error", async () => {
  const counter = new Counter();
  const scene = await Scene.of(() => streamOf(counter));
  const stream = await scene.open();
  assert.is(await scene.command({ stream, cancel: true }), "timeout");
  assert.equal([counter.made, counter.closed], [4, 1]);
  assert.is(await scene.command({ stream, credit: 8 }), "404 no such stream");
  assert.equal([counter.made, scene.instance.counts.requests, scene.instance.counts.errors], [4, 1, 0]);
});

test("the signal of a handler is aborted with its stream, and not when the time to the first reply is over", async () => {
  const signals: AbortSignal[] = [];
  async function* waiting(context: RequestContext) {
    signals.push(context.signal);
    assert.is(context.deadline, Number.POSITIVE_INFINITY);
    yield 1;
    await new Promise(() => undefined);
  }
  const scene = await Scene.of((context) => {
    signals.push(context.signal);
    return streamOf(waiting(context));
  });
  const stream = await scene.open();
  await scene.clock.advance(READER_SILENCE_MS - 1_000);
  assert.equal([signals.length, signals[0]?.aborted], [2, false]);
  await scene.command({ stream, cancel: true });
  assert.equal([signals[0]?.aborted, scene.instance.counts.errors], [true, 0]);
});

test("a caller with little time gets the opening within it", async () => {
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const scene = await Scene.of(() => streamOf(never));
  const lines = creditLines(4) + timeLines(20, scene.clock.wall());
  scene.caller.openStream(scene.instance.address, "", { timeoutMs: 20, lines }, (reply) =>
    scene.replies.push(shown(reply)),
  );
  await scene.clock.advance(100);
  assert.equal(scene.replies, ["open"]);
});

test("a grant that wants an answer gets the number of items so far", async () => {
  const scene = await Scene.of(() => streamOf(new Counter()));
  const stream = await scene.open();
  assert.is(await scene.command({ stream, credit: 4 }), 'answer {"sent":4}');
});

test("a command that cannot be read, or of an unknown stream, is refused and changes nothing", async () => {
  const scene = await Scene.of(() => streamOf(new Counter()));
  const stream = await scene.open();
  for (const body of ["", "null", "{", "[]", `{"stream":"${stream}"}`, "x".repeat(2_000)])
    assert.match(await scene.command(body), /^400 bad request/, body);
  for (const other of [`${stream}x`, "", "__proto__"])
    assert.is(await scene.command({ stream: other, cancel: true }), "404 no such stream");
  assert.equal(scene.replies.length, 4);
});

test("a reader that is silent for long is gone: the stream ends, and its items are closed", async () => {
  const counter = new Counter();
  const scene = await Scene.of(() => streamOf(counter));
  const stream = await scene.open();
  await scene.clock.advance(READER_SILENCE_MS - 1_000);
  await scene.grant(stream, 4);
  await scene.clock.advance(READER_SILENCE_MS - 1_000);
  assert.equal([counter.closed, scene.replies.length], [0, 4]);
  await scene.clock.advance(2_000);
  assert.equal([counter.closed, scene.replies.at(-1)], [1, "408 the reader of the stream is gone"]);
  assert.is(scene.instance.counts.errors, 1);
});

test("a bus that is lost ends every stream, and nothing is left running", async () => {
  const counter = new Counter();
  const scene = await Scene.of(() => streamOf(counter));
  const before = scene.clock.timers;
  const bus = scene.buses[0] as MemoryBus;
  let watched = 0;
  const watch = bus.watch.bind(bus);
  bus.watch = (listener) => {
    const unwatch = watch(listener);
    watched += 1;
    return () => {
      watched -= 1;
      unwatch();
    };
  };
  await scene.open();
  await scene.open();
  assert.ok(scene.clock.timers > before);
  assert.is(watched, 1);
  bus.disconnect();
  await scene.clock.advance(100);
  assert.equal([counter.closed, scene.clock.timers <= before + 1, watched], [2, true, 0]);
});

test("a goodbye sends what a stream still has, and its reader can still grant and cancel", async () => {
  const counter = new Counter(10);
  const scene = await Scene.of(() => streamOf(counter));
  const stream = await scene.open(4);
  const gone = scene.instance.goodbye(60_000);
  await scene.clock.advance(1_000);
  await scene.grant(stream, 8);
  await scene.grant(stream, 12);
  await scene.ended(gone);
  assert.equal(scene.replies.slice(-2), ["10=10", "end 10"]);
});

test("a stream that outlasts the goodbye ends with 504", async () => {
  const counter = new Counter();
  const scene = await Scene.of(() => streamOf(counter));
  await scene.open();
  await scene.ended(scene.instance.goodbye(1_000));
  assert.equal([counter.closed, scene.replies.at(-1)], [1, "504 left before it was finished"]);
});

test("a request without credit, or with a reply subject in use, gets no stream", async () => {
  const scene = await Scene.of(() => streamOf(new Counter()));
  const replies: string[] = [];
  const record = (reply: Reply): unknown => replies.push(shown(reply));
  void scene.caller.request(scene.instance.address, "", { timeoutMs: 1_000 }).then(record);
  await scene.clock.advance(1);
  assert.match(replies[0] ?? "", /^400 .* is answered by a stream/);
  const stream = await scene.open();
  scene.caller.publish(scene.instance.address, "", stream, creditLines(4));
  await scene.clock.advance(1);
  assert.match(scene.replies.at(-1) ?? "", /^400 a stream needs a reply subject of its own/);
});

test("items that are none, or fail when they are asked for, are errors of the handler", async () => {
  const failing = {
    [Symbol.asyncIterator]: () => {
      throw new Error("no iterator");
    },
  };
  const rude = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        throw new Error("no next");
      },
    }),
  };
  for (const items of [undefined, 7, {}, failing, rude]) {
    const scene = await Scene.of(() => streamOf(items as AsyncIterable<unknown>));
    await scene.open();
    assert.equal(scene.replies, ["500 internal error"]);
  }
});

test("items whose close throws, rejects or never ends break nothing", async () => {
  const closes = [
    () => {
      throw new Error("no close");
    },
    () => Promise.reject(new Error("no close")),
    () => new Promise<never>(() => undefined),
    undefined,
  ];
  for (const close of closes) {
    const items = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 1 }), return: close }),
    };
    const scene = await Scene.of(() => streamOf(items as AsyncIterable<unknown>));
    const stream = await scene.open();
    await scene.command({ stream, cancel: true });
    assert.is(scene.instance.counts.requests, 1);
  }
});

test.run();
