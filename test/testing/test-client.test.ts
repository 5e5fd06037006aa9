// The handlers of a contract without a bus: each call ends as it does over a real one.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import {
  bytes,
  type Client,
  connectBus,
  contract,
  createClient,
  type Handlers,
  type Logger,
  nothing,
  type Outcome,
  operation,
  overloaded,
  ServiceError,
  serve,
  stream,
} from "../../src/connect/index.ts";
import { fakeClock, testClient } from "../../src/testing/index.ts";
import { startNatsServer } from "../support/nats-server.ts";

const test = suite("test client");

const item = v.object({ sku: v.string(), count: v.pipe(v.number(), v.integer()) });
const shop = contract("shop", {
  reserve: operation(item, v.object({ left: v.number() })),
  size: operation(bytes, v.number()),
  wrong: operation(nothing, v.number()),
  list: stream(v.number(), item),
});
type Shop = (typeof shop)["operations"];

const handlers: Handlers<Shop> = {
  reserve: ({ sku, count }, { metadata }) => {
    if (sku === "none") throw new ServiceError(409, "sold out", { sku });
    if (sku === "busy") throw overloaded(50);
    if (sku === "bug") throw new Error("a bug");
    return { left: count - (metadata["tenant"] === "acme" ? 1 : 0) };
  },
  size: ({ length }) => length,
  wrong: () => "text" as unknown as number,
  list: async function* (count) {
    for (let one = 1; one <= count; one += 1) yield { sku: "tea", count: one };
  },
};

/** What a call came to, without what differs from start to start. */
function shown(outcome: Outcome): object {
  const { instance: _, tried, ...rest } = outcome as Record<"instance" | "tried", unknown> & Outcome;
  return { ...rest, tried: (tried as readonly { result: string }[] | undefined)?.map(({ result }) => result) };
}

async function everyEnd({ ask, call }: Client<Shop>): Promise<readonly object[]> {
  const items: object[] = [];
  for await (const one of call.list(3)) items.push(one);
  const outcomes = [
    await ask.reserve({ sku: "tea", count: 3 }),
    await ask.reserve({ sku: "tea", count: 3 }, { metadata: { tenant: "acme" } }),
    await ask.reserve({ sku: "tea", count: 0.5 }),
    await ask.reserve({ sku: 1 } as never),
    await ask.reserve({ sku: "none", count: 1 }),
    await ask.reserve({ sku: "bug", count: 1 }),
    await ask.reserve({ sku: "tea", count: 1n } as never),
    await ask.size(new Uint8Array(70_000)),
    await ask.wrong(),
    await ask.reserve({ sku: "busy", count: 1 }),
  ];
  return [...outcomes.map(shown), ...items];
}

class KeptLog implements Logger {
  readonly lines: string[] = [];
  warn = (line: string): void => void this.lines.push(line);
  error = (line: string): void => void this.lines.push(line);
}

test("every call ends as it does over the wire, and the same is logged", async () => {
  const [log, wireLog] = [new KeptLog(), new KeptLog()];
  const client = await testClient(shop, handlers, { serve: { log }, client: { log } });
  const server = await startNatsServer();
  const open = () => connectBus(server.url);
  const [bus, caller] = await Promise.all([open(), open()]);
  try {
    const instance = await serve(shop, { bus, handlers, instance: 1, log: wireLog });
    const wired = createClient(shop, { bus: caller, log: wireLog });
    await wired.ready();
    const ends = await everyEnd(client);
    assert.equal(ends, await everyEnd(wired));
    assert.equal(log.lines, wireLog.lines);
    assert.is(ends.length, 13);
    assert.equal(ends[4], {
      ...{ kind: "error", code: 409, message: "sold out", data: { sku: "none" }, attempts: 1, tried: undefined },
    });
    wired.close();
    await instance.goodbye();
  } finally {
    client.close();
    await Promise.all([bus.close(), caller.close()]);
    await server.stop();
  }
});

test("a call rejects with the error of its service", async () => {
  const client = await testClient(shop, handlers);
  const error = await client.call.reserve({ sku: "none", count: 1 }).then(
    () => undefined,
    (rejected: Error) => rejected,
  );
  assert.match(String(error?.message), /sold out/);
  await client[Symbol.asyncDispose]();
  const ended = await client.ask.size(new Uint8Array(1));
  assert.is(ended.kind === "unanswered" && ended.reason, "failed");
});

test("on a fake clock a handler that hangs takes no time", async () => {
  const clock = fakeClock();
  const hangs: Handlers<Shop> = { ...handlers, size: () => new Promise<number>(() => undefined) };
  const client = await clock.run(testClient(shop, hangs, { clock }));
  const ended = await clock.run(client.ask.size(new Uint8Array(1)));
  assert.equal([ended.kind === "unanswered" && ended.reason, clock.now() >= 1_000], ["timeout", true]);
});

test("middlewares of both sides run", async () => {
  const ran: string[] = [];
  const note =
    (side: string) =>
    (_: unknown, next: () => Promise<unknown>): Promise<unknown> => {
      ran.push(side);
      return next();
    };
  const client = await testClient(shop, handlers, {
    serve: { use: [note("instance")] },
    client: { use: [note("caller")] },
  });
  await client.ask.size(new Uint8Array(1));
  assert.equal(ran, ["caller", "instance"]);
  client.close();
});

test("what is wrong is said at once", async () => {
  const failed = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "no error",
      (error: Error) => error.message,
    );
  const { size: _, ...incomplete } = handlers;
  assert.match(await failed(testClient(shop, incomplete as never)), /the handler of size must be a function/);
  assert.match(await failed(testClient(shop, handlers, { clok: 1 } as never)), /testClient has no option "clok"/);
});

test.run();
