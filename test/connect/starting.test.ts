// takes: 6 s
// The end of a serve that cannot start: wrong credentials, a bus that is down, and a bus that is closed meanwhile.

import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BusClosed, connectBus, contract, NotPermitted, nothing, operation, serve } from "../../src/connect/index.ts";
import { freePort, startNatsServer } from "../support/nats-server.ts";
import { Folder } from "../support/orgs.ts";
import { until } from "../support/until.ts";

const test = suite<{ ends: (() => Promise<unknown> | unknown)[] }>("serve where it cannot start");
test.before.each((context) => {
  context.ends = [];
});
test.after.each(async ({ ends }) => {
  for (const end of ends.reverse()) await end();
});

const inventory = contract("inventory", { get: operation(nothing, nothing) });
const handlers = { get: () => undefined };

test("with the credentials of another service it rejects with one error, and the bus logs one line", async ({
  ends,
}) => {
  const folder = new Folder();
  ends.push(() => folder.remove());
  await folder.createOrg();
  await folder.createService("orders");
  const server = await folder.startServer();
  ends.push(() => server.stop());
  for (const instance of [undefined, 1]) {
    const lines: string[] = [];
    const report = (line: string): void => void lines.push(line);
    const bus = await connectBus({ urls: server.url, credentials: folder.service("orders"), report });
    ends.push(() => bus.close());
    const log = { warn: report, error: report };
    const error = await serve(inventory, { bus, handlers, instance, log }).catch((reason: unknown) => reason);
    assert.instance(error, NotPermitted);
    assert.match(
      String(error),
      /not allowed to subscribe to \S*inventory\S* with the credentials of orders: an instance of inventory needs the credentials of inventory: type {2}bin\/dwc create-service inventory ,/,
    );
    await until("the bus is back", () => bus.status === "connected", 20_000);
    assert.is(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /needs the credentials of inventory/);
  }
});

test("without a bus it waits, says so once, and starts when the bus is there", async ({ ends }) => {
  const port = await freePort();
  const lines: string[] = [];
  const report = (line: string): void => void lines.push(line);
  const bus = await connectBus({ urls: `nats://127.0.0.1:${port}`, waitMs: 1, report: () => undefined });
  ends.push(() => bus.close());
  const serving = serve(inventory, { bus, handlers, log: { warn: report, error: report } });
  await until("a message", () => lines.length > 0);
  assert.match(lines[0] ?? "", /^inventory waits for the bus: nothing answers at nats:\/\/127\.0\.0\.1:/);
  const server = await startNatsServer({ port });
  ends.push(() => server.stop());
  const instance = await serving;
  assert.is(lines.length, 1, lines.join("\n"));
  await instance.goodbye();
});

test("a bus that is closed during the start ends it, at any moment", async ({ ends }) => {
  const server = await startNatsServer();
  ends.push(() => server.stop());
  const spy = await connect({ servers: server.url });
  ends.push(() => spy.close());
  const beats: string[] = [];
  spy.subscribe("health.inventory.*", { callback: (_error, message) => beats.push(message.string()) });
  await spy.flush();
  for (const instance of [undefined, 1])
    for (let turns = 0; turns < 40; turns += 4) {
      const bus = await connectBus(server.url, { report: () => undefined });
      const serving = serve(inventory, { bus, handlers, instance, heartbeatIntervalMs: 100 }).then(
        () => "served",
        (error: unknown) => (error instanceof BusClosed ? "closed" : String(error)),
      );
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
      await bus.close();
      assert.match(await serving, /^(served|closed)$/);
    }
  const sent = beats.length;
  // Several intervals of a heartbeat.
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.is(beats.length, sent, "none is sent after the close");
  const names = await spy.request("$SRV.PING.inventory", "", { timeout: 1_000 }).catch(({ code }) => code);
  assert.is(names, "503", "no instance is left");
});

test.run();
