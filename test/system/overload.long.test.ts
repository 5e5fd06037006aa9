// takes: 60 s
// alone
// Twice the capacity of two instances is offered for eight seconds, on a real bus with real processes. Capacity is what
// they answer to a load that just fills them, in the same run: a busy machine is busy for both.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NatsBus } from "../../src/bus/nats-bus.ts";
import { type Client, openClient } from "../../src/service/client.ts";
import type { ClientEvent } from "../../src/service/client-options.ts";
import { connectBus } from "../../src/service/connect.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";
import { closedLoop, OVERLOAD_SERVICE, openLoop, PLACES } from "./overload-load.ts";

const test = suite<{ server: TestServer }>("twice the capacity");

const INSTANCES = 2;
const FOR_MS = 8_000;
const CAPACITY_FOR_MS = 2_000;
/** As the contract has it. */
const MIN_SHARE = 0.95;

test.before.each(async (context) => {
  context.server = await startNatsServer();
});
test.after.each(({ server }) => server.stop());

interface Result {
  /** What was answered, of what two instances can answer. */
  readonly share: number;
  readonly opened: number;
}

async function twiceTheCapacity(server: TestServer, limit: InstanceOptions["limit"]): Promise<Result> {
  const instances = await Promise.all([1, 2].map((number) => startProcess(server, number, limit)));
  const bus = await connectBus({ urls: server.url, report: () => undefined });
  const events: ClientEvent[] = [];
  const client = openClient({ service: OVERLOAD_SERVICE, bus, onEvent: (event) => void events.push(event) });
  try {
    return await measure(client, bus, events);
  } finally {
    client.close();
    await bus.close();
    for (const instance of instances) instance.kill("SIGKILL");
  }
}

async function startProcess(
  { url }: TestServer,
  number: number,
  limit: InstanceOptions["limit"],
): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./overload-instance.js", import.meta.url));
  const argv = [url, String(number), limit === undefined ? "none" : JSON.stringify(limit)];
  const child = fork(script, argv, { execArgv: [] });
  await once(child, "message");
  return child;
}

async function measure(client: Client, bus: NatsBus, events: ClientEvent[]): Promise<Result> {
  await until("connected", () => bus.status === "connected");
  await until("both are known", () => client.tracker.size === INSTANCES);
  const fill = (): Promise<number> => closedLoop(client, INSTANCES * PLACES, CAPACITY_FOR_MS);
  const before = await fill();
  const answered = await openLoop(client, 2 * before, FOR_MS);
  const opened = events.filter(({ kind }) => kind === "opened").length;
  const after = await fill();
  const capacity = (((before + after) / 2) * FOR_MS) / 1_000;
  const share = answered / capacity;
  console.log(`of ${Math.round(capacity)} possible answers ${answered}, ${opened} breakers opened`);
  return { share, opened };
}

test("with a limit the capacity is answered, and no breaker opens", async ({ server }) => {
  const { share, opened } = await twiceTheCapacity(server, { concurrent: PLACES });
  assert.is(opened, 0);
  assert.ok(share >= MIN_SHARE, `${share}`);
});

// Breakers may open here: a request is begun when its caller's time is nearly over, and a busy machine delays the answer.
test("a queue without an end costs latency and no capacity: what would be late is not begun", async ({ server }) => {
  const { share } = await twiceTheCapacity(server, { concurrent: PLACES, queued: 1_000_000 });
  assert.ok(share >= MIN_SHARE, `${share}`);
});

test("without a limit what is answered is printed", async ({ server }) => {
  const { share } = await twiceTheCapacity(server, undefined);
  assert.ok(share >= 0);
});

test.run();
