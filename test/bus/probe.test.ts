// shares: bus
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import { Knocks, type Probe, probe } from "../../src/bus/handshake.ts";
import { systemClock } from "../../src/clock.ts";
import { listen } from "../support/listen.ts";
import { freePort, freeUrl, startNatsServer } from "../support/nats-server.ts";
import { makeCertificate, startTlsProxy } from "../support/tls-front.ts";
import { until } from "../support/until.ts";

const test = suite("probe");
const clock = systemClock();
const TIMEOUT_MS = 2_000;

/** Probes a listener that greets in its own way, and sees that no socket stays open. */
async function probeOf(greet: (socket: Socket) => void, timeoutMs = TIMEOUT_MS, scheme = "nats"): Promise<Probe> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
    greet(socket);
  });
  const found = await probe(readBusAddress(`${scheme}://127.0.0.1:${await listen(server)}`), { clock, timeoutMs });
  await until("no socket is left", () => open.size === 0, TIMEOUT_MS);
  await new Promise((resolve) => server.close(resolve));
  return found;
}

test("a server that ends while it is looked at is not taken for a proxy whose bus is away", async () => {
  const server = createServer((socket) => {
    socket.destroy();
    server.close();
  });
  const url = `nats://127.0.0.1:${await listen(server)}`;
  assert.is((await probe(readBusAddress(url), { clock, timeoutMs: TIMEOUT_MS })).kind, "nothing");
});

test("a NATS server is known by its greeting, which says who it is", async () => {
  const server = await startNatsServer();
  const found = await probe(readBusAddress(server.url), { clock, timeoutMs: TIMEOUT_MS });
  await server.stop();
  assert.ok(found.kind === "nats" && found.greeting.includes(`test-${server.port}`), JSON.stringify(found));
});

test("a port of a server for its own kind is known by its greeting, also where it is TLS or lists no addresses", async () => {
  const [route, quiet, leaf, secret, gateway] = await Promise.all([1, 2, 3, 4, 5].map(() => freePort()));
  const certificate = makeCertificate();
  const tls = `tls { cert_file: "${certificate.certFile}", key_file: "${certificate.keyFile}" }`;
  const system = "accounts { S: { users: [{ user: s, password: s }] } }\nsystem_account: S\nno_auth_user: s\n";
  const servers = await Promise.all(
    [
      `cluster { name: c, listen: "127.0.0.1:${route}" }\nleafnodes { listen: "127.0.0.1:${leaf}" }\n`,
      `cluster { name: c, listen: "127.0.0.1:${quiet}", no_advertise: true }\n`,
      `leafnodes { listen: "127.0.0.1:${secret}", no_advertise: true, ${tls} }\n`,
      `${system}gateway { name: c, listen: "127.0.0.1:${gateway}" }\nleafnodes { listen: "127.0.0.1:-1" }\n`,
    ].map((config) => startNatsServer({ config })),
  );
  const ports = [route, quiet, leaf, secret, gateway].map((port) => `nats://127.0.0.1:${port}`);
  const found = await Promise.all(
    [...ports, ...servers.map(({ url }) => url)].map((url) =>
      probe(readBusAddress(url), { clock, timeoutMs: TIMEOUT_MS }),
    ),
  );
  assert.equal(
    found.map((one) => (one.kind === "wrong port" ? one.port.of : one.kind)),
    ["route", "route", "leafnode", "leafnode", "gateway", ...servers.map(() => "nats")],
  );
  const [first] = found;
  assert.is(first?.kind === "wrong port" && first.port.clientPort, servers[0]?.port);
  await Promise.all(servers.map((server) => server.stop()));
  certificate.remove();
});

test("a greeting may come byte by byte", async () => {
  const found = await probeOf((socket) => {
    socket.setNoDelay(true);
    for (const [place, letter] of [..."INFO {}\r\n"].entries()) clock.after(place * 2, () => socket.write(letter));
  });
  assert.equal(found, { kind: "nats", greeting: "INFO {}\r" });
});

test("what speaks otherwise, or greets without end, is a other", async () => {
  for (const words of ["220 mail\r\n", "H", "INFORMATION {}\r\n", "info {}\r\n", `INFO ${"x".repeat(100_000)}`]) {
    assert.equal(await probeOf((socket) => socket.write(words)), { kind: "not-nats" }, words.slice(0, 20));
  }
});

test("what accepts and says nothing, or not enough, is silent", async () => {
  const silent = { kind: "silent", step: "greeting" };
  assert.equal(await probeOf((socket) => socket.resume(), 50), silent);
  assert.equal(await probeOf((socket) => socket.write("INF"), 50), silent);
});

test("what accepts and hangs up is closed, and what answers TLS otherwise has failed at it: neither is silent", async () => {
  const hangUps: readonly ((socket: Socket) => void)[] = [
    (socket) => socket.end(),
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end("INFO {"),
    (socket) => clock.after(20, () => socket.end()),
  ];
  for (const scheme of ["nats", "tls"] as const)
    for (const hangUp of hangUps) {
      const found = await probeOf(hangUp, TIMEOUT_MS, scheme);
      assert.ok(found.kind === "closed" && found.step === "greeting", `${scheme} ${hangUp}: ${JSON.stringify(found)}`);
    }
  const duringTls = await probeOf((socket) => socket.once("data", () => socket.end()), TIMEOUT_MS, "tls");
  assert.ok(duringTls.kind === "closed" && duringTls.step === "TLS", JSON.stringify(duringTls));
  const garbled = await probeOf((socket) => socket.once("data", () => socket.end("-ERR\r\n")), TIMEOUT_MS, "tls");
  assert.is(garbled.kind, "TLS failed");
});

test("what waits for its client to speak is a other, known by its answer to a knock", async () => {
  const received: string[] = [];
  const http = (socket: Socket) =>
    socket.once("data", (words: Buffer) => {
      received.push(words.toString());
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    });
  assert.equal(await probeOf(http, 50), { kind: "not-nats", speaks: "HTTP" });
  assert.equal(received, ["PING\r\n"]);
  const real = createHttpServer(() => undefined);
  const at = readBusAddress(`nats://127.0.0.1:${await listen(real)}`);
  assert.equal(await probe(at, { clock, timeoutMs: 50 }), { kind: "not-nats", speaks: "HTTP" });
  await new Promise((resolve) => real.close(resolve));
});

test("what waits for a TLS handshake at an address of nats:// is reported from a paused server", async () => {
  const certificate = makeCertificate();
  const server = await startNatsServer();
  const proxy = await startTlsProxy(certificate, server.port);
  const at = readBusAddress(`nats://127.0.0.1:${proxy.port}`);
  assert.equal(await probe(at, { clock, timeoutMs: 50 }), { kind: "TLS first" });
  await until("no socket is left", () => proxy.open === 0, TIMEOUT_MS);
  await proxy.close();
  await server.stop();
  certificate.remove();
});

test("a silent address is probed once a minute, and again after another answer from there", () => {
  const knocks = new Knocks();
  const [at, other] = [readBusAddress("nats://a:1"), readBusAddress("nats://a:2")];
  const [silent, notNats] = [{ kind: "silent", step: "greeting" }, { kind: "not-nats" }] as const;
  assert.is(knocks.recent(at, 0), undefined);
  assert.is(knocks.keep(at, 0, silent), silent);
  assert.equal(
    [knocks.recent(at, 59_999), knocks.recent(at, 60_000), knocks.recent(other, 0)],
    [silent, undefined, undefined],
  );
  knocks.keep(at, 60_000, notNats);
  assert.is(knocks.recent(at, 60_001), notNats);
  knocks.forget(at);
  assert.is(knocks.recent(at, 60_001), undefined);
});

test("an unresolved name is reported apart from an absent server", async () => {
  const found = await probe(readBusAddress("nats://far.invalid:4222"), { clock, timeoutMs: TIMEOUT_MS });
  assert.is(found.kind, "unresolved");
  const late = (host: string): Promise<Probe> =>
    probe(readBusAddress(`nats://${host}:4222`), { clock, timeoutMs: TIMEOUT_MS, signal: AbortSignal.abort() });
  assert.equal(await late("far.invalid"), { kind: "unresolved", why: "EAI_AGAIN" }, "no name server answers");
  assert.equal(await late("127.0.0.1"), { kind: "nothing", why: "ETIMEDOUT" });
});

test("a closed port is reported as absent, with the system's error", async () => {
  const found = await probe(readBusAddress(await freeUrl()), { clock, timeoutMs: TIMEOUT_MS });
  assert.equal(found, { kind: "nothing", why: "ECONNREFUSED" });
});

test("a raised signal ends it at once, before and meanwhile", async () => {
  const server = createServer();
  const at = readBusAddress(`nats://127.0.0.1:${await listen(server)}`);
  await probe(at, { clock, timeoutMs: 600_000, signal: AbortSignal.abort() });
  const giveUp = new AbortController();
  clock.after(20, () => giveUp.abort());
  await probe(at, { clock, timeoutMs: 600_000, signal: giveUp.signal });
  await new Promise((resolve) => server.close(resolve));
});

test.run();
