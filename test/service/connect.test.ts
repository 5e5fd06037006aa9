// connectBus: what it reads, what it takes, and when it gives up. Real servers, with logins and without.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openClient } from "../../src/service/client.ts";
import { type ConnectOptions, connectBus } from "../../src/service/connect.ts";
import { NotPermitted, startInstance } from "../../src/service/instance.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { clock, Folder } from "../support/orgs.ts";
import { until } from "../support/until.ts";

const connecting = suite<{ folder: Folder; secured: TestServer }>("the bus for a program without settings");

connecting.before(async (context) => {
  context.folder = new Folder();
  await context.folder.createOrg();
  for (const name of ["inventory", "payments"]) await context.folder.createService(name);
  await context.folder.createService("orders", null, ["payments"]);
  context.secured = await context.folder.startServer();
});
connecting.after(async ({ folder, secured }) => {
  await secured.stop();
  folder.remove();
});
connecting.after.each(() => {
  delete process.env["NATS_URL"];
  delete process.env["NATS_CREDS"];
});

/** The path of the credentials of a service. */
function fileOf({ folder }: { readonly folder: Folder }, name: string): string {
  const path = join(folder.path, `${name}-copy.creds`);
  writeFileSync(path, folder.service(name).text);
  return path;
}

const QUIET = { report: () => undefined };

/** The message of the rejection. */
const rejectionOf = async (...given: Parameters<typeof connectBus>): Promise<string> => {
  try {
    await (await connectBus(...given)).close();
    return "connects";
  } catch (error) {
    return (error as Error).message;
  }
};

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

connecting(
  "without arguments it reads NATS_URL and NATS_CREDS, and what is passed takes precedence",
  async (context) => {
    const { secured } = context;
    const open = await startNatsServer();
    process.env["NATS_URL"] = secured.url;
    process.env["NATS_CREDS"] = fileOf(context, "orders");
    const cases: readonly (readonly [
      given: string | ConnectOptions | undefined,
      more: ConnectOptions,
      holder: string,
    ])[] = [
      [undefined, {}, "orders"],
      [secured.url, {}, "orders"],
      [{ creds: fileOf(context, "inventory") }, {}, "inventory"],
      [{ urls: undefined, creds: undefined, name: "x" }, {}, "orders"],
      [secured.url, { creds: fileOf(context, "payments") }, "payments"],
      [{ credentials: context.folder.service("payments") }, {}, "payments"],
    ];
    for (const [given, more, holder] of cases) {
      const bus = await connectBus(given, { ...QUIET, ...more });
      assert.equal([bus.status, bus.credentials?.name], ["connected", holder], JSON.stringify(given));
      await bus.close();
    }
    process.env["NATS_URL"] = "";
    process.env["NATS_CREDS"] = " ";
    const bus = await connectBus({ urls: open.url, ...QUIET });
    assert.equal([bus.status, bus.credentials], ["connected", undefined]);
    await bus.close();
    await open.stop();
  },
);

connecting("the reply subjects follow from the credentials: a call is answered", async (context) => {
  process.env["NATS_URL"] = context.secured.url;
  const [server, caller] = [
    await connectBus({ creds: fileOf(context, "payments") }),
    await connectBus({ creds: fileOf(context, "orders") }),
  ];
  const handle = () => ({ kind: "answer", body: { paid: true } }) as const;
  const started = await startInstance({ service: "payments", instance: 1, bus: server, handle });
  const client = openClient({ service: "payments", bus: caller, clock });
  await client.ready();
  assert.is((await client.ask({})).kind, "ok");
  client.close();
  if (started.kind === "started") await started.instance.goodbye();
  await Promise.all([server.close(), caller.close()]);
});

connecting("a message about a missing right names it, and what to type", async (context) => {
  const bus = await connectBus({ urls: context.secured.url, creds: fileOf(context, "orders"), ...QUIET });
  const client = openClient({ service: "inventory", bus, clock });
  await client.ready();
  let said = "";
  await until("it is not permitted", async () => {
    const answer = await client.ask({});
    said = answer.kind === "unanswered" && answer.reason === "denied" ? (answer.detail ?? "") : "";
    return said !== "";
  });
  assert.match(
    said,
    /not allowed to subscribe to health\.inventory\.\* with the credentials of orders: orders may not call/,
  );
  assert.match(said, /type {2}bin\/dwc create-service orders --calls inventory,payments$/);
  client.close();
  await bus.close();
});

connecting("an instance with the credentials of another is rejected, and its bus goes on", async (context) => {
  const bus = await connectBus({ urls: context.secured.url, creds: fileOf(context, "orders"), ...QUIET });
  const handle = () => ({ kind: "answer", body: {} }) as const;
  const starting = startInstance({ service: "inventory", instance: 1, bus, handle, clock });
  const error = await starting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, NotPermitted);
  assert.match(
    String(error),
    /not allowed to subscribe to health\.inventory with the credentials of orders: an instance of inventory needs the credentials of inventory: type {2}bin\/dwc create-service inventory ,/,
  );
  await until("the bus is back without the subscriptions", () => bus.status === "connected", 10_000);
  const own = await startInstance({ service: "orders", instance: 1, bus, handle, clock });
  assert.is(own.kind, "started");
  if (own.kind === "started") await own.instance.goodbye();
  await bus.close();
});

connecting("a refused login, and an open server where none may be joined, are rejections", async (context) => {
  const { secured, folder } = context;
  assert.match(
    await rejectionOf(secured.url, QUIET),
    /does not let us in: Authorization Violation; type {2}bin\/dwc create-service SERVICE , and set NATS_CREDS/,
  );
  const outsider = new Folder();
  await outsider.createOrg();
  await outsider.createService("orders");
  assert.match(
    await rejectionOf({ urls: secured.url, creds: fileOf({ folder: outsider }, "orders"), ...QUIET }),
    /does not let us in with the credentials of orders.*ask the owner of the org for a new file.*service-token orders/,
  );
  outsider.remove();
  const open = await startNatsServer();
  const creds = fileOf({ folder }, "orders");
  assert.match(await rejectionOf({ urls: open.url, creds, ...QUIET }), /is open, and is not joined/);
  assert.is(await rejectionOf({ urls: open.url, creds, openBus: "join", ...QUIET }), "connects");
  await open.stop();
});

connecting("a file or a prefix that cannot work is refused at once", async () => {
  const missing = "/nowhere/orders.creds";
  assert.match(await rejectionOf({ creds: missing }), /^\/nowhere\/orders\.creds cannot be read/);
  process.env["NATS_CREDS"] = missing;
  assert.match(await rejectionOf(), /^NATS_CREDS=\/nowhere\/orders\.creds cannot be read/);
  assert.match(
    await rejectionOf({ inboxPrefix: "inbox" }),
    /inboxPrefix "inbox" must be a text that begins with _ or an upper-case letter/,
  );
});

connecting.run();
