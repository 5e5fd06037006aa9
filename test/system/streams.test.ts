// takes: 40 s
// Streams between processes on a real nats-server: a sender that is killed or stopped, a reader that stops or is killed, a
// goodbye, and a bus that goes away.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { untilConnected } from "../../src/bus/bus.ts";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { StreamOptions } from "../../src/service/client-streams.ts";
import { READER_SILENCE_MS } from "../../src/service/core/stream-credit.ts";
import { StreamError } from "../../src/service/stream-error.ts";
import type { ItemStream } from "../../src/service/stream-reader.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { send, stopProcess } from "../support/processes.ts";
import type { StreamReport } from "../support/stream-process.ts";
import { until } from "../support/until.ts";

interface Context extends Cleanup {
  server: TestServer;
  client: Client;
}

const PROGRAM = fileURLToPath(import.meta.resolve("../support/stream-process.js"));
const WINDOW = 64;
/** In running time: a stall of this process does not count. */
const clock = systemClock();
const SECOND_MS = 1_000;
/** A busy machine runs a timer late. */
const LATE_MS = 250;

const test = cleanupSuite<Context>("streams between processes", async (context) => {
  context.server = await startNatsServer();
  context.ends.push(() => context.server.stop());
});

class Child {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Returns once the process has reported that it is ready. */
  static async start({ server, ends }: Context, ...args: readonly string[]): Promise<Child> {
    const [role = "", ...rest] = args;
    const child = new Child(fork(PROGRAM, [role, server.url, ...rest]));
    ends.push(() => child.signal("SIGKILL"));
    const exited = once(child.#process, "exit").then(() => Promise.reject(new Error(`the ${role} has ended`)));
    await Promise.race([once(child.#process, "message"), exited]);
    exited.catch(() => undefined);
    return child;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    send(this.pid, name);
  }

  async report(): Promise<StreamReport> {
    this.#process.send("report");
    const [report] = (await once(this.#process, "message")) as [StreamReport];
    return report;
  }
}

async function openStream(context: Context, input: object = {}, options: StreamOptions = {}): Promise<ItemStream> {
  const bus = connectNatsBus({ urls: [context.server.url], name: "reader", clock, report: () => undefined });
  context.client = openClient({ service: "numbers", bus, clock });
  context.ends.push(async () => {
    context.client.close();
    await bus.close();
  });
  await untilConnected(bus);
  await context.client.ready();
  const outcome = await context.client.stream(input, { operation: "count", ...options });
  if (outcome.kind !== "ok") throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

/** Reads until the stream fails. @returns the reason, and how long after `since` */
async function failureAfter(
  stream: ItemStream,
  since: number,
): Promise<{ readonly error: StreamError; readonly ms: number }> {
  try {
    for await (const _ of stream);
  } catch (error) {
    if (error instanceof StreamError) return { error, ms: clock.now() - since };
  }
  throw new Error("the stream has not failed");
}

async function take(stream: ItemStream, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  while (items.length < count) items.push((await stream.next()).value);
  return items;
}

test("ten thousand items arrive in order, and break stops the sender", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context);
  const items = await take(stream, 10_000);
  assert.equal(
    items,
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
  await stream.return();
  await until("the iterator is closed", async () => (await sender.report()).closed === 1);
  assert.ok((await sender.report()).items <= 10_000 + WINDOW);
});

test("a killed sender ends the stream within a second", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context);
  await take(stream, 1_000);
  sender.signal("SIGKILL");
  const { error, ms } = await failureAfter(stream, clock.now());
  assert.is(error.reason, "died");
  assert.ok(ms <= SECOND_MS, `it took ${Math.round(ms)} ms`);
});

test("a stopped sender ends the stream after a second of silence", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context);
  await take(stream, 1_000);
  stopProcess(sender.pid);
  const { error, ms } = await failureAfter(stream, clock.now());
  assert.is(error.reason, "silent");
  assert.ok(ms <= SECOND_MS + LATE_MS, `it took ${Math.round(ms)} ms`);
  sender.signal("SIGCONT");
  await until("its own side has ended", async () => (await sender.report()).closed === 1);
});

test("a reader that stops holds its window and no more, however long it stops", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context, { bytes: 10_000 });
  await take(stream, 100);
  const beganAt = clock.now();
  await until(
    "it has stopped for longer than a silent reader may",
    () => clock.now() - beganAt > READER_SILENCE_MS + SECOND_MS,
    60_000,
  );
  const { items, closed } = await sender.report();
  assert.ok(items <= 100 + WINDOW, `the sender has made ${items}`);
  assert.is(closed, 0, "the stream goes on");
  assert.is((await take(stream, 1_000)).length, 1_000);
  await stream.return();
});

test("items of a megabyte arrive, with four of them under way", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context, { bytes: 1_000_000 });
  await take(stream, 10);
  const { items } = await sender.report();
  assert.ok(items <= 10 + 5, `the sender has made ${items}`);
  const [last] = (await take(stream, 30)).slice(-1) as [Uint8Array];
  assert.is(last.length, 1_000_000);
  await stream.return();
});

test("a reader that is killed ends the stream of its sender", async (context) => {
  const sender = await Child.start(context, "sender");
  const reader = await Child.start(context, "reader", "100");
  assert.is((await reader.report()).items, 100);
  reader.signal("SIGKILL");
  await until("the iterator is closed", async () => (await sender.report()).closed === 1, 4 * READER_SILENCE_MS);
  assert.ok((await sender.report()).items <= 100 + WINDOW);
});

test("an instance that leaves ends its streams with 504, when the time of its goodbye is over", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context);
  await take(stream, 1_000);
  sender.signal("SIGTERM");
  const { error } = await failureAfter(stream, clock.now());
  assert.equal([error.reason, error.code], ["error", 504]);
});

test("a bus that goes away ends the stream on both sides, and a new one can be opened when it is back", async (context) => {
  const sender = await Child.start(context, "sender");
  const stream = await openStream(context);
  await take(stream, 1_000);
  await context.server.kill();
  const { error } = await failureAfter(stream, clock.now());
  assert.is(error.reason, "disconnected");
  await until("its own side has ended", async () => (await sender.report()).closed === 1);
  await context.server.restart();
  await until(
    "a stream can be opened",
    async () => {
      const outcome = await context.client.stream({}, { operation: "count" });
      if (outcome.kind !== "ok") return false;
      assert.is((await take(outcome.value, 100)).length, 100);
      await outcome.value.return();
      return true;
    },
    30_000,
  );
});

test.run();
