// takes: 5 s
// connectBus with certificates: a real server with TLS.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ConnectOptions, connectBus } from "../../src/service/connect.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type Certificate, makeCertificate } from "../support/tls-front.ts";
import { until } from "../support/until.ts";

interface Context {
  server: Certificate;
  client: Certificate;
  folder: string;
  ends: (() => Promise<void> | void)[];
}

const test = suite<Context>("a bus with certificates");

test.before((context) => {
  context.server = makeCertificate();
  context.client = makeCertificate();
  context.folder = mkdtempSync(join(tmpdir(), "connect-tls-"));
});
test.after(({ server, client, folder }) => {
  server.remove();
  client.remove();
  rmSync(folder, { recursive: true });
});
test.before.each((context) => {
  context.ends = [];
});
test.after.each(async ({ ends }) => {
  for (const end of ends.reverse()) await end();
});

async function start({ server, ends }: Context, more = ""): Promise<TestServer> {
  const config = `tls { cert_file: "${server.certFile}", key_file: "${server.keyFile}"\n${more} }`;
  const started = await startNatsServer({ config });
  ends.push(() => started.stop());
  return started;
}

/** The status once the promise is settled, or what it was rejected with. */
async function resultOf({ ends }: Context, options: ConnectOptions): Promise<string> {
  const reports: string[] = [];
  try {
    const bus = await connectBus({ waitMs: 20_000, report: (line) => reports.push(line), ...options });
    ends.push(() => bus.close());
    return [bus.status, ...reports].join(": ");
  } catch (error) {
    return String(error);
  }
}

test("tls names the authority, as text and as a file; without it the certificate is refused", async (context) => {
  const { url } = await start(context);
  const { certFile } = context.server;
  assert.is(await resultOf(context, { urls: url, tls: { caFile: certFile } }), "connected");
  assert.is(await resultOf(context, { urls: url, tls: { ca: readFileSync(certFile, "utf8") } }), "connected");
  assert.is(await resultOf(context, { urls: url.replace("nats:", "tls:"), tls: { caFile: certFile } }), "connected");
  const refused = /disconnected: .*cannot be reached over TLS \(DEPTH_ZERO_SELF_SIGNED_CERT\)/;
  assert.match(await resultOf(context, { urls: url, waitMs: 500 }), refused);
  assert.match(await resultOf(context, { urls: url, tls: {}, waitMs: 500 }), refused);
});

test("a certificate of one's own, for a server that asks for it", async (context) => {
  const { server, client } = context;
  const { url } = await start(context, `ca_file: "${client.certFile}", verify: true`);
  const { certFile, keyFile } = client;
  const caFile = server.certFile;
  assert.is(await resultOf(context, { urls: url, tls: { caFile, certFile, keyFile } }), "connected");
  assert.match(
    await resultOf(context, { urls: url, tls: { caFile }, waitMs: 500 }),
    /disconnected: .*it asks for a certificate of ours.* or give connectBus one \(tls\)/,
  );
});

test("with tls, a server without TLS is refused", async (context) => {
  const plain = await startNatsServer();
  context.ends.push(() => plain.stop());
  assert.match(
    await resultOf(context, { urls: plain.url, tls: {}, waitMs: 500 }),
    /disconnected: the bus at \S+ has no TLS, which the option tls demands/,
  );
});

test("a certificate that is replaced counts from the next connection on", async (context) => {
  const { folder, server, client } = context;
  const caFile = join(folder, "ca.pem");
  copyFileSync(client.certFile, caFile);
  const { url } = await start(context);
  const reports: string[] = [];
  const bus = await connectBus({ urls: url, tls: { caFile }, waitMs: 1, report: (line) => reports.push(line) });
  context.ends.push(() => bus.close());
  await until("the certificate is refused", () => reports.some((line) => line.includes("SELF_SIGNED")));
  assert.is(bus.status, "disconnected");
  writeFileSync(caFile, "nothing");
  await until("the broken file is reported", () => reports.some((line) => line.includes("must be PEM")), 30_000);
  copyFileSync(server.certFile, caFile);
  await until("connected", () => bus.status === "connected", 30_000);
});

test("options that cannot work are refused at once, by name", async (context) => {
  const { client, server, folder } = context;
  const text = join(folder, "text.pem");
  writeFileSync(text, "no certificate");
  const cutOff = join(folder, "cut-off.pem");
  writeFileSync(cutOff, readFileSync(client.certFile, "utf8").slice(0, 300));
  const cases: readonly (readonly [tls: unknown, says: RegExp])[] = [
    [7, /tls 7 must be an object with the TLS options of the nats package/],
    [{ caFiles: text }, /tls has no option "caFiles": did you mean caFile/],
    [{ caFile: 7 }, /caFile 7 must be a text/],
    [{ handshakeFirst: "yes" }, /handshakeFirst "yes" must be true or false/],
    [{ caFile: "/nowhere/ca.pem" }, /tls\.caFile \/nowhere\/ca\.pem cannot be read \(ENOENT\)/],
    [{ certFile: text, keyFile: text }, /tls cannot be used: cert, key must be PEM/],
    [{ caFile: cutOff }, /tls cannot be used: ca must be PEM with a certificate/],
    [{ caFile: client.keyFile }, /tls cannot be used: ca must be PEM with a certificate/],
    [{ certFile: client.certFile, keyFile: server.keyFile }, /tls cannot be used: cert, key \(.*mismatch/],
    [{ certFile: client.certFile }, /tls has a certificate and no key/],
    [{ keyFile: client.keyFile }, /tls has a key and no certificate/],
  ];
  for (const [tls, says] of cases)
    assert.match(await resultOf(context, { urls: "nats://127.0.0.1:1", tls, waitMs: 1 } as ConnectOptions), says);
});

/** Debian's nats-server 2.9 does not know the setting. */
const knowsHandshakeFirst = (): boolean => {
  const [, minor = "0"] = /v2\.(\d+)/.exec(execFileSync("nats-server", ["--version"], { encoding: "utf8" })) ?? [];
  return Number(minor) >= 10;
};

test("handshakeFirst begins with TLS", async (context) => {
  if (!knowsHandshakeFirst()) return;
  const { url } = await start(context, "handshake_first: true");
  const tls = { caFile: context.server.certFile, handshakeFirst: true };
  assert.is(await resultOf(context, { urls: url, tls }), "connected");
});

test.run();
