// shares: bus
// An open server that was let pass before another connection of the same process met logins.

import * as assert from "uvu/assert";
import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import { BusHistory, type OpenBusRule, OpenGuard } from "../../src/bus/core/open-bus.ts";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import type { LinkOptions } from "../../src/bus/nats-options.ts";
import { systemClock } from "../../src/clock.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { type Honeypot, startHoneypot } from "../support/honeypot.ts";
import { freePort } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

interface Context extends Cleanup {
  history: BusHistory;
  reports: string[];
}

const test = cleanupSuite<Context>("open guard", (context) => {
  context.history = new BusHistory();
  context.reports = [];
});

function busAt({ history, reports, ends }: Context, port: number, openBus?: OpenBusRule): NatsBus {
  const bus = connectNatsBus({
    ...{ urls: [`nats://127.0.0.1:${port}`], name: "test", clock: systemClock(), history, openBus },
    ...{ report: (sentence: string) => reports.push(sentence) },
  });
  ends.push(() => bus.close());
  return bus;
}

const loginsAt = ({ history }: Context, port: number): void =>
  history.joinedWithLogin([readBusAddress(`nats://127.0.0.1:${port}`)]);

async function trapOn(context: Context, onData?: (words: string) => void): Promise<{ port: number; trap: Honeypot }> {
  const port = await freePort();
  const trap = await startHoneypot(port, (words) => {
    onData?.(words);
    return false;
  });
  context.ends.push(() => trap.close());
  return { port, trap };
}

test("a connection on an open server leaves it once another one has met logins, and does not return", async (context) => {
  const { port, trap } = await trapOn(context);
  const bus = busAt(context, port);
  await until("joined", () => bus.status === "connected");
  const received = trap.received.length;
  loginsAt(context, port);
  await until("disconnected", () => bus.status === "disconnected");
  await until("not joined again", () => context.reports.some((line) => /is open, and is not joined/.test(line)));
  assert.is(trap.received.length, received, "nothing more was sent");
  assert.ok(context.reports.some((line) => /lost the bus .*it is open, and this process has joined/.test(line)));
});

test("a connection that is logging in at an open server does not stay where another one meets logins", async (context) => {
  let port = 0;
  const made = await trapOn(context, (words) => {
    if (words.includes("CONNECT")) loginsAt(context, port);
  });
  port = made.port;
  const bus = busAt(context, port);
  const statuses: string[] = [];
  bus.watch((status) => statuses.push(status));
  await until("not joined", () => context.reports.some((line) => /is open, and is not joined/.test(line)));
  assert.equal(statuses, []);
});

test("one that may join open servers stays, and so does one at other addresses", async (context) => {
  const { port } = await trapOn(context);
  const [allowed, elsewhere] = [busAt(context, port, "join"), busAt(context, (await trapOn(context)).port)];
  await until("joined", () => allowed.status === "connected" && elsewhere.status === "connected");
  loginsAt(context, port);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal([allowed.status, elsewhere.status], ["connected", "connected"]);
  await allowed.close();
  loginsAt(context, port);
});

test("a closed connection gets no event of a login", (context) => {
  const address = readBusAddress("nats://127.0.0.1:4222");
  let leaves = 0;
  const guardOf = () =>
    new OpenGuard({ history: context.history } as LinkOptions, { credentials: undefined }, [address], () => {
      leaves += 1;
    });
  const [open, closed] = [guardOf(), guardOf()];
  for (const guard of [open, closed]) assert.is(guard.greeted({ name: "", asksLogin: false }, address), undefined);
  closed.close();
  context.history.joinedWithLogin([address]);
  assert.is(leaves, 1);
});

test.run();
