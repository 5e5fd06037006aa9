// Streams of a contract: typed on both sides, validated by their reader.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { CallContext } from "../../src/connect/call-context.ts";
import { type Client, type ClientOptions, createClient } from "../../src/connect/client.ts";
import { contract, operation, stream } from "../../src/connect/contract.ts";
import { CallError, ServiceError } from "../../src/connect/errors.ts";
import type { Handlers } from "../../src/connect/handlers.ts";
import type { Middleware } from "../../src/connect/middleware.ts";
import { bytes, nothing, schemaOf } from "../../src/connect/schema.ts";
import { type ServeOptions, serve } from "../../src/connect/serve.ts";
import { StreamError } from "../../src/service/stream-error.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import { ContractScene, KeptLog } from "../support/contract-scene.ts";

const test = suite("streams of a contract");

const even = v.pipe(
  v.number(),
  v.check((count) => count % 2 === 0, "must be even"),
);
const slowly = schemaOf<number>((value) => ({ value: value as number }));
const asynchronous: typeof slowly = {
  "~standard": { ...slowly["~standard"], validate: async (value) => slowly["~standard"].validate(value) },
};

const clocks = contract("clocks", {
  ticks: stream(v.object({ from: v.number() }), v.object({ count: v.number() }), { idempotent: true }),
  evens: stream(nothing, even),
  later: stream(nothing, asynchronous),
  chunks: stream(v.number(), bytes, { timeoutMs: 500 }),
  set: operation(v.number(), nothing),
});

type Clocks = (typeof clocks)["operations"];

class Scene extends ContractScene {
  made = 0;
  closed = 0;

  readonly handlers: Handlers<Clocks> = {
    ticks: (input) => this.ticks(input.from),
    evens: async function* () {
      yield* [2, 4, 5, 6];
    },
    later: async function* () {
      yield* [1, 2, 3];
    },
    chunks: async (size) =>
      (async function* () {
        for (let byte = 0; byte < 3; byte += 1) yield new Uint8Array(size).fill(byte);
      })(),
    set: () => undefined,
  };

  async *ticks(from: number): AsyncGenerator<{ count: number }> {
    try {
      for (let count = from; ; count += 1) {
        this.made += 1;
        yield { count };
      }
    } finally {
      this.closed += 1;
    }
  }

  async start(more: Partial<ServeOptions<Clocks>> = {}, options: Partial<ClientOptions> = {}): Promise<Client<Clocks>> {
    const { clock, log, network, handlers } = this;
    await this.ended(serve(clocks, { bus: network.bus(), clock, log, random: () => 0, handlers, ...more }));
    return createClient(clocks, { bus: network.bus(), clock, log, random: () => 0, ...options });
  }

  /** All items of a stream, and what it threw. */
  async read<T>(items: AsyncIterable<T>): Promise<{ readonly items: T[]; readonly error: unknown }> {
    const read: T[] = [];
    const reading = (async () => {
      for await (const item of items) read.push(item);
    })();
    const error = await this.ended(
      reading.then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    );
    return { items: read, error };
  }
}

test("call returns the items, and break ends the stream on both sides", async () => {
  const scene = new Scene();
  const client = await scene.start();
  const counts: number[] = [];
  const reading = (async () => {
    for await (const { count } of client.call.ticks({ from: 5 }, { window: 4 })) {
      counts.push(count);
      if (count === 9) break;
    }
  })();
  await scene.ended(reading);
  await scene.clock.advance(50);
  assert.equal(counts, [5, 6, 7, 8, 9]);
  assert.ok(scene.made <= 5 + 4, `${scene.made} were made`);
  assert.is(scene.closed, 1);
});

test("ask resolves with the stream, and says which instance opened it", async () => {
  const scene = new Scene();
  const client = await scene.start();
  const outcome = await scene.ended(client.ask.chunks(3));
  assert.is(outcome.kind, "ok");
  if (outcome.kind !== "ok") return;
  assert.equal([outcome.attempts, outcome.instance.instance, outcome.value.instance.instance], [1, 1, 1]);
  const { items } = await scene.read(outcome.value);
  assert.equal(
    items,
    [0, 1, 2].map((byte) => new Uint8Array(3).fill(byte)),
  );
});

test("an invalid item ends the stream with its problems, after those before", async () => {
  const scene = new Scene();
  const evens: Handlers<Clocks>["evens"] = async function* () {
    yield* [2, 4];
    for await (const { count } of scene.ticks(1)) yield count;
  };
  const client = await scene.start({ handlers: { ...scene.handlers, evens } });
  const { items, error } = await scene.read(client.call.evens());
  assert.equal(items, [2, 4]);
  assert.ok(error instanceof StreamError);
  assert.equal([error.reason, error.message], ["invalid", "an item is invalid: must be even"]);
  await scene.clock.advance(50);
  assert.is(scene.closed, 1, "its sender goes on");
});

test("a schema may be asynchronous, and items keep their order", async () => {
  const scene = new Scene();
  const client = await scene.start();
  assert.equal((await scene.read(client.call.later())).items, [1, 2, 3]);
});

test("an invalid input, and what a handler throws before its first item, is the error of the call", async () => {
  const scene = new Scene();
  const evens: Handlers<Clocks>["evens"] = async function* () {
    yield* [];
    throw new ServiceError(404, "no numbers");
  };
  const client = await scene.start({ handlers: { ...scene.handlers, evens } });
  const bad = await scene.read(client.call.ticks({ from: "1" as unknown as number }));
  assert.ok(bad.error instanceof CallError && bad.error.code === 400, String(bad.error));
  assert.match(String(bad.error), /from: /);
  const outcome = await scene.ended(client.ask.evens());
  assert.equal(outcome.kind === "error" && [outcome.code, outcome.message], [404, "no numbers"]);
  assert.equal(scene.log.lines, []);
});

test("a ServiceError after items ends the stream with its code, and any other error is logged", async () => {
  for (const [thrown, code, logged] of [
    [new ServiceError(410, "no more", { left: 0 }), 410, 0],
    [new Error("secret"), 500, 1],
  ] as const) {
    const scene = new Scene();
    const evens: Handlers<Clocks>["evens"] = async function* () {
      yield 2;
      throw thrown;
    };
    const client = await scene.start({ handlers: { ...scene.handlers, evens } });
    const { items, error } = await scene.read(client.call.evens());
    assert.equal(items, [2]);
    assert.ok(error instanceof StreamError && error.code === code && !error.message.includes("secret"));
    assert.equal(error.data, code === 410 ? { left: 0 } : undefined);
    assert.is(scene.log.lines.length, logged);
  }
});

test("what a generator returns is no item, and no error", async () => {
  const scene = new Scene();
  const evens: Handlers<Clocks>["evens"] = async function* () {
    yield 2;
    return { kind: "refusal", code: 404, message: "" };
  };
  const client = await scene.start({ handlers: { ...scene.handlers, evens } });
  assert.equal(await scene.read(client.call.evens()), { items: [2], error: undefined });
});

test("a handler that returns no items is a 500, and the log names the operation", async () => {
  const scene = new Scene();
  const evens = (() => [2, 4]) as unknown as Handlers<Clocks>["evens"];
  const client = await scene.start({ handlers: { ...scene.handlers, evens } });
  const outcome = await scene.ended(client.ask.evens());
  assert.is(outcome.kind === "error" && outcome.code, 500);
  assert.match(scene.log.lines.join(), /evens is a stream: its handler must be an async generator/);
});

test("a stream that nothing reads is not opened, and one that ends before its first item is not either", async () => {
  const scene = new Scene();
  const client = await scene.start();
  client.call.ticks({ from: 1 });
  const unread = client.call.ticks({ from: 1 });
  await unread.return?.();
  assert.equal(await scene.ended(unread.next()), { done: true, value: undefined });
  await scene.clock.advance(1_000);
  assert.is(scene.made, 0);
});

test("without an instance, the first item rejects with the reason", async () => {
  const scene = new Scene();
  const client = createClient(clocks, { bus: scene.network.bus(), clock: scene.clock, log: scene.log });
  const { error } = await scene.read(client.call.evens());
  assert.ok(error instanceof CallError);
  assert.is(error.outcome.kind === "unanswered" && error.outcome.reason, "no-instances");
});

test("options are checked, the window among them", async () => {
  const scene = new Scene();
  const client = await scene.start();
  for (const options of [{ window: 0 }, { windows: 3 }, { timeoutMs: "1" }, { check: () => undefined }, null]) {
    const outcome = await scene.ended(client.ask.evens(undefined, options as never));
    assert.is(outcome.kind === "unanswered" && outcome.reason, "failed", JSON.stringify(options));
  }
});

test("middlewares of both sides see the stream, and may replace its items", async () => {
  const scene = new Scene();
  const seen: string[] = [];
  const named =
    (name: string): Middleware =>
    async (call, next) => {
      const items = (await next()) as AsyncIterable<number>;
      seen.push(`${name} ${call.operation}`);
      return (async function* () {
        for await (const item of items) yield item * 2;
      })();
    };
  const client = await scene.start({ use: [named("instance")] }, { use: [named("caller")] });
  const { items } = await scene.read(client.call.later());
  assert.equal(
    [items, seen],
    [
      [4, 8, 12],
      ["instance later", "caller later"],
    ],
  );
});

test("a stream that a middleware drops is ended", async () => {
  for (const drop of [
    async () => "no stream",
    async () => {
      throw new Error("dropped");
    },
  ]) {
    const scene = new Scene();
    const dropping: Middleware = async (_call, next) => {
      await next();
      return drop();
    };
    const client = await scene.start({}, { use: [dropping] });
    const outcome = await scene.ended(client.ask.ticks({ from: 1 }));
    assert.equal(outcome.kind === "unanswered" && [outcome.reason, outcome.mayHaveExecuted, outcome.tried.length], [
      ...["failed", true, 1],
    ]);
    await scene.clock.advance(100);
    assert.is(scene.closed, 1);
  }
});

test("streams end with their client", async () => {
  const scene = new Scene();
  const client = await scene.start();
  const outcome = await scene.ended(client.ask.ticks({ from: 1 }));
  client.close();
  assert.ok(outcome.kind === "ok");
  const { error } = await scene.read(outcome.value);
  assert.is(error instanceof StreamError && error.reason, "cancelled");
  await scene.clock.advance(50);
  assert.is(scene.closed, 1);
});

test("a stream that is opened within a request ends with it, and its handler has not failed", async () => {
  const scene = new Scene();
  const inner = await scene.start();
  // Without a delay the two sides would pass items at one moment for ever.
  scene.network.delayMs = 1;
  const sums = contract("sums", { sum: operation(nothing, v.number(), { timeoutMs: 300 }) });
  const own = scene.network.bus();
  const log = new KeptLog();
  const sum = async (_: unknown, context: CallContext): Promise<number> => {
    let total = 0;
    for await (const { count } of inner.call.ticks({ from: 1 }, { within: context })) total += count;
    return total;
  };
  const { clock } = scene;
  const outer = await scene.ended(serve(sums, { bus: own, clock, instance: 1, handlers: { sum }, log }));
  const client = createClient(sums, { bus: scene.network.bus(), clock });
  const outcome = await scene.ended(client.ask.sum());
  assert.is(outcome.kind === "unanswered" && outcome.reason, "timeout");
  await clock.advance(100);
  assert.equal([scene.closed, log.lines], [1, []]);
  await scene.ended(outer.goodbye());
});

/** The type of a value, exactly. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(): T | undefined => undefined;

/** What does and does not compile. It is not called. */
export async function typesOf(client: Client<Clocks>): Promise<void> {
  for await (const tick of client.call.ticks({ from: 1 })) isTrue<Same<typeof tick, { count: number }>>();
  const outcome = await client.ask.chunks(3, { window: 8 });
  if (outcome.kind === "ok") isTrue<Same<typeof outcome.value, ItemStream<Uint8Array>>>();
  // @ts-expect-error a window is of a stream alone
  await client.call.set(3, { window: 8 });
  // @ts-expect-error the input has another type
  client.call.ticks({ from: "1" });
  const handlers: Pick<Handlers<Clocks>, "evens" | "set"> = {
    // @ts-expect-error a stream has a value for each item
    evens: async () => 2,
    set: () => undefined,
  };
  void handlers;
}

test.run();
