// What only the bus on NATS can be asked: servers that pause, refuse, say nothing, or speak something else. What every
// Bus promises is asked of it in contract/bus.test.ts.

import { createConnection, createServer, type Server, type Socket } from "node:net";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";

import type { BusStatus } from "../../src/bus/bus.ts";
import { connectNatsBus, type NatsBus, type NatsBusOptions } from "../../src/bus/nats-bus.ts";
import { type Cancel, systemClock } from "../../src/clock.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

const test = suite<{ reports: string[]; ends: (() => Promise<unknown>)[] }>("nats bus");
const clock = systemClock();

const rejections: unknown[] = [];
process.on("unhandledRejection", (reason) => rejections.push(reason));

test.before.each((context) => {
  context.reports = [];
  context.ends = [];
});

test.after.each(async ({ ends }) => {
  for (const end of ends.reverse()) await end();
  assert.equal(rejections, []);
});

type Context = { reports: string[]; ends: (() => Promise<unknown>)[] };

async function natsServer({ ends }: Context, config?: string): Promise<TestServer> {
  const server = await startNatsServer(config === undefined ? {} : { config });
  ends.push(() => server.stop());
  return server;
}

function newBus(
  { reports, ends }: Context,
  url: string | readonly string[],
  more: Partial<NatsBusOptions> = {},
): NatsBus {
  const urls = typeof url === "string" ? [url] : url;
  const bus = connectNatsBus({ urls, name: "test", clock, report: (sentence) => reports.push(sentence), ...more });
  ends.push(() => bus.close());
  return bus;
}

const connected = (...buses: NatsBus[]): Promise<void> =>
  until("connected", () => buses.every(({ status }) => status === "connected"));

/** Something on a port that is no NATS server, or not yet. */
async function listen(
  { ends }: Context,
  welcome: (socket: Socket) => void,
  port = 0,
): Promise<{ port: number; server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    welcome(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  ends.push(() => closeServer(server, sockets));
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, server, sockets };
}

async function closeServer(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

test("it starts as away, finds a bus that starts later, and says why it is away until then", async (context) => {
  const port = await freePort();
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  assert.is(bus.status, "away");
  await until("trouble", () => bus.trouble !== undefined);
  assert.is(bus.trouble, `nothing answers at nats://127.0.0.1:${port} (ECONNREFUSED)`);
  const server = await startNatsServer({ port });
  context.ends.push(() => server.stop());
  await connected(bus);
  assert.is(bus.trouble, undefined);
  assert.equal(context.reports, [], "a bus that is not started yet is nothing to report");
});

test("a bus that is never there can be closed at once, and leaves no timer behind", async (context) => {
  let timers = 0;
  const after = (delayMs: number, act: () => void): Cancel => {
    const done = new AbortController();
    done.signal.addEventListener("abort", () => (timers -= 1));
    timers += 1;
    const cancel = clock.after(delayMs, () => {
      done.abort();
      act();
    });
    return () => {
      done.abort();
      cancel();
    };
  };
  const bus = newBus(context, `nats://127.0.0.1:${await freePort()}`, { clock: { ...clock, after } });
  await until("trouble", () => bus.trouble !== undefined);
  await until("it pauses", () => timers === 1);
  await bus.close();
  assert.is(bus.status, "closed");
  assert.is(timers, 0);
});

test("connected is told only when the server has taken the subscriptions", async (context) => {
  const server = await natsServer(context);
  const slow = await listen(context, (socket) => relay(socket, server.port, 50));
  const [asker, instance] = [newBus(context, server.url), newBus(context, `nats://127.0.0.1:${slow.port}`)];
  instance.subscribe("shop.get", (message) => message.answer("4.5"));
  await connected(asker);
  const asked = new Promise<string>((resolve) => {
    instance.watch(() => asker.request("shop.get", "", { timeoutMs: 2_000 }).then(({ kind }) => resolve(kind)));
  });
  assert.is(await asked, "answered");
});

test("of several addresses the one that answers is used, and another when that one ends", async (context) => {
  const [one, two] = await Promise.all([natsServer(context), natsServer(context)]);
  const nowhere = `nats://127.0.0.1:${await freePort()}`;
  const bus = newBus(context, [nowhere, one.url, two.url]);
  await connected(bus);
  const statuses: BusStatus[] = [];
  bus.watch((status) => statuses.push(status));
  await one.kill();
  await until(
    "connected to the other, whichever it was",
    async () => bus.status === "connected" && (await bus.flush()),
  );
  await two.kill();
  await until("away", () => bus.status === "away");
  await one.restart();
  await connected(bus);
});

test("a server that accepts and says nothing is told, holds no sockets of ours, and is used once it speaks", async (context) => {
  const mute = await listen(context, (socket) => socket.resume());
  const bus = newBus(context, `nats://127.0.0.1:${mute.port}`);
  await until("told", () => context.reports.some((sentence) => /accepts connections and says nothing/.test(sentence)));
  const held = [...mute.sockets]; // not those of the next attempt
  await until("let go", () => held.every((socket) => socket.destroyed));
  await closeServer(mute.server, mute.sockets);
  const server = await startNatsServer({ port: mute.port });
  context.ends.push(() => server.stop());
  await connected(bus);
});

test("what is not NATS is told, once, and asked on", async (context) => {
  let asked = 0;
  const stranger = await listen(context, (socket) => {
    asked += 1;
    socket.write("220 mail.example ready\r\n");
  });
  newBus(context, `nats://127.0.0.1:${stranger.port}`);
  await until("asked thrice", () => asked >= 3);
  assert.equal(context.reports, [
    `what answers at nats://127.0.0.1:${stranger.port} is not a NATS server: set NATS_URL to where one is`,
  ]);
});

test("a paused server makes no instance look dead: calls end as away, and the pause as a loss", async (context) => {
  const server = await natsServer(context);
  const [asker, instance] = [newBus(context, server.url), newBus(context, server.url)];
  await connected(asker, instance);
  instance.subscribe("shop.get", (message) => message.answer("4.5"));
  await instance.flush();
  server.pause();
  assert.is((await asker.request("shop.get", "", { timeoutMs: 1_000 })).kind, "away");
  await until("noticed", () => asker.status === "away" && instance.status === "away", 6_000);
  assert.match(asker.trouble ?? "", /stopped answering|says nothing/);
  assert.match(context.reports.join("\n"), /lost the bus at .*: it stopped answering/);
  server.resume();
  await connected(asker, instance);
  assert.is((await asker.request("shop.get", "", { timeoutMs: 1_000 })).kind, "answered");
});

test("a hung instance on a bus that is well is a timeout", async (context) => {
  const server = await natsServer(context);
  const [asker, instance] = [newBus(context, server.url), newBus(context, server.url)];
  await connected(asker, instance);
  instance.subscribe("shop.get", () => undefined);
  await instance.flush();
  assert.is((await asker.request("shop.get", "", { timeoutMs: 1_000 })).kind, "timeout");
});

test("closing waits until the server has taken the goodbye", async (context) => {
  const server = await natsServer(context);
  const slow = await listen(context, (socket) => relay(socket, server.port, 50));
  const [leaving, witness] = [newBus(context, `nats://127.0.0.1:${slow.port}`), newBus(context, server.url)];
  await connected(leaving, witness);
  let heard = 0;
  witness.subscribe("goodbye", () => {
    heard += 1;
  });
  await witness.flush();
  leaving.publish("goodbye", "");
  await leaving.close();
  await witness.flush();
  assert.is(heard, 1);
});

test("closing is over in about a second though the server is paused", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  await connected(bus);
  server.pause();
  bus.publish("news", "goodbye");
  const beganAt = performance.now();
  await bus.close();
  assert.ok(performance.now() - beganAt < 3_000);
});

test("a connection that is cut in the middle of a message is made anew", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listen(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  const heard: string[] = [];
  bus.subscribe("shop.get", (message) => heard.push(Buffer.from(message.body).toString()));
  await bus.flush();
  for (const socket of sockets) {
    socket.write("MSG shop.get 2 100\r\nhalf of ");
    socket.destroy();
  }
  await until("away", () => bus.status === "away");
  await connected(bus);
  bus.publish("shop.get", "whole");
  await until("heard", () => heard.length > 0);
  assert.equal(heard, ["whole"]);
});

test("a server that cuts us off says why, and we are back", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listen(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  for (const socket of sockets) socket.end("-ERR 'Slow Consumer'\r\n");
  await until("told", () => context.reports.length > 0);
  assert.match(context.reports[0] ?? "", /lost the bus at .*Slow Consumer/);
  await connected(bus);
});

test("nonsense from the server ends the connection, not the bus", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listen(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  const { log } = console;
  console.log = () => undefined; // the library prints what it cannot read
  for (const socket of sockets) socket.write("\u0000 what is this?\r\n");
  await until("noticed", () => bus.status === "away", 6_000);
  console.log = log;
  await connected(bus);
});

/** Passes on what comes; what goes to the server may take its time. */
function relay(socket: Socket, port: number, delayMs = 0): void {
  const onward = createConnection(port, "127.0.0.1");
  onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => onward.destroy());
  onward.pipe(socket);
  if (delayMs === 0) socket.pipe(onward);
  else socket.on("data", (chunk) => clock.after(delayMs, () => onward.write(chunk)));
}

test("who is not let in is told so and let in later, and nobody gives up", async (context) => {
  const server = await natsServer(context, `authorization { user: anna, password: secret }`);
  let password = "wrong";
  const bus = newBus(context, server.url, { authenticator: () => ({ user: "anna", pass: password }) });
  await until("told", () => context.reports.length > 0);
  assert.match(context.reports[0] ?? "", /does not let us in: .*[Aa]uthorization/);
  await until("refused again", () => bus.trouble !== undefined);
  password = "secret";
  await connected(bus);
});

test("the address may say who we are, and is never printed with its secret", async (context) => {
  const server = await natsServer(context, `authorization { user: anna, password: "se:cret" }`);
  const [good, bad] = [`anna:${encodeURIComponent("se:cret")}`, "anna:hush"].map((who) =>
    server.url.replace("//", `//${who}@`),
  );
  await connected(newBus(context, good ?? ""));
  newBus(context, bad ?? "");
  await until("told", () => context.reports.length > 0);
  assert.not.match(context.reports.join("\n"), /hush|anna/);
});

test("what this process may not do is told in a sentence, and what it may do goes on", async (context) => {
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
  await until("told of each", () => context.reports.length === 3);
  assert.ok(intervals.includes(60_000), "it is told again in a minute");
  assert.equal(context.reports.sort(), [
    "this process is not allowed to hear other.>",
    "this process is not allowed to hear secret.>",
    "this process is not allowed to send to secret.thing",
  ]);
  assert.is((await bus.request("shop.get", "", { timeoutMs: 1_000 })).kind, "answered");
});

test("a call that the server denies ends within 50 ms, and a new login that permits it is taken at its word", async (context) => {
  const user = (denied: string): string =>
    `authorization { users: [{ user: shop, password: s, permissions: { ${denied} } }] }`;
  const strict = await natsServer(context, user(`publish: { deny: ["far.get"] }, subscribe: { deny: ["_INBOX.>"] }`));
  const url = strict.url.replace("//", "//shop:s@");
  const bus = newBus(context, url, { cure: "type  dwc create-service shop" });
  await connected(bus);
  const tookMs: number[] = [];
  for (let call = 0; call < 5; call++) {
    const sentAtMs = performance.now();
    const reply = await bus.request("near.get", "", { timeoutMs: 5_000 });
    tookMs.push(performance.now() - sentAtMs);
    assert.match(
      reply.kind === "denied" ? reply.why : reply.kind,
      /not allowed to hear _INBOX\..*: type {2}dwc create/,
    );
  }
  await strict.kill();
  await until("away", () => bus.status === "away");
  const mild = await startNatsServer({ port: strict.port, config: user(`publish: { deny: ["far.get"] }`) });
  context.ends.push(() => mild.stop());
  await connected(bus);
  assert.is((await bus.request("near.get", "", { timeoutMs: 5_000 })).kind, "nobody");
  for (let call = 0; call < 5; call++) {
    const sentAtMs = performance.now();
    assert.is((await bus.request("far.get", "", { timeoutMs: 5_000 })).kind, "denied");
    tookMs.push(performance.now() - sentAtMs);
  }
  tookMs.sort((a, b) => a - b);
  assert.ok((tookMs[5] ?? 0) < 50, `ms: ${tookMs.map(Math.round).join(" ")}`);
});

test("a body is held against the limit of the server that is there now", async (context) => {
  const large = await natsServer(context);
  const bus = newBus(context, large.url);
  await connected(bus);
  const send = (): Promise<unknown> => bus.request("shop.get", "x".repeat(2_000), { timeoutMs: 1_000 });
  assert.equal(await send(), { kind: "nobody" });
  await large.kill();
  await until("away", () => bus.status === "away");
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
    kind: "refused",
    code: 404,
    message: "unknown thing",
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
  const unreadable = { kind: "refused", code: 500, message: "the answer's headers cannot be read" } as const;
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
    assert.throws(() => bus.gather(subject, "", 100), /is no subject/);
    assert.throws(() => bus.subscribe(subject, () => undefined), /is no subject/);
    assert.throws(() => bus.request(subject, "", { timeoutMs: 100 }), /is no subject/);
  }
  assert.is(bus.pending, 0);
});

test("connecting and losing again and again leaves no calls, no sockets and no subscriptions over", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  const heard: string[] = [];
  bus.subscribe("news", (message) => heard.push(Buffer.from(message.body).toString()));
  for (let round = 0; round < 4; round += 1) {
    await connected(bus);
    const out = bus.request("news", `out ${round}`, { timeoutMs: 5_000 });
    await until("heard", () => heard.length === round + 1);
    await server.kill();
    assert.is((await out).kind, "away");
    await server.restart();
  }
  assert.equal(heard, ["out 0", "out 1", "out 2", "out 3"]);
  assert.is(bus.pending, 0);
});

test.run();
