// A process with one side of a stream, forked by a test: `sender URL` is an instance of `numbers`, `reader URL COUNT` reads so
// many items and then stops to read. Each reports what it has seen whenever it is sent a message.

import { untilConnected } from "../../src/bus/bus.ts";
import { connectNatsBus } from "../../src/bus/nats-bus.ts";
import { systemClock } from "../../src/clock.ts";
import { openClient } from "../../src/service/client.ts";
import { streamOf } from "../../src/service/core/handler.ts";
import { startInstance } from "../../src/service/instance.ts";

/** What a process reports. */
export interface StreamReport {
  /** Sender: items that the handler has made. Reader: items that were read. */
  readonly items: number;
  /** Sender: iterators that were closed. */
  readonly closed: number;
  readonly rssBytes: number;
}

const [role = "", url = "", count = "0"] = process.argv.slice(2);
const clock = systemClock();
const bus = connectNatsBus({ urls: [url], name: role, clock, report: () => undefined });
const seen = { items: 0, closed: 0 };
process.on("message", () => process.send?.({ ...seen, rssBytes: process.memoryUsage.rss() } satisfies StreamReport));
process.on("disconnect", () => process.exit());

/** @param input `bytes`: the size of each item. Without it an item is its number. */
async function* numbers(input: unknown): AsyncGenerator<unknown> {
  const { bytes } = Object(input) as { bytes?: number };
  try {
    for (;;) {
      seen.items += 1;
      yield bytes === undefined ? seen.items : new Uint8Array(bytes);
    }
  } finally {
    seen.closed += 1;
  }
}

async function send(): Promise<void> {
  const handle = (input: unknown) => streamOf(numbers(input));
  const started = await startInstance({ service: "numbers", instance: 1, bus, clock, operations: { count: handle } });
  if (started.kind === "taken") throw new Error("the number is taken");
  process.on("SIGTERM", () => void started.instance.goodbye(500).then(() => process.exit()));
}

async function read(): Promise<void> {
  const client = openClient({ service: "numbers", bus, clock });
  await untilConnected(bus);
  await client.ready();
  const outcome = await client.stream({}, { operation: "count" });
  if (outcome.kind !== "ok") throw new Error(JSON.stringify(outcome));
  while (seen.items < Number(count)) {
    await outcome.value.next();
    seen.items += 1;
  }
}

await (role === "sender" ? send() : read());
process.send?.({ ...seen, rssBytes: 0 } satisfies StreamReport);
