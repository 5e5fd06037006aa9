// Every cell of roles × subjects, tried against a real nats-server: what a role publishes, what it subscribes to, and
// every detour by which an honest program with more rights might publish for it.

import { connect, credsAuthenticator, type Msg, type NatsConnection, type Subscription } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Credentials, callerPartOf } from "../../src/bus/core/credentials.ts";
import {
  adminPermissions,
  marketPermissions,
  type Permissions,
  servicePermissions,
} from "../../src/dwc/identity/core/permissions.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { openClient } from "../../src/service/client.ts";
import { startInstance } from "../../src/service/instance.ts";
import type { InstanceOptions } from "../../src/service/instance-options.ts";
import { mayPublish, maySubscribe } from "../support/may-publish.ts";
import type { TestServer } from "../support/nats-server.ts";
import { clock, credentials, Folder, logIn } from "../support/orgs.ts";
import { until } from "../support/until.ts";

interface Role {
  readonly name: string;
  readonly who: Credentials;
  readonly permissions: Permissions;
}

interface Context {
  folders: Folder[];
  server: TestServer;
  roles: readonly Role[];
  /** May publish and receive everything in the org. */
  spy: NatsConnection;
  ends: (() => unknown)[];
}

const cells = suite<Context>("each role on the bus");

/** The last one may call the first. None of them may call `stock`. */
const SERVICES = ["ratings", "prices", "orders"] as const;
const CALLS: Readonly<Record<string, readonly string[]>> = { orders: ["ratings"] };

cells.before(async (context) => {
  const [owner, ben, cyd] = [new Folder(), new Folder(), new Folder()];
  await owner.createOrg();
  const services = await Promise.all(SERVICES.map((name) => owner.createService(name, null, CALLS[name])));
  await ben.accept(await owner.invite("ben@example.org"));
  await cyd.accept(await owner.invite("cyd@example.org", true));
  context.folders = [owner, ben, cyd];
  context.server = await owner.startServer();
  context.ends = [];
  context.spy = await connectAs(context, await spyIn(owner));
  context.roles = [
    ...services.map((who, place) => {
      const name = SERVICES[place] ?? "";
      return { name, who, permissions: servicePermissions(name, who.publicKey, CALLS[name]) };
    }),
    { name: "member", who: ben.person, permissions: marketPermissions(ben.person.publicKey) },
    { name: "admin", who: cyd.person, permissions: adminPermissions(cyd.person.publicKey) },
    { name: "owner", who: owner.person, permissions: adminPermissions(owner.person.publicKey) },
  ];
});
cells.after(async ({ folders, server, ends }) => {
  for (const end of ends.reverse()) await end();
  await server.stop();
  for (const folder of folders) folder.remove();
});

async function spyIn({ org }: Folder): Promise<Credentials> {
  if (org.authority.kind !== "owner") throw new Error("not the owner's folder");
  const permissions = (): Permissions => ({ pub: { allow: [">"] }, sub: { allow: [">"] } });
  const signer = org.authority.accountSeed;
  const { creds } = await natsMint.creds({ name: "spy", account: org.account, signer, permissions, expiresAt: null });
  return credentials(creds);
}

/** A connection of the client library alone: no code of ours keeps it from trying anything. */
async function connectAs(context: Context, who: Credentials): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(Buffer.from(who.text));
  const connection = await connect({ servers: context.server.url, authenticator, reconnect: false });
  context.ends.push(() => connection.close());
  return connection;
}

/** The subjects that the server has denied this connection, as they come. */
function denials(connection: NatsConnection): Set<string> {
  const denied = new Set<string>();
  const read = async (): Promise<void> => {
    for await (const { permissionContext: what } of connection.status())
      if (what !== undefined) denied.add(`${what.operation} ${what.subject}`);
  };
  read().catch(() => undefined);
  return denied;
}

/** One subject of each kind, for each service and each user; and those of the server itself. */
function subjects(roles: readonly Role[]): readonly string[] {
  const ofService = (service: string): readonly string[] => [
    ...[`${service}.get`, `${service}.get.x1`, `${service}.reserve`, service, `${service}.get.x1.y`],
    ...[`${service}.reserve.x1`, `${service}._cancel.x1`],
    ...[`health.${service}`, `health.${service}.x1`, `belief.${service}.m1`, `belief.${service}`],
    ...[`chaos.${service}`, `chaos.${service}.x1`],
    ...["PING", "INFO", "STATS"].flatMap((verb) => [`$SRV.${verb}.${service}`, `$SRV.${verb}.${service}.x1`]),
    ...roles.map(({ who }) => `_INBOX.${service}.${callerPartOf(who.publicKey)}.process.token`),
  ];
  return [
    ...[...SERVICES, "stock"].flatMap(ofService),
    ...["$SRV.PING", "$SRV.INFO", "$SRV.STATS", "$SRV.SCHEMA", "health", "chaos", "anything"],
    ...["health.get.x1", "health.get", "chaos.get.x1", "chaos.get", "belief.get.x1", "get.get", "*.get", "*.get.x1"],
    ...["*.*", "*.*.*", "*.>", "*.*.>", "health.*.x1", "chaos.*", "$SRV.x", "$SRV.PING.x", "account.token.is.x"],
    ...["account.token", "account.token.news", "account.x", "account.x.y", "belief._account.token"],
    ...roles.flatMap(({ who }) => {
      const part = callerPartOf(who.publicKey);
      return [`_INBOX._all.${part}.process.token`, `_INBOX.${part}.process.token`, `_INBOX.get.${part}`];
    }),
    ...["_INBOX.x.y", "_INBOX.x", "_INBOX.ratings", "_INBOX.prices.x", "_R_.x", "_R_.x.y", "_GR_.x.y", "_GR_.x.y.z"],
    ...["$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO"],
    ...["$JS.API.INFO", "$JS.x", "$JS.API.STREAM.LIST", "$KV.x.y", "$O.x.y", "$MQTT.x.y", "$SYS.ACCOUNT.A.CONNECT"],
    ...["$SYS.x", "$SYS.x.y", "$SYS.REQ.SERVER", "$SYS.REQ.x"],
  ];
}

/** Patterns that would match more than one subject. */
function patterns(roles: readonly Role[]): readonly string[] {
  return [
    ...[
      ">",
      "*",
      "*.*",
      "*.>",
      "*.*.*",
      "*.get",
      "*.get.*",
      "$SYS.>",
      "$SRV.>",
      "$SRV.PING.*",
      "_INBOX.>",
      "_INBOX.*.>",
    ],
    ...[
      "_INBOX.*.*.*.*",
      "_INBOX._all.>",
      "belief.>",
      "belief.*.*",
      "health.>",
      "health.*",
      "health.*.*",
      "chaos.>",
      "chaos.*",
      "chaos.*.*",
    ],
    ...SERVICES.flatMap((service) => [
      ...[`${service}.>`, `${service}.*`, `${service}.get.*`, `${service}.*.x1`, `health.${service}.*`],
      ...[`health.${service}.>`, `belief.${service}.*`, `chaos.${service}.*`, `_INBOX.${service}.>`],
      ...[`$SRV.PING.${service}.*`, `$SRV.*.${service}`, `_INBOX.${service}.*.*.*`],
    ]),
    ...roles.flatMap(({ who }) => {
      const part = callerPartOf(who.publicKey);
      return [`_INBOX.*.${part}.>`, `_INBOX.*.${part}.p.*`, `_INBOX.ratings.${part}.>`, `_INBOX.${part}.>`];
    }),
  ];
}

/** The messages of `wanted` that the spy receives while `act` runs. */
async function heardWhile({ spy }: Context, act: () => Promise<unknown>): Promise<readonly Msg[]> {
  const received: Msg[] = [];
  const all: Subscription = spy.subscribe(">", { callback: (_error, message) => received.push(message) });
  await spy.flush();
  await act();
  await spy.flush();
  all.unsubscribe();
  await spy.flush();
  return received;
}

cells("publishes to the subjects of its row, and the server refuses all others", async (context) => {
  const all = subjects(context.roles);
  for (const { name, who, permissions } of context.roles) {
    const connection = await connectAs(context, who);
    const denied = denials(connection);
    const received = await heardWhile(context, async () => {
      for (const subject of all) connection.publish(subject, name);
      await connection.flush();
    });
    const arrived = new Set(
      received.filter(({ data }) => Buffer.from(data).toString() === name).map(({ subject }) => subject),
    );
    const wanted = all.filter((subject) => mayPublish(permissions, subject));
    assert.equal([...arrived].toSorted(), [...new Set(wanted)].toSorted(), name);
    assert.ok(denied.size >= all.length - wanted.length - 10, `${name}: ${denied.size} refusals are reported`);
  }
});

cells("subscribes to the subjects of its row, and the server refuses all others", async (context) => {
  const all = [...new Set([...subjects(context.roles), ...patterns(context.roles)])];
  for (const { name, who, permissions } of context.roles) {
    for (const queue of [undefined, "ratings", "prices", "orders"]) {
      const connection = await connectAs(context, who);
      const denied = denials(connection);
      const given = queue === undefined ? {} : { queue };
      for (const subject of all) connection.subscribe(subject, { ...given, callback: () => undefined });
      await connection.flush();
      const wanted = all.filter((subject) => !maySubscribe(permissions, subject, queue));
      await until("every refusal is reported", () => denied.size >= wanted.length);
      const refused = all.filter((subject) => denied.has(`subscription ${subject}`));
      assert.equal(refused, wanted, `${name} in queue group ${queue}`);
      await connection.close();
    }
  }
});

cells("may not publish to the reply subject of a message that it receives", async (context) => {
  const all = subjects(context.roles);
  for (const { name, who, permissions } of context.roles) {
    const connection = await connectAs(context, who);
    const forbidden = all.filter((subject) => !mayPublish(permissions, subject));
    const own = all.filter((subject) => maySubscribe(permissions, subject, name));
    const received = await heardWhile(context, async () => {
      for (const subject of own)
        connection.subscribe(subject, { queue: name, callback: (_error, message) => message.respond(name) });
      await connection.flush();
      // From itself, where it may, and from a caller with every right.
      for (const from of [connection, context.spy])
        for (const subject of own) for (const reply of forbidden) from.publish(subject, "bait", { reply });
      await context.spy.flush();
      await connection.flush();
    });
    const answered = received.filter(({ data }) => Buffer.from(data).toString() === name).map(({ subject }) => subject);
    assert.equal([...new Set(answered)], [], name);
    await connection.close();
  }
});

async function startHonest(context: Context, who: Credentials, options: Pick<InstanceOptions, "service" | "instance">) {
  const { bus } = await logIn(context.server, who);
  const idle = {
    preparePause: () => Promise.resolve({ kind: "failed", why: "not here" } as const),
    kill: () => undefined,
  };
  const handle = () => ({ kind: "answer", body: { rating: 4.5 } }) as const;
  const started = await startInstance({ ...options, bus, handle, clock, chaos: idle });
  if (started.kind !== "started") throw new Error(`${options.service} did not start`);
  context.ends.push(() => bus.close());
  context.ends.push(() => started.instance.goodbye());
  return started.instance.address;
}

cells("cannot make an instance or a caller publish where it may not itself", async (context) => {
  const [ratings, prices, orders, member] = context.roles;
  assert.ok(ratings && prices && orders && member);
  const addresses = await Promise.all([
    startHonest(context, ratings.who, { service: "ratings", instance: 1 }),
    startHonest(context, prices.who, { service: "prices", instance: 1 }),
  ]);
  const market = await logIn(context.server, member.who);
  context.ends.push(() => market.bus.close());
  const client = openClient({ service: "ratings", bus: market.bus, clock });
  context.ends.push(() => client.close());
  await client.ready();
  const all = subjects(context.roles);
  for (const role of [prices, orders, member]) {
    const attacker = await connectAs(context, role.who);
    // The server itself answers account.token: the next test.
    const asked = [...all, ...addresses].filter((subject) => subject !== "account.token");
    const may = asked.filter((subject) => mayPublish(role.permissions, subject));
    const forbidden = all.filter((subject) => !mayPublish(role.permissions, subject));
    const received = await heardWhile(context, async () => {
      for (const subject of may) for (const reply of forbidden) attacker.publish(subject, "{}", { reply });
      await attacker.flush();
      // An instance handles messages in order, so its answers to the attacker come before those to the spy.
      for (const address of addresses) {
        const reply = `_INBOX.${address.split(".")[0]}.spy.process.token`;
        await context.spy.request(address, "{}", { timeout: 10_000, noMux: true, reply });
      }
      assert.is((await client.ask({ thingID: "camera" })).kind, "ok");
    });
    const reached = new Set(received.map(({ subject }) => subject));
    const harmful = forbidden.filter((subject) => reached.has(subject) && !isAnswerOfAsked(subject, role));
    assert.equal(harmful, [], role.name);
  }
});

cells("has the server send the account token where it may not publish, and nothing else", async (context) => {
  const member = context.roles.find(({ name }) => name === "member");
  assert.ok(member);
  const attacker = await connectAs(context, member.who);
  // After a reply subject with a wildcard, nats-server 2.9 answers no further request on account.token.
  const replies = subjects(context.roles).filter((subject) => !/[*>]/.test(subject));
  const forbidden = replies.filter((subject) => !mayPublish(member.permissions, subject));
  const token = context.folders[0]?.org.accountJwt;
  const received = await heardWhile(context, async () => {
    for (const reply of forbidden) attacker.publish("account.token", '{"fault":"kill"}', { reply });
    await attacker.flush();
    await attacker.request("account.token", "", {
      timeout: 10_000,
      noMux: true,
      reply: `_INBOX.account.${callerPartOf(member.who.publicKey)}.process.token`,
    });
  });
  const sent = received.filter(({ subject }) => forbidden.includes(subject));
  assert.ok(sent.length > 0);
  assert.equal([...new Set(sent.map(({ data }) => Buffer.from(data).toString()))], [token]);
});

/**
 * A member may ask ratings, as the service orders may, and chooses where the answer goes: to the replies of ratings, so
 * that a caller takes it for no other's. Answers to `$SRV` questions go where every service answers. Neither is a reply subject that serves a call.
 */
function isAnswerOfAsked(subject: string, { name }: Role): boolean {
  if (name === "orders") return subject.startsWith("_INBOX.ratings.");
  return name === "member" && /^_INBOX\.(ratings|prices|_all)\./.test(subject);
}

cells.run();
