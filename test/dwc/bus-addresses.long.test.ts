// takes: 25 s
// shares: dwc with a bus
// The cures that dwc prints where a Market starts no bus, where a bus keeps its accounts elsewhere, and where a bus takes no
// more subscriptions or no longer messages: none of them is a command that cannot help.

import { spawn } from "node:child_process";
import * as assert from "uvu/assert";
import { readBusAddress } from "../../src/bus/core/bus-address.ts";
import { probe } from "../../src/bus/handshake.ts";
import { systemClock } from "../../src/clock.ts";
import { freePort } from "../support/nats-server.ts";
import { type Certificate, makeCertificate } from "../support/tls-front.ts";
import { until } from "../support/until.ts";
import { at, configOf, deskSuite, natsServer, newDesk } from "./desk-bus.ts";
import type { Desk } from "./run-dwc.ts";

const test = deskSuite("cures by the address of the bus");

const CALL = ["call", "ratings", "get", "camera"];
const STARTS = /make (market|add-ratings)(?! {3}\(elsewhere)/;

/** What check says of the bus. */
async function busFindings(desk: Desk, url: string): Promise<string> {
  const { stdout } = await desk.type(["check", "--json"], at(url));
  const { findings } = JSON.parse(stdout) as { findings: readonly { readonly group: string }[] };
  return JSON.stringify(findings.filter(({ group }) => group === "bus"));
}

test("where no Market starts a bus, none is offered to start one", async ({ ann }) => {
  const [one, two] = [await freePort(), await freePort()];
  for (const url of [
    `tls://127.0.0.1:${one}`,
    `nats://ann:secret@127.0.0.1:${one}`,
    `nats://127.0.0.1:${one},nats://127.0.0.1:${two}`,
  ]) {
    assert.not.match(await busFindings(ann, url), STARTS, url);
    assert.match(
      (await ann.type(["status"], at(url))).stdout,
      "does not answer; what starts a bus there:  bin/dwc check",
    );
    for (const args of [["ps"], CALL, ["fault"]]) {
      const { stderr } = await ann.type(args, at(url));
      assert.match(stderr, /^what starts one: {2}bin\/dwc check$/m, url);
      assert.not.match(stderr, STARTS, url);
    }
  }
  assert.match(
    await busFindings(ann, `nats://ann:secret@127.0.0.1:${one}`),
    "the server that knows the user in NATS_URL",
  );
  assert.match((await ann.type(["ps"], at(`nats://127.0.0.1:${one}`))).stderr, STARTS);
});

test("the server that is offered for an address of tls:// has TLS, and admits the org", async ({ ann }) => {
  const certificate = makeCertificate();
  const port = await freePort();
  const url = `tls://127.0.0.1:${port}`;
  const { stdout } = await ann.type(["check"], at(url));
  const line = /\S*nats-server -c .*--tlskey KEY_FILE/.exec(stdout)?.[0] ?? "";
  assert.match(line, "--tls ", stdout);
  const server = start(line, ann, certificate);
  try {
    const look = { clock: systemClock(), timeoutMs: 1_000 };
    await until("the bus", async () => (await probe(readBusAddress(url), look)).kind === "nats");
    const env = { NATS_URL: url, NODE_EXTRA_CA_CERTS: certificate.certFile };
    const pushed = await ann.start(["push"], { env });
    assert.is(pushed.code, 0, pushed.stderr);
  } finally {
    server.kill("SIGKILL");
    certificate.remove();
  }
});

function start(line: string, desk: Desk, { certFile, keyFile }: Certificate) {
  const { PATH = "" } = process.env;
  const typed = line.replace("CERTIFICATE_FILE", certFile).replace("KEY_FILE", keyFile);
  const env = { PATH: `${PATH}:/usr/sbin`, HOME: desk.folder, DWC_STATE: desk.state };
  return spawn("sh", ["-c", `exec ${typed}`], { env, stdio: "ignore" });
}

test("a server that wants a certificate of ours is named as such, and its cure cures", async (context) => {
  const { ann } = context;
  const certificate = makeCertificate("IP:127.0.0.1,DNS:bus.example");
  const { certFile, keyFile } = certificate;
  const tls = (verify: boolean): string =>
    `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${certFile}", verify: ${verify}, timeout: 5 }\n`;
  const config = await configOf(ann);
  const strict = await natsServer(context, { config: config + tls(true) });
  const env = { NATS_URL: strict.url.replace("nats:", "tls:"), NODE_EXTRA_CA_CERTS: certFile };
  const checked = await ann.start(["check"], { env });
  assert.match(checked.stdout, /asks for a certificate of ours.*\n\s+turn off {2}verify {2}in its TLS configuration/);
  assert.not.match(checked.stdout, /bin\/dwc push|end it, then/);
  const pushed = await ann.start(["push"], { env });
  assert.match(pushed.stderr, "bin/dwc push");
  await strict.stop();
  await natsServer(context, { config: config + tls(false), port: strict.port });
  assert.is((await ann.start(["push"], { env })).code, 0);
  const other = { ...env, NATS_URL: env.NATS_URL.replace("127.0.0.1", "localhost") };
  const { stderr } = await ann.start(["ps"], { env: other });
  assert.match(stderr, /its certificate is for 127\.0\.0\.1, bus\.example\nwrite that name in NATS_URL/);
  certificate.remove();
});

test("a bus that knows a user by name and password is said to keep its accounts elsewhere", async (context) => {
  const { ann } = context;
  const server = await natsServer(context, { config: "authorization { user: u, password: secret }\n" });
  const url = server.url.replace("//", "//u:secret@");
  const { code, stderr } = await ann.type(["push"], at(url));
  assert.is(code, 4);
  assert.match(stderr, "it keeps its accounts elsewhere");
  const findings = await busFindings(ann, url);
  assert.match(findings, "it keeps its accounts elsewhere");
  assert.not.match(findings, "bin/dwc push");
  const { stdout } = await ann.type(["invite-user", "ben@example.org"]);
  const ben = await newDesk(context);
  const joined = await ben.type(["accept-invitation", "-"], at(url, { stdin: stdout }));
  assert.is(joined.code, 4);
  assert.match(joined.stderr, "refuses your credentials");
  const left = await ann.type(["logout", "--force"], at(url));
  assert.is(left.code, 0, left.stderr);
  assert.not.match(left.stderr, "goes on as before");
});

test("where a token is too long for the bus, check says so as push does", async (context) => {
  const { ann } = context;
  const server = await natsServer(context, { config: `${await configOf(ann)}max_payload: 1024\n` });
  assert.is((await ann.type(["revoke", "unknown@example.org"], at(server.url))).code, 1);
  await ann.type(["create-service", "ratings"]);
  // The server reads the token from its folder as soon as the first of the org logs in.
  assert.is((await ann.type(["ps"], at(server.url))).code, 0);
  const { code, stderr } = await ann.type(["revoke", "ratings"], at(server.url));
  assert.is(code, 4);
  assert.match(stderr, /max_payload/);
  const findings = await busFindings(ann, server.url);
  assert.match(findings, /max_payload/);
  assert.not.match(findings, "bin/dwc push");
});

test("a change that no bus received is not reported as handed over", async ({ ann }) => {
  await ann.must("create-service", "ratings");
  await ann.type(["revoke", "ratings"]);
  const { stdout } = await ann.type(["revoke", "ratings"]);
  assert.match(stdout, /^Revoked before: service ratings in /);
  assert.not.match((await ann.type(["push"])).stdout, "offered");
});

test("at the limit of subscriptions the bus has no room, and its cure cures", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const config = await configOf(ann);
  const full = await natsServer(context, { config: `${config}max_subscriptions: 1\n` });
  for (const args of [["ps"], CALL]) {
    const { code, stderr } = await ann.type(args, at(full.url));
    assert.is(code, 1);
    assert.match(stderr, /has no room for this process \(maximum subscriptions exceeded\).*\nraise max_subscriptions/i);
    assert.not.match(stderr, /no instance|startRatings|is away/);
    const { error } = JSON.parse((await ann.type([...args, "--json"], at(full.url))).stderr);
    assert.is(error.code, "bus-limited");
  }
  const { code, stdout } = await ann.type(["check"], at(full.url));
  assert.is(code, 2);
  assert.match(stdout, /critical .*no room for this process.*\n\s+raise max_subscriptions/i);
  assert.not.match(stdout, "startRatings");
  await full.stop();
  await natsServer(context, { config, port: full.port });
  assert.is((await ann.type(["ps"], at(full.url))).code, 0);
});

test.run();
