import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectBus } from "../../src/service/connect.ts";
import { freePort, startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

const connecting = suite("the bus for a program without settings");

connecting("is connected when it is given out", async () => {
  const server = await startNatsServer();
  const bus = await connectBus(server.url, { report: () => undefined });
  assert.is(bus.status, "connected");
  await bus.close();
  await server.stop();
});

connecting("without a server, the bus reports that, and connects once one is there", async () => {
  const port = await freePort();
  const reports: string[] = [];
  const bus = await connectBus(`127.0.0.1:${port}`, { waitMs: 50, report: (sentence) => reports.push(sentence) });
  assert.is(bus.status, "disconnected");
  assert.is(reports.length, 1);
  assert.match(
    reports[0] ?? "",
    new RegExp(`^.*127\\.0\\.0\\.1:${port}.*: start one with {2}nats-server -a 127\\.0\\.0\\.1 -p ${port}$|^no server`),
  );
  const server = await startNatsServer({ port });
  await until("connected", () => bus.status === "connected");
  await bus.close();
  await server.stop();
});

connecting("an invalid address is a bug of the caller's, thrown with the rule", async () => {
  try {
    await connectBus("http://example.org");
    assert.unreachable("it was taken");
  } catch (error) {
    assert.match(String(error), /NATS_URL=http:\/\/example\.org is not of the form nats:\/\/host:port/);
  }
});

connecting.run();
