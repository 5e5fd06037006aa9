// shares: bus
// A server's permissions, limits and denials, and messages of foreign clients, through the bus on NATS.

import { connect } from "nats";
import * as assert from "uvu/assert";
import { startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";
import { clock, connected, natsBusSuite, natsServer, newBus } from "./nats-bus-scene.ts";

const test = natsBusSuite("nats bus and its server's limits");

test("a forbidden act is reported in a sentence, and permitted ones go on", async (context) => {
  const config = `authorization { users: [{ user: shop, password: s, permissions: { publish: ["shop.>", "_INBOX_shop.>"], subscribe: ["shop.>", "_INBOX_shop.>"] } }] }`;
  const server = await natsServer(context, config);
  const intervals: number[] = [];
  const every: typeof clock.every = (ms, act) => {
    intervals.push(ms);
    return clock.every(ms, act);
  };
  const options = { inboxPrefix: "_INBOX_shop", clock: { ...clock, every } };
  const bus = newBus(context, server.url.replace("//", "//shop:s@"), options);
  await connected(bus);
  bus.subscribe("shop.get", (message) => message.answer("4.5"));
  bus.subscribe("secret.>", () => undefined);
  bus.subscribe("other.>", () => undefined);
  bus.publish("secret.thing", "");
  bus.publish("secret.thing", "");
  await until("a report of each", () => context.reports.length === 3);
  assert.ok(intervals.includes(60_000), "it is reported again in a minute");
  assert.equal(context.reports.sort(), [
    "this process is not allowed to send to secret.thing",
    "this process is not allowed to subscribe to other.>",
    "this process is not allowed to subscribe to secret.>",
  ]);
  assert.is((await bus.request("shop.get", "", { timeoutMs: 10_000 })).kind, "answered");
});

const TIMEOUT_MS = 5_000;

test("a call that the server denies ends before its timeout; a new login may permit it", async (context) => {
  const user = (denied: string): string =>
    `authorization { users: [{ user: shop, password: s, permissions: { ${denied} } }] }`;
  const strict = await natsServer(context, user(`publish: { deny: ["far.get"] }, subscribe: { deny: ["_INBOX.>"] }`));
  const url = strict.url.replace("//", "//shop:s@");
  const bus = newBus(context, url, { hint: "type  dwc create-service shop" });
  await connected(bus);
  const tookMs: number[] = [];
  for (let call = 0; call < 5; call++) {
    const sentAtMs = performance.now();
    const reply = await bus.request("near.get", "", { timeoutMs: TIMEOUT_MS });
    tookMs.push(performance.now() - sentAtMs);
    assert.match(
      reply.kind === "denied" ? reply.why : reply.kind,
      /not allowed to subscribe to _INBOX\..*: type {2}dwc create/,
    );
  }
  await strict.kill();
  await until("disconnected", () => bus.status === "disconnected");
  const mild = await startNatsServer({ port: strict.port, config: user(`publish: { deny: ["far.get"] }`) });
  context.ends.push(() => mild.stop());
  await connected(bus);
  assert.is((await bus.request("near.get", "", { timeoutMs: TIMEOUT_MS })).kind, "no-responders");
  for (let call = 0; call < 5; call++) {
    const sentAtMs = performance.now();
    assert.is((await bus.request("far.get", "", { timeoutMs: TIMEOUT_MS })).kind, "denied");
    tookMs.push(performance.now() - sentAtMs);
  }
  tookMs.sort((a, b) => a - b);
  assert.ok((tookMs[5] ?? 0) < TIMEOUT_MS / 2, `ms: ${tookMs.map(Math.round).join(" ")}`);
});

test("a body is held against the limit of the server that is there now", async (context) => {
  const large = await natsServer(context);
  const bus = newBus(context, large.url);
  await connected(bus);
  const send = (): Promise<unknown> => bus.request("shop.get", "x".repeat(2_000), { timeoutMs: 1_000 });
  assert.equal(await send(), { kind: "no-responders" });
  await large.kill();
  await until("disconnected", () => bus.status === "disconnected");
  const small = await startNatsServer({ port: large.port, config: "max_payload: 1000" });
  context.ends.push(() => small.stop());
  await connected(bus);
  assert.is(bus.maxBodyBytes, 1_000);
  assert.equal(await send(), { kind: "unsent", why: "the body is over the bus's limit of 1000 bytes" });
  assert.is(bus.status, "connected");
});

test("a client that is not ours may be asked, and may refuse in its own way", async (context) => {
  const server = await natsServer(context);
  const [bus, foreign] = [newBus(context, server.url), await connect({ servers: server.url })];
  context.ends.push(() => foreign.close());
  await connected(bus);
  const { headers } = await import("nats");
  foreign.subscribe("shop.get", {
    callback: (_error, message) => {
      const error = headers();
      error.set("nats-service-error-code", "404");
      error.set("nats-service-error", "unknown thing");
      message.respond(new Uint8Array([0, 255]), { headers: error });
    },
  });
  foreign.subscribe("shop.raw", { callback: (_error, message) => message.respond(message.data) });
  await foreign.flush();
  assert.equal(await bus.request("shop.get", "", { timeoutMs: 1_000 }), {
    kind: "service-error",
    code: 404,
    message: "unknown thing",
    body: Buffer.from([0, 255]),
  });
  bus.subscribe("ours.get", (message) => message.refuse(400, "bad\r\nbody"));
  await bus.flush();
  const refusal = await foreign.request("ours.get");
  assert.is(refusal.headers?.get("Nats-Service-Error-Code"), "400");
  assert.is(refusal.headers?.get("Nats-Service-Error"), "bad body");
});

test("an answer with more headers than a hundred is not decoded, and takes no time", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  const foreign = await connect({ servers: server.url });
  context.ends.push(() => foreign.close());
  // The client library's own headers take as long to write as to read.
  const { protocol } = foreign as unknown as { readonly protocol: { sendCommand(text: string): void } };
  const answerWith =
    (count: number) =>
    (_error: unknown, { reply }: { readonly reply?: string }) => {
      const lines = Array.from({ length: count }, (_, place) => `h${place}: v\r\n`).join("");
      const headers = `NATS/1.0\r\n${lines}\r\n`;
      protocol.sendCommand(`HPUB ${reply} ${headers.length} ${headers.length + 3}\r\n${headers}4.5\r\n`);
    };
  for (const count of [100, 101, 80_000]) foreign.subscribe(`few.${count}`, { callback: answerWith(count) });
  await foreign.flush();
  await connected(bus);
  const replies = [];
  for (const count of [101, 80_000, 100]) replies.push(await bus.request(`few.${count}`, "", { timeoutMs: 10_000 }));
  const unreadable = { kind: "service-error", code: 500, message: "the answer's headers cannot be read" } as const;
  assert.equal(replies.slice(0, 2), [unreadable, unreadable]);
  assert.is(replies[2]?.kind, "answered");
});

test("a subject with a space in it is a bug of the caller's, and never reaches the server", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  await connected(bus);
  for (const subject of ["", "a b", "a\r\nPUB b 0", "a\tb"]) {
    assert.throws(() => bus.publish(subject, ""), /is no subject/);
    assert.throws(() => bus.publish("news", "", subject), /is no subject/);
    assert.throws(() => bus.requestMany(subject, "", 100), /is no subject/);
    assert.throws(() => bus.subscribe(subject, () => undefined), /is no subject/);
    assert.throws(() => bus.request(subject, "", { timeoutMs: 100 }), /is no subject/);
  }
  assert.is(bus.pending, 0);
});

test.run();
