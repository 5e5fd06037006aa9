// takes: 15 s
//
// Real programs and a bus behind TLS: a proxy that speaks only after the handshake, a server that announces TLS, and
// certificates that are not trusted.

import { type AddressInfo, createConnection, createServer } from "node:net";
import * as assert from "uvu/assert";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { Program } from "../support/program.ts";
import { makeCertificate, startTlsProxy } from "../support/tls-front.ts";
import { until } from "../support/until.ts";
import { UP } from "../support/world.ts";

const test = cleanupSuite("TLS");

function certificate({ ends }: Cleanup, names?: string): ReturnType<typeof makeCertificate> {
  const made = makeCertificate(names);
  ends.push(() => made.remove());
  return made;
}

async function proxy(context: Cleanup, made: ReturnType<typeof makeCertificate>): ReturnType<typeof startTlsProxy> {
  const server = await startNatsServer();
  context.ends.push(() => server.stop());
  const front = await startTlsProxy(made, server.port);
  context.ends.push(() => front.close());
  return front;
}

function ratings({ ends }: Cleanup, env: Readonly<Record<string, string>>): Program {
  const program = new Program({ name: "ratings", args: ["--instance", "1"], env: { DWC_STATE: "/nowhere", ...env } });
  ends.push(() => program.end());
  return program;
}

test("behind a TLS proxy, which waits for us to speak, an instance is up, and finds back at once", async (context) => {
  const made = certificate(context);
  const front = await proxy(context, made);
  const env = { NATS_URL: `tls://127.0.0.1:${front.port}`, NODE_EXTRA_CA_CERTS: made.certFile };
  const program = ratings(context, env);
  await program.waitFor(UP);
  front.cut();
  await program.waitFor(/instance 1 is back on the bus/);
  assert.is(program.count(/says nothing|TLS handshake/), 0);
});

test("a certificate that is not trusted is named, with what to set, and no connection stays", async (context) => {
  const front = await proxy(context, certificate(context));
  const program = ratings(context, { NATS_URL: `tls://127.0.0.1:${front.port}` });
  await program.waitFor(
    /WARNING:bus:- the bus at tls:\/\/127.0.0.1:\d+ cannot be reached over TLS \(DEPTH_ZERO_SELF_SIGNED_CERT\): .*NODE_EXTRA_CA_CERTS=FILE/,
  );
  await until("no connection is left", () => front.open === 0);
  assert.ok(front.accepted <= 4, `${front.accepted} attempts`);
});

test("a certificate for another name is reported as such", async (context) => {
  const made = certificate(context, "DNS:elsewhere.example");
  const front = await proxy(context, made);
  const env = { NATS_URL: `tls://127.0.0.1:${front.port}`, NODE_EXTRA_CA_CERTS: made.certFile };
  await ratings(context, env).waitFor(
    /ALTNAME_INVALID\): its certificate is for elsewhere\.example: write that name in NATS_URL/,
  );
});

test("a server that announces TLS gets it; what is added to its greeting before TLS begins is not taken for its words", async (context) => {
  const made = certificate(context);
  const config = `tls { cert_file: "${made.certFile}", key_file: "${made.keyFile}" }`;
  const server = await startNatsServer({ config });
  const between = createServer((socket) => {
    const onward = createConnection(server.port, "127.0.0.1");
    for (const end of [socket, onward]) end.on("error", () => end.destroy());
    onward.once("data", (greeting) => {
      socket.write(Buffer.concat([greeting, Buffer.from("-ERR 'Authorization Violation'\r\n")]));
      onward.pipe(socket).pipe(onward);
    });
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  context.ends.push(
    () => server.stop(),
    () => void between.close(),
  );
  const { port } = between.address() as AddressInfo;
  const program = ratings(context, { NATS_URL: `nats://127.0.0.1:${port}`, NODE_EXTRA_CA_CERTS: made.certFile });
  await program.waitFor(/instance 1 is up/);
});

test.run();
