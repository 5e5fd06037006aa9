// takes: 35 s
// shares: dwc with a bus
// dwc beside a real bus: what status says of it, and how soon it obeys.

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { requiresAuth } from "../../src/dwc/identity/sync-bus.ts";
import { connectBus } from "../../src/service/connect.ts";
import { goldenOf } from "../support/golden.ts";
import { listen } from "../support/listen.ts";
import { credentials as credentialsIn } from "../support/orgs.ts";
import { at, busOf, deskSuite, login, natsServer, newDesk } from "./desk-bus.ts";
import { type Desk, ownersDesk, type RunOptions } from "./run-dwc.ts";

const test = deskSuite("dwc and the bus");
const golden = goldenOf(test, "dwc/bus");

async function shown(desk: Desk, url: string, options: RunOptions = {}): Promise<Record<string, unknown>> {
  const { stdout } = await desk.type(["status", "--json"], at(url, options));
  return JSON.parse(stdout).bus[0];
}

test("status distinguishes an open bus from a secured one", async (context) => {
  const { ann } = context;
  const open = await natsServer(context);
  assert.equal(await shown(ann, open.url), { url: open.url, found: "bus", answers: true, secured: false, why: null });
  const { stdout } = await ann.type(["status"], at(open.url));
  golden(stdout);
  const secured = await busOf(context, ann);
  assert.equal(await shown(ann, secured.url), {
    url: secured.url,
    found: "bus",
    answers: true,
    secured: true,
    why: null,
  });
});

test("status distinguishes a paused bus and a server that is not NATS from a bus", async (context) => {
  const { ann } = context;
  const bus = await natsServer(context);
  bus.pause();
  assert.is((await shown(ann, bus.url, { speed: 8 }))["found"], "silent");
  const notNats = createServer((socket) => socket.end("SSH-2.0-something\r\n"));
  assert.is((await shown(ann, `nats://127.0.0.1:${await listen(notNats)}`))["found"], "not-nats");
  await new Promise((resolve) => notNats.close(resolve));
});

test("a password in the address is never shown", async ({ ann }) => {
  const { stdout, stderr } = await ann.type(["status"], { env: { NATS_URL: "nats://ann:pa55word@127.0.0.1:1" } });
  golden(stdout);
  assert.not.match(stdout + stderr, "pa55word");
});

test("a greeting that cannot be read asks for nothing", () => {
  assert.is(requiresAuth('INFO {"auth_required":true}'), true);
  for (const greeting of ["INFO {}", "INFO", "INFO {", 'INFO {"auth_required":"yes"}', "INFO null"])
    assert.is(requiresAuth(greeting), false, greeting);
});

test("what is made while an open bus runs says that this bus stays open, and what to type", async (context) => {
  const { ann } = context;
  const open = await natsServer(context);
  for (const args of [
    ["create-org", "Another Org", "Ann", "ann@example.org"],
    ["create-service", "ratings"],
    ["invite-user", "ben@example.org"],
    ["revoke", "ratings"],
  ]) {
    const { code, stderr } = await ann.type(args, at(open.url));
    assert.is(code, 4, args[0]);
    golden(stderr);
  }
});

test("whatever joins an open bus where an org is says WARNING, in JSON as well", async (context) => {
  const { ann } = context;
  const open = await natsServer(context);
  const env = { NATS_URL: open.url };
  const warning = /^WARNING: the bus at \S+ is open: anyone who reaches it can join and read/m;
  for (const args of [["call", "ratings", "get", "camera"], ["ps"], ["fault"], ["fault", "ratings/1", "pause"]]) {
    const { stderr } = await ann.type(args, { env });
    assert.match(stderr, warning, args.join(" "));
    const json = await ann.type([...args, "--json"], { env });
    const { warnings } = JSON.parse(json.stdout === "" ? json.stderr : json.stdout);
    golden(warnings[0]);
  }
  await ann.must("create-service", "ratings");
  const reports: string[] = [];
  const credentials = credentialsIn(await ann.must("service-token", "ratings"));
  const report = (line: string): void => void reports.push(line);
  const bus = await connectBus(open.url, { credentials, openBus: "join", report });
  assert.match(reports.join("\n"), warning);
  await bus.close();
});

test("a revoked service is off the running bus within two seconds, and others stay", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann);
  const env = { NATS_URL: bus.url };
  const connected = async (service: string) => {
    await ann.type(["create-service", service], { env });
    return login(ann, bus, service);
  };
  const ratings = await connected("ratings");
  const prices = await connected("prices");
  const revoked = await ann.type(["revoke", "ratings"], { env });
  assert.is(revoked.code, 0);
  assert.not.match(revoked.stderr, "Note:");
  await ratings.closed();
  assert.not(prices.isClosed());
  await prices.close();
});

test("an org made while another's bus runs: dwc says that this bus does not obey it", async (context) => {
  const { ann } = context;
  const ben = await newDesk(context, ownersDesk());
  const bus = await busOf(context, ben);
  const { code, stderr } = await ann.type(["create-org", "Late", "Ann", "ann@example.org"], at(bus.url));
  assert.is(code, 4);
  golden(stderr);
});

test("a server with accounts in its configuration takes no change, and check names a cure that helps", async (context) => {
  const { ann } = context;
  const path = (await ann.must("nats-config")).trimEnd();
  const accounts = join(dirname(path), "accounts");
  const kept = readdirSync(accounts).map(
    (file) => `${file.replace(".jwt", "")}: ${readFileSync(join(accounts, file))}`,
  );
  const trust = readFileSync(path, "utf8").match(/^(operator|system_account): .*$/gm) ?? [];
  const config = [...trust, "resolver: MEMORY", "resolver_preload: {", ...kept, "}"].join("\n");
  const bus = await natsServer(context, { config });
  const env = { NATS_URL: bus.url };
  // A server shows the token of an account once a member has logged in.
  await ann.type(["fault"], { env });
  assert.is((await ann.type(["push"], { env })).code, 0, "it has been started with the token of today");
  const invited = await ann.type(["invite-user", "ben@example.org", "--json"], { env });
  assert.equal([invited.code, JSON.parse(invited.stdout).buses[0].reason], [4, "fixed"]);
  const { stdout } = await ann.type(["check"], { env });
  golden(stdout);
});

test("check, ps, call and fault find the address that admits them, beside paused and foreign buses", async (context) => {
  const { ann } = context;
  const ben = await newDesk(context, ownersDesk());
  const [own, foreign, ...paused] = await Promise.all([
    busOf(context, ann),
    busOf(context, ben),
    natsServer(context),
    natsServer(context),
  ]);
  for (const bus of paused) bus.pause();
  const env = { NATS_URL: [...paused, foreign, own].map(({ url }) => url).join(",") };
  for (const args of [["check"], ["ps"], ["call", "ratings", "get", "camera"], ["fault"]]) {
    const { stdout, stderr } = await ann.type(args, { env, speed: 2 });
    assert.not.match(stdout + stderr, /has let us in|does not let us in/, args.join(" "));
  }
  await own.stop();
  const [first, second] = paused.map(({ url }) => url);
  const psAt = async (...urls: unknown[]) => (await ann.type(["ps"], { env: { NATS_URL: urls.join(",") } })).stderr;
  golden(await psAt(own.url, "nats://127.0.0.1:1"));
  golden(await psAt(first, own.url, second));
});

test.run();
