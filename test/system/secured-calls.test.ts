// takes: 30 s
//
// Services that call others, on a real nats-server: `create-service --calls` says which ones, and the server refuses all
// others.

import * as assert from "uvu/assert";
import type { Credentials } from "../../src/bus/core/credentials.ts";
import type { NatsBus } from "../../src/bus/nats-bus.ts";
import { paths } from "../../src/dwc/identity/derived-files.ts";
import { openClient } from "../../src/service/client.ts";
import { startInstance } from "../../src/service/instance.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import type { TestServer } from "../support/nats-server.ts";
import { clock, Folder, isAdmitted, logIn } from "../support/orgs.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/until.ts";

interface Context extends Cleanup {
  folder: Folder;
  server: TestServer;
}

const calls = cleanupSuite<Context>("services that call others", async (context) => {
  context.folder = new Folder();
  context.ends.push(() => context.folder.remove());
  await context.folder.createOrg();
  context.server = await context.folder.startServer();
  context.ends.push(() => context.server.stop());
});

/** The server reads the account token of the folder at the first login of the account. */
const create = ({ folder }: Context, name: string, called?: readonly string[]): Promise<Credentials> =>
  folder.createService(name, null, called);

async function start(context: Context, service: string): Promise<void> {
  const { bus } = await logIn(context.server, context.folder.service(service));
  const answer = () => ({ kind: "answer", body: { from: service } }) as const;
  const operations = { get: answer, reserve: answer };
  const started = await startInstance({ service, instance: 1, bus, operations, clock });
  assert.is(started.kind, "started");
  context.ends.push(async () => {
    if (started.kind === "started") await started.instance.goodbye();
    await bus.close();
  });
}

async function ask(context: Context, bus: NatsBus, service: string): Promise<string> {
  const client = openClient({ service, bus, clock });
  context.ends.push(() => client.close());
  await client.ready();
  const answer = await client.ask<{ readonly from: string }>({}, { operation: "reserve" });
  if (answer.kind === "ok") return `answered by ${answer.value.from}`;
  return answer.kind === "unanswered" ? answer.reason : answer.kind;
}

calls("orders calls inventory and payments through the library, and not their sibling", async (context) => {
  for (const name of ["inventory", "payments", "prices"]) await create(context, name);
  const who = await create(context, "orders", ["inventory", "payments"]);
  for (const name of ["inventory", "payments", "prices", "orders"]) await start(context, name);
  const { bus } = await logIn(context.server, who);
  context.ends.push(() => bus.close());
  for (const name of ["inventory", "payments"]) assert.is(await ask(context, bus, name), `answered by ${name}`);
  const { bus: other, reports } = await logIn(context.server, who);
  context.ends.push(() => other.close());
  assert.is(await ask(context, other, "prices"), "denied");
  assert.match(reports.join("\n"), /not allowed to subscribe to health\.prices\.\* with the credentials of orders/);
  const { bus: plain } = await logIn(context.server, context.folder.service("inventory"));
  context.ends.push(() => plain.close());
  assert.is(await ask(context, plain, "payments"), "denied", "without a list a service calls no other");
});

calls("an operation is called, shared and direct, and its answer reaches the caller alone", async (context) => {
  const [inventory, who] = [await create(context, "inventory"), await create(context, "orders", ["inventory"])];
  const { bus: server } = await logIn(context.server, inventory);
  const { bus, reports } = await logIn(context.server, who);
  context.ends.push(() => Promise.all([server.close(), bus.close()]));
  for (const [subject, queue] of [["inventory.reserve", "inventory"], ["inventory.*.x1"]] as const)
    server.subscribe(subject, (message) => message.answer(message.subject), queue);
  await server.flush();
  for (const subject of ["inventory.reserve", "inventory.reserve.x1", "inventory._cancel.x1"]) {
    const reply = await bus.request(subject, "", { timeoutMs: 10_000 });
    assert.is(reply.kind === "answered" && Buffer.from(reply.body).toString(), subject);
  }
  assert.equal(reports, []);
  for (const subject of ["prices.reserve", "prices.reserve.x1", "chaos.inventory", "health.inventory.x1", "orders.get"])
    assert.is((await bus.request(subject, "", { timeoutMs: 10_000 })).kind, "denied", subject);
});

/** Of two or three parts as calls are, and no calls. */
const NO_CALLS = [
  ..."health.inventory.x1 health.get.x1 belief.inventory warning.inventory warning.inventory.x1 account.token.news account.x.y".split(
    " ",
  ),
  ..."_INBOX.x _INBOX.x.y _INBOX.inventory.x _R_.x _R_.x.y _GR_.x.y".split(" "),
  ..."$SYS.x $SYS.x.y $SYS.REQ.USER.INFO $SYS.REQ.SERVER.PING $SYS.REQ.CLAIMS.UPDATE".split(" "),
  ..."$JS.x $JS.API.INFO $JS.API.STREAM.LIST $KV.x.y $O.x.y $MQTT.x.y".split(" "),
];
const FAULTS = ["chaos.inventory", "chaos.inventory.x1", "chaos.get.x1", "chaos.x"];

calls("a person calls every operation, and nothing that only has the form of a call", async (context) => {
  const { folder, server } = context;
  const { bus: instance } = await logIn(server, await create(context, "inventory"));
  context.ends.push(() => instance.close());
  instance.subscribe("inventory.reserve", (message) => message.answer("1"), "inventory");
  instance.subscribe("inventory.*.x1", (message) => message.answer("1"));
  await instance.flush();
  const [member, admin] = [new Folder(), new Folder()];
  context.ends.push(() => [member, admin].map((used) => used.remove()));
  await member.accept(await folder.invite("ben@example.org"));
  await admin.accept(await folder.invite("cyd@example.org", true));
  assert.is((await folder.push(server)).kind, "obeys");
  for (const [who, refused] of [
    [member.person, [...NO_CALLS, ...FAULTS]],
    [admin.person, NO_CALLS],
    [folder.person, NO_CALLS],
  ] as const) {
    const { bus } = await logIn(server, who);
    context.ends.push(() => bus.close());
    for (const subject of ["inventory.reserve", "inventory.reserve.x1", "inventory._cancel.x1"])
      assert.is((await bus.request(subject, "", { timeoutMs: 10_000 })).kind, "answered", `${who.name} ${subject}`);
    assert.is((await bus.request("prices.get", "", { timeoutMs: 10_000 })).kind, "no-responders");
    const replies = await Promise.all(refused.map((subject) => bus.request(subject, "", { timeoutMs: 10_000 })));
    assert.equal(
      refused.filter((_subject, at) => replies[at]?.kind !== "denied"),
      [],
      who.name,
    );
  }
});

calls("a warning reaches the other callers under the name of its sender, and under no other", async (context) => {
  const { folder, server } = context;
  await create(context, "inventory");
  await create(context, "payments");
  const orders = await create(context, "orders", ["inventory"]);
  await start(context, "inventory");
  const [{ bus: person }, { bus: service, reports }] = [
    await logIn(server, folder.person),
    await logIn(server, orders),
  ];
  context.ends.push(() => Promise.all([person.close(), service.close()]));
  const warned: string[] = [];
  const client = openClient({
    ...{ service: "inventory", bus: person, clock },
    onEvent: (event) => event.kind === "warned" && warned.push(event.by),
  });
  context.ends.push(() => client.close());
  await client.ready();
  const [member] = client.tracker.all();
  const warn = (sender: string, name: string): void => {
    const body = { incarnation: member?.who.incarnation, late: true, quietMs: 300, name };
    service.publish(`warning.inventory.${sender}`, JSON.stringify(body));
  };
  const part = (who: Credentials): string => who.publicKey.slice(1, 17);
  assert.is(service.warningSender("inventory")?.split(".")[0], part(orders));
  assert.is(service.warningSender("payments"), undefined, "a service that it may not call");
  assert.is(person.warningSender("payments")?.split(".")[0], part(folder.person));
  const forged = [`${part(folder.person)}.x`, "_.x", `${part(orders)}.x.y`];
  for (const sender of forged) warn(sender, "forged");
  service.publish(`warning.payments.${part(orders)}.x`, "{}");
  await until("the server refuses the first", () => reports.some((said) => said.includes("warning.")));
  // The server reads them in order: what it lets through of the others arrives before this one.
  warn(`${part(orders)}.x`, "orders-1:5000");
  await until("its own arrives", () => warned.length > 0);
  assert.equal(warned, ["orders-1:5000"]);
});

calls("another list takes effect at once, and the credentials before it are refused", async (context) => {
  const { folder, server } = context;
  for (const name of ["inventory", "payments"]) await create(context, name);
  for (const name of ["inventory", "payments"]) await start(context, name);
  const before = await create(context, "orders", ["inventory"]);
  const { bus } = await logIn(server, before);
  context.ends.push(() => bus.close());
  assert.is(await ask(context, bus, "inventory"), "answered by inventory");
  for (const [list, inventory, payments] of [
    [["payments"], "denied", "answered by payments"],
    [[], "denied", "denied"],
  ] as const) {
    const replaced = folder.service("orders");
    const now = await create(context, "orders", list);
    assert.is((await folder.push(server)).kind, "obeys");
    if (replaced.text === before.text) await until("it is off", () => bus.status === "disconnected");
    assert.not.ok(await isAdmitted(server, replaced), "a replaced key");
    for (const [name, wanted] of [
      ["inventory", inventory],
      ["payments", payments],
    ] as const) {
      const { bus: own } = await logIn(server, now);
      context.ends.push(() => own.close());
      assert.is(await ask(context, own, name), wanted, `${name} with ${list}`);
    }
  }
  await folder.revoke("orders");
  const last = folder.org.revoked.length;
  assert.is((await folder.push(server)).kind, "obeys");
  assert.is(last, 3);
});

calls("a list as long as dwc allows is one that a server takes at a login", async (context) => {
  const many = Array.from({ length: 14 }, (_, at) => `inventory-${at}`);
  assert.ok(await isAdmitted(context.server, await create(context, "orders", many)));
});

calls("a Ratings program with the credentials of another service ends, and says what to type", async (context) => {
  await create(context, "orders", ["ratings"]);
  const { folder, server } = context;
  const NATS_CREDS = paths.serviceCreds(folder.path, folder.org.id, "orders");
  const program = new Program({
    ...{ name: "ratings", args: ["--instance", "1"] },
    env: { NATS_URL: server.url, NATS_CREDS, DWC_STATE: folder.path },
  });
  context.ends.push(() => program.end());
  const { code } = await program.ended;
  assert.is(code, 1);
  assert.match(
    program.lines.join("\n"),
    /not allowed to subscribe to health\.ratings with the credentials of orders: ask for a new file \(bin\/dwc service-token ratings\)/,
  );
});

calls.run();
