// takes: 8 s
// connectBus over a connection that the program has made itself.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NatsBus } from "../../src/bus/nats-bus.ts";
import { openClient } from "../../src/service/client.ts";
import { type ConnectOptions, connectBus } from "../../src/service/connect.ts";
import { type Instance, NotPermitted, startInstance } from "../../src/service/instance.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { clock, Folder } from "../support/orgs.ts";
import { until } from "../support/until.ts";

interface Context {
  server: TestServer;
  ends: (() => Promise<unknown> | unknown)[];
}

const test = suite<Context>("a bus over a connection of the program's own");
test.before.each(async (context) => {
  context.server = await startNatsServer();
  context.ends = [() => context.server.stop()];
});
test.after.each(async ({ ends }) => {
  for (const end of ends.reverse()) await end();
});

const QUIET = { report: () => undefined };
const handle = () => ({ kind: "answer", body: { paid: true } }) as const;

async function connected(
  { server, ends }: Context,
  options: Parameters<typeof connect>[0] = {},
): Promise<NatsConnection> {
  const connection = await connect({
    servers: server.url,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
    ...options,
  });
  ends.push(() => connection.close());
  return connection;
}

async function busOn({ ends }: Context, options: ConnectOptions): Promise<NatsBus> {
  const bus = await connectBus({ ...QUIET, ...options });
  ends.push(() => bus.close());
  return bus;
}

async function payments({ ends }: Context, bus: NatsBus): Promise<Instance> {
  const started = await startInstance({ service: "payments", instance: 1, bus, handle });
  if (started.kind === "taken") throw new Error("taken");
  ends.push(() => started.instance.goodbye());
  return started.instance;
}

test("an instance and a caller share it, and it outlives the bus", async (context) => {
  const connection = await connected(context);
  const bus = await busOn(context, { connection });
  assert.is(bus.status, "connected");
  await payments(context, bus);
  const client = openClient({ service: "payments", bus, clock });
  await client.ready();
  assert.is((await client.ask({})).kind, "ok");
  client.close();
  await bus.close();
  assert.is(bus.status, "closed");
  assert.not(connection.isClosed());
  // Nothing of the bus is left on it, and it works for its owner.
  const left: string[] = [];
  connection.subscribe("other", { callback: (_error, message) => message.respond("here") });
  assert.is((await connection.request("other", "")).string(), "here");
  const caller = await connected(context);
  await caller.request("payments.get", "{}", { timeout: 1_000 }).catch(({ code }) => left.push(code));
  assert.equal(left, ["503"], "no subscription of the instance is left");
});

test("a loss and a return of the connection are those of the bus", async (context) => {
  const { server } = context;
  const connection = await connected(context);
  const bus = await busOn(context, { connection });
  await payments(context, bus);
  const client = openClient({ service: "payments", bus, clock });
  await client.ready();
  await server.stop();
  await until("disconnected", () => bus.status === "disconnected");
  const lost = await client.ask({});
  assert.is(lost.kind === "unanswered" && lost.reason, "disconnected");
  await server.restart();
  await until("connected", () => bus.status === "connected", 20_000);
  await until("answered", async () => (await client.ask({})).kind === "ok", 20_000);
  client.close();
});

test("when its owner closes it, the bus is closed", async (context) => {
  const connection = await connected(context);
  const bus = await busOn(context, { connection });
  const client = openClient({ service: "payments", bus, clock });
  await connection.close();
  await until("closed", () => bus.status === "closed");
  assert.is((await client.ask({})).kind, "unanswered");
  client.close();
});

test("its inbox prefix is that of the bus", async (context) => {
  const connection = await connected(context, { inboxPrefix: "_OWN" });
  const bus = await busOn(context, { connection });
  const seen: string[] = [];
  const spy = await connected(context);
  spy.subscribe("payments.get", {
    callback: (_error, message) => {
      seen.push(message.reply ?? "");
      message.respond("{}");
    },
  });
  await spy.flush();
  const reply = await bus.request("payments.get", "{}", { timeoutMs: 5_000 });
  assert.equal([reply.kind, seen[0]?.startsWith("_OWN.payments.")], ["answered", true]);
});

test("options of a login are refused beside it, and a closed one", async (context) => {
  const connection = await connected(context);
  const rejection = async (options: object): Promise<string> => {
    try {
      await busOn(context, options as ConnectOptions);
      return "none";
    } catch (error) {
      return String(error);
    }
  };
  assert.match(await rejection({ connection, urls: "nats://x" }), /TypeError: urls is of no use with connection/);
  assert.match(await rejection({ connection, tls: {} }), /TypeError: tls is of no use with connection/);
  assert.match(
    await rejection({ connection: {} }),
    /connection of type object must be a connection of the nats package/,
  );
  await connection.close();
  assert.match(await rejection({ connection }), /the connection that the bus is to use is closed/);
});

test("on a secured bus its creds name the reply subjects, and a missing right is named", async (context) => {
  const { ends } = context;
  const folder = new Folder();
  ends.push(() => folder.remove());
  await folder.createOrg();
  await folder.createService("payments");
  await folder.createService("orders", null, ["payments"]);
  const secured = await folder.startServer();
  ends.push(() => secured.stop());
  const login = async (name: string): Promise<{ connection: NatsConnection; creds: string }> => {
    const { text } = folder.service(name);
    const creds = join(folder.path, `${name}.creds`);
    writeFileSync(creds, text);
    const authenticator = credsAuthenticator(new TextEncoder().encode(text));
    return { connection: await connected(context, { servers: secured.url, authenticator }), creds };
  };
  const instanceBus = await busOn(context, await login("payments"));
  const callerBus = await busOn(context, await login("orders"));
  await payments(context, instanceBus);
  const client = openClient({ service: "payments", bus: callerBus, clock });
  await client.ready();
  assert.is((await client.ask({})).kind, "ok");
  client.close();
  const starting = startInstance({ service: "payments", instance: 2, bus: callerBus, handle });
  const error = await starting.catch((reason: unknown) => reason);
  assert.instance(error, NotPermitted);
  assert.match(String(error), /needs the credentials of payments/);
  await until("the bus is back", () => callerBus.status === "connected", 20_000);
  const { connection } = await login("orders");
  const bare = await busOn(context, { connection });
  const reply = await bare.request("payments.get", "{}", { timeoutMs: 5_000 });
  assert.match(JSON.stringify(reply), /connectBus\(\{ connection, creds \}\)/);
});

test.run();
