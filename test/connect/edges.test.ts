// takes: 2 s
// The edges of the typed layer: schemas that fail late, a balancer that is none, a paused process.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bytes,
  contract,
  createClient,
  type Handlers,
  nothing,
  operation,
  type Schema,
  type SchemaResult,
  StreamError,
  serve,
  stream,
} from "../../src/connect/index.ts";
import { memoryBus } from "../../src/testing/index.ts";
import { until } from "../support/until.ts";

const test = suite("edges of the typed layer");

const schemaOf = (validate: () => SchemaResult<number> | Promise<SchemaResult<number>>): Schema<number> => ({
  "~standard": { version: 1, vendor: "test", validate },
});

test("the schema of an item that never settles, throws or rejects ends the stream with the library's error", async () => {
  const broken: readonly (readonly [validate: () => Promise<SchemaResult<number>>, says: RegExp])[] = [
    [() => new Promise(() => undefined), /its schema took longer than 50 ms/],
    [() => Promise.reject(new Error("broken")), /its schema failed: broken/],
    [
      () => {
        throw new Error("broken");
      },
      /its schema failed: broken/,
    ],
  ];
  for (const [validate, says] of broken) {
    const rows = contract("rows", { list: stream(nothing, schemaOf(validate)) });
    const bus = memoryBus();
    let isEnded = false;
    const handlers: Handlers<typeof rows> = {
      list: async function* () {
        try {
          for (;;) yield 1;
        } finally {
          isEnded = true;
        }
      },
    };
    await using _instance = await serve(rows, { bus, handlers });
    await using client = createClient(rows, { bus });
    await client.ready();
    let error: unknown;
    const reading = client.call.list(undefined, { timeoutMs: 50 }).next();
    reading.catch((reason: unknown) => (error = reason));
    await until("the reader has an error", () => error !== undefined);
    assert.instance(error, StreamError);
    assert.is((error as StreamError).reason, "invalid");
    assert.match(String(error), says);
    await until("the handler is ended", () => isEnded);
  }
});

const echo = contract("echo", { get: operation(bytes, bytes, { idempotent: true }) });

test("handlers are typed by a contract, and by its operations", () => {
  const short: Handlers<typeof echo> = { get: (input) => input };
  const long: Handlers<typeof echo.operations> = short;
  // @ts-expect-error: a handler is missing
  const none: Handlers<typeof echo> = {};
  // @ts-expect-error: the answer has to be bytes
  const wrong: Handlers<typeof echo> = { get: () => 7 };
  assert.equal([long === short, Object.keys(none), typeof wrong.get], [true, [], "function"]);
});

test("a balancer that is none is refused where it is given", async () => {
  const bus = memoryBus();
  for (const made of [undefined, 7, {}, { tracker: {}, resolver: {} }])
    assert.throws(
      () => createClient(echo, { bus, createBalancer: () => made as never }),
      /createBalancer returned a value .*: it must return what newBalancer returns/,
    );
});

test("a paused process sends nothing until it is resumed, and then all of it", async () => {
  const bus = memoryBus();
  const process = bus.connect();
  let answer: (value: Uint8Array) => void = () => undefined;
  const handlers: Handlers<typeof echo> = { get: () => new Promise((resolve) => (answer = resolve)) };
  await using _instance = await serve(echo, { bus: process, handlers, heartbeatIntervalMs: 100 });
  await using client = createClient(echo, { bus, hedge: false });
  await client.ready();
  const beats: string[] = [];
  bus.subscribe("health.echo.*", ({ subject }) => void beats.push(subject));
  let isAnswered = false;
  const outcome = client.ask.get(new Uint8Array([1]), { timeoutMs: 20_000 });
  void outcome.then(() => {
    isAnswered = true;
  });
  await until("the handler runs", () => answer.length > 0);
  process.pause();
  answer(new Uint8Array([2]));
  const sent = beats.length;
  // Several heartbeats fall due meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal([isAnswered, beats.length], [false, sent]);
  process.resume();
  assert.is((await outcome).kind, "ok");
  await until("the heartbeats come late", () => beats.length > sent);
});

test.run();
