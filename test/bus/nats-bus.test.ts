// takes: 20 s
// shares: bus
// The bus on NATS alone: servers that pause, refuse, say nothing, or speak another protocol. The contract of every Bus
// is tested in test/contract.

import { createServer, type Server, type Socket } from "node:net";
import * as assert from "uvu/assert";

import type { BusStatus } from "../../src/bus/bus.ts";
import type { Cancel } from "../../src/clock.ts";
import { listen } from "../support/listen.ts";
import { freePort, freeUrl, startNatsServer } from "../support/nats-server.ts";
import { relay } from "../support/relay.ts";
import { until, untilMatches } from "../support/until.ts";
import { type Context, clock, connected, natsBusSuite, natsServer, newBus } from "./nats-bus-scene.ts";

const test = natsBusSuite("nats bus");

/** Something on a port that is no NATS server, or not yet. */
async function listenAs(
  { ends }: Context,
  welcome: (socket: Socket) => void,
  port?: number,
): Promise<{ port: number; server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    welcome(socket);
  });
  ends.push(() => closeServer(server, sockets));
  return { port: await listen(server, port), server, sockets };
}

async function closeServer(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

test("it starts as away, finds a bus that starts later, and says why it is away until then", async (context) => {
  const port = await freePort();
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  assert.is(bus.status, "disconnected");
  await until("trouble", () => bus.lastError !== undefined);
  assert.is(bus.lastError, `nothing answers at nats://127.0.0.1:${port} (ECONNREFUSED)`);
  const server = await startNatsServer({ port });
  context.ends.push(() => server.stop());
  await connected(bus);
  assert.is(bus.lastError, undefined);
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
  const bus = newBus(context, await freeUrl(), { clock: { ...clock, after } });
  await until("trouble", () => bus.lastError !== undefined);
  await until("it pauses", () => timers === 1);
  await bus.close();
  assert.is(bus.status, "closed");
  assert.is(timers, 0);
});

test("connected is reported only when the server has processed the subscriptions", async (context) => {
  const server = await natsServer(context);
  const slow = await listenAs(context, (socket) => relay(socket, server.port, { delayMs: 50 }));
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
  const nowhere = await freeUrl();
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
  await until("disconnected", () => bus.status === "disconnected");
  await one.restart();
  await connected(bus);
});

test("a server that accepts and sends nothing is reported, holds no sockets of ours, and is used once it greets", async (context) => {
  const mute = await listenAs(context, (socket) => socket.resume());
  const bus = newBus(context, `nats://127.0.0.1:${mute.port}`);
  await until("reported", () =>
    context.reports.some((sentence) => /accepts connections and says nothing/.test(sentence)),
  );
  const held = [...mute.sockets]; // not those of the next attempt
  await until("let go", () => held.every((socket) => socket.destroyed));
  await closeServer(mute.server, mute.sockets);
  const server = await startNatsServer({ port: mute.port });
  context.ends.push(() => server.stop());
  await connected(bus);
});

test("a server that is not NATS is reported once, and dialled again", async (context) => {
  let asked = 0;
  const other = await listenAs(context, (socket) => {
    asked += 1;
    socket.write("220 mail.example ready\r\n");
  });
  newBus(context, `nats://127.0.0.1:${other.port}`);
  await until("asked thrice", () => asked >= 3);
  assert.equal(context.reports, [
    `what answers at nats://127.0.0.1:${other.port} is not a NATS server: set NATS_URL to where one is`,
  ]);
});

test("a paused server makes no instance look dead: calls end as away, and the pause as a loss", async (context) => {
  const server = await natsServer(context);
  const [asker, instance] = [newBus(context, server.url), newBus(context, server.url)];
  await connected(asker, instance);
  instance.subscribe("shop.get", (message) => message.answer("4.5"));
  await instance.flush();
  server.pause();
  assert.is((await asker.request("shop.get", "", { timeoutMs: 1_000 })).kind, "disconnected");
  await until("noticed", () => asker.status === "disconnected" && instance.status === "disconnected");
  assert.match(asker.lastError ?? "", /stopped answering|says nothing/);
  assert.match(context.reports.join("\n"), /lost the bus at .*: it stopped answering/);
  server.resume();
  await connected(asker, instance);
  assert.is((await asker.request("shop.get", "", { timeoutMs: 10_000 })).kind, "answered");
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
  const slow = await listenAs(context, (socket) => relay(socket, server.port, { delayMs: 50 }));
  const [leaving, witness] = [newBus(context, `nats://127.0.0.1:${slow.port}`), newBus(context, server.url)];
  await connected(leaving, witness);
  let received = 0;
  witness.subscribe("goodbye", () => {
    received += 1;
  });
  await witness.flush();
  leaving.publish("goodbye", "");
  await leaving.close();
  await witness.flush();
  assert.is(received, 1);
});

test("closing ends although the server is paused", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  await connected(bus);
  server.pause();
  bus.publish("news", "goodbye");
  await bus.close();
  assert.is(bus.status, "closed");
});

test("a connection cut in the middle of a message is made again", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listenAs(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  const received: string[] = [];
  bus.subscribe("shop.get", (message) => received.push(Buffer.from(message.body).toString()));
  await bus.flush();
  for (const socket of sockets) {
    socket.write("MSG shop.get 2 100\r\nhalf of ");
    socket.destroy();
  }
  await until("disconnected", () => bus.status === "disconnected");
  await connected(bus);
  bus.publish("shop.get", "whole");
  await until("received", () => received.length > 0);
  assert.equal(received, ["whole"]);
});

test("a server that cuts us off says why, and we are back", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listenAs(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  for (const socket of sockets) socket.end("-ERR 'Slow Consumer'\r\n");
  await untilMatches(/lost the bus at .*Slow Consumer/, () => context.reports.join("\n"));
  await connected(bus);
});

test("invalid bytes from the server end the connection, not the bus", async (context) => {
  const server = await natsServer(context);
  const { port, sockets } = await listenAs(context, (socket) => relay(socket, server.port));
  const bus = newBus(context, `nats://127.0.0.1:${port}`);
  await connected(bus);
  const { log } = console;
  console.log = () => undefined; // the library prints what it cannot read
  for (const socket of sockets) socket.write("\u0000 what is this?\r\n");
  await until("noticed", () => bus.status === "disconnected");
  console.log = log;
  await connected(bus);
});

test("a client whose login is rejected reports that, keeps trying, and is admitted later", async (context) => {
  const server = await natsServer(context, `authorization { user: anna, password: secret }`);
  let password = "wrong";
  const bus = newBus(context, server.url, { authenticator: () => ({ user: "anna", pass: password }) });
  await untilMatches(/does not let us in: .*[Aa]uthorization/, () => context.reports.join("\n"));
  await until("refused again", () => bus.lastError !== undefined);
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
  await until("reported", () => context.reports.length > 0);
  assert.not.match(context.reports.join("\n"), /hush|anna/);
});

test("connecting and losing again and again leaves no calls, no sockets and no subscriptions over", async (context) => {
  const server = await natsServer(context);
  const bus = newBus(context, server.url);
  const received: string[] = [];
  bus.subscribe("news", (message) => received.push(Buffer.from(message.body).toString()));
  for (let round = 0; round < 4; round += 1) {
    await connected(bus);
    const out = bus.request("news", `out ${round}`, { timeoutMs: 5_000 });
    await until("received", () => received.length === round + 1);
    await server.kill();
    assert.is((await out).kind, "disconnected");
    await server.restart();
  }
  assert.equal(received, ["out 0", "out 1", "out 2", "out 3"]);
  assert.is(bus.pending, 0);
});

test.run();
