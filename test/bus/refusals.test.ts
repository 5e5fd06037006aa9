// takes: 15 s
// shares: bus
// Refusals by a real server: connections, subscriptions, subjects. Each is reported with its meaning, and retried less
// and less often. A rejected client reports that it is away.

import * as assert from "uvu/assert";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceEvent } from "../../src/service/instance-options.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";
import { pause } from "../support/world.ts";
import { clock, connected, natsBusSuite, natsServer, newBus } from "./nats-bus-scene.ts";

const test = natsBusSuite("refusals");
const LIMIT_MS = 15_000;
/** In this time there were fourteen attempts before, and there are two now. */
const WATCHED_MS = 2_000;

test("a server that is full is named as such, tried less and less often, and used when it has room", async (context) => {
  const server = await natsServer(context, "max_connections: 1");
  const first = newBus(context, server.url);
  await connected(first);
  const reports: string[] = [];
  const second = newBus({ ...context, reports }, server.url);
  let attempts = 0;
  second.watchAttempts(() => (attempts += 1));
  await until("reported", () => second.lastError !== undefined);
  assert.match(
    second.lastError ?? "",
    /has no room for this process \(maximum connections exceeded\): .*raise max_connections/i,
  );
  await pause(WATCHED_MS);
  assert.ok(attempts <= 3, `${attempts} attempts`);
  assert.is(reports.length, 1);
  await first.close();
  await connected(second);
});

test("an instance whose subscriptions the server does not take is not up, says why, and is up when it takes them", async (context) => {
  const server = await natsServer(context, "max_subscriptions: 3");
  const bus = newBus(context, server.url);
  const witness = newBus(context, server.url);
  const beats: string[] = [];
  witness.subscribe("health.*.>", ({ subject }) => beats.push(subject));
  await connected(witness);
  const events: InstanceEvent[] = [];
  const starting = startInstance({
    ...{ service: "ratings", instance: 1, bus, clock },
    handle: () => ({ kind: "answer", body: {} }),
    onEvent: (event) => events.push(event),
  });
  await until("reported", () => events.some(({ kind }) => kind === "waiting"), LIMIT_MS);
  assert.match(JSON.stringify(events), /has no room for this process \(maximum subscriptions exceeded\)/i);
  assert.match(context.reports.join("\n"), /raise max_subscriptions in its configuration/);
  await pause(WATCHED_MS);
  assert.is(bus.status, "disconnected");
  assert.equal(beats, []);
  assert.not.ok(events.some(({ kind }) => kind === "up"));
  await server.stop();
  const roomy = await startNatsServer({ port: server.port });
  context.ends.push(() => roomy.stop());
  const started = await starting;
  assert.is(started.kind, "started");
  if (started.kind === "started") context.ends.push(() => started.instance.goodbye());
  assert.ok(events.some(({ kind }) => kind === "up"));
});

const user = (permissions: string): string =>
  `authorization { users: [{ user: shop, password: s, permissions: { ${permissions} } }] }`;

test("a required subscription that is not allowed makes the bus count as away", async (context) => {
  const server = await natsServer(context, user('subscribe: ["_INBOX.>"]'));
  const bus = newBus(context, server.url.replace("//", "//shop:s@"));
  await connected(bus);
  bus.subscribe("ratings.get", () => undefined, "ratings", "required");
  await until("disconnected", () => bus.status === "disconnected");
  await until("tried again", () => /not allowed to subscribe to ratings.get/.test(bus.lastError ?? ""), LIMIT_MS);
});

test("one that can be done without is a state that is reported, and the rest goes on", async (context) => {
  const server = await natsServer(context, user('subscribe: ["_INBOX.>", "shop.>"]'));
  const bus = newBus(context, server.url.replace("//", "//shop:s@"));
  bus.subscribe("secret.news", () => undefined);
  bus.subscribe("shop.get", (message) => message.answer("4.5"));
  await connected(bus);
  assert.match(bus.lastError ?? "", /not allowed to subscribe to secret.news/);
  assert.is((await bus.request("shop.get", "", { timeoutMs: 5_000 })).kind, "answered");
});

test("an instance stays on the bus, whatever reply subject it is denied", async (context) => {
  const rights = 'subscribe: ["_INBOX.>", "shop.get"], publish: ["_INBOX.shop.>"]';
  const asker = "{ user: asker, password: s }";
  const server = await natsServer(
    context,
    `authorization { users: [{ user: shop, password: s, permissions: { ${rights} } }, ${asker}] }`,
  );
  const bus = newBus(context, server.url.replace("//", "//shop:s@"));
  bus.subscribe("shop.get", (message) => message.answer("4.5"));
  await connected(bus);
  const turns: string[] = [];
  bus.watch((status) => turns.push(status));
  const other = newBus({ ...context, reports: [] }, server.url.replace("//", "//asker:s@"));
  await connected(other);
  for (const reply of ["_xümaximumüsubscriptionsüexceeded", `_gateway${"a".repeat(400)}`])
    other.publish("shop.get", "", reply);
  await until("it is denied", () => context.reports.some((said) => said.includes("not allowed to send to _x?maximum")));
  assert.is(await bus.flush(), true);
  assert.is((await other.request("shop.get", "", { timeoutMs: 5_000 })).kind, "answered");
  assert.equal(turns, []);
});

test.run();
