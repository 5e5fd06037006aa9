// takes: 60 s
// The bus changes hands, and with it whether one has to log in: what Markets, instances and callers do then. Real
// servers, real programs, and an open server in the place of one with logins.

import * as assert from "uvu/assert";
import { paths } from "../../src/dwc/identity/derived-files.ts";
import { connectBus } from "../../src/service/index.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { type Honeypot, startHoneypot } from "../support/honeypot.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Folder } from "../support/orgs.ts";
import { STARTED } from "../support/takeover.ts";
import { pause, until } from "../support/until.ts";
import { type RunningMarket, World } from "../support/world.ts";

const test = cleanupSuite("a bus with logins and what takes its place");

const PASSWORD = 'authorization { user: "ann", password: "s3cret-word" }';
/** The outage of the example, and as long again as a takeover takes at most. */
const OUTAGE_MS = 2_400;

function world(context: Cleanup, url: string, env: Readonly<Record<string, string>> = {}): World {
  const made = new World(url, env);
  context.ends.push(() => made.close());
  return made;
}

async function ownServer(context: Cleanup, config: string | undefined, port: number): Promise<TestServer> {
  const server = await startNatsServer({ port, ...(config === undefined ? {} : { config }) });
  context.ends.push(() => server.stop());
  return server;
}

async function trapAt(context: Cleanup, port: number): Promise<Honeypot> {
  const trap = await startHoneypot(port);
  context.ends.push(() => trap.close());
  return trap;
}

async function org(context: Cleanup): Promise<Folder> {
  const folder = new Folder();
  context.ends.push(() => folder.remove());
  await folder.createOrg();
  await folder.createService("ratings");
  return folder;
}

test("a server with a password is waited for, also before it was ever up, and nothing takes its port", async (context) => {
  const port = await freePort();
  const market = await world(context, `nats://ann:s3cret-word@127.0.0.1:${port}`).startMarket();
  assert.is(
    market.program.count(/nothing answers at nats:\/\/127.*: waiting for a bus there \(the address names a user/),
    1,
  );
  const server = await ownServer(context, PASSWORD, port);
  await comesBack(market, server);
  assert.is(market.program.count(/s3cret/), 0);
});

test("a server of the operator's own without logins is waited for, with a line that says so", async (context) => {
  const server = await ownServer(context, undefined, await freePort());
  const market = await world(context, server.url).startMarket();
  await comesBack(market, server);
  assert.is(market.program.count(/waiting for a bus there .*not started by a Market/), 1);
  assert.is(market.program.count(/is open: anyone who reaches it can join.*bin\/dwc/), 1);
});

async function comesBack({ program }: RunningMarket, server: TestServer): Promise<void> {
  await program.waitFor(/INFO:bus:- connected/);
  await server.kill();
  await program.waitFor(/WARNING:bus:- disconnected/);
  await pause(OUTAGE_MS);
  const mark = program.mark();
  await server.restart(); // fails where the Market has taken its port
  await program.waitFor(/INFO:bus:- connected/, { mark });
  assert.is(program.count(STARTED), 0);
}

test("a server of ours, then one of the operator's, away: the second is waited for", async (context) => {
  const port = await freePort();
  const ours = world(context, `nats://127.0.0.1:${port}`);
  const owner = await ours.startMarket();
  const other = await ours.startMarket();
  await other.program.waitFor(/INFO:bus:- connected|open at/);
  const [, pid = ""] = await owner.program.waitFor(STARTED);
  // The operator's own takes the port while both Markets stand still.
  await Promise.all([owner.program.stop(), other.program.stop()]);
  process.kill(Number(pid), "SIGKILL");
  await until("the port is free", async () => (await startable(port)) === true);
  const theirs = await ownServer(context, undefined, port);
  const marks = [owner, other].map(({ program }) => program.mark());
  for (const { program } of [owner, other]) program.signal("SIGCONT");
  await Promise.all(
    [owner, other].map(({ program }, at) => program.waitFor(/INFO:bus:- connected/, { mark: marks[at] ?? 0 })),
  );
  await theirs.kill();
  await Promise.all(
    [owner, other].map(({ program }, at) => program.waitFor(/not started by a Market/, { mark: marks[at] ?? 0 })),
  );
  await pause(OUTAGE_MS / 2);
  await theirs.restart();
  assert.is(owner.program.count(STARTED) + other.program.count(STARTED), 1);
});

async function startable(port: number): Promise<boolean> {
  const trap = await startHoneypot(port).catch(() => undefined);
  await trap?.close();
  return trap !== undefined;
}

test("a Market with NATS_CREDS alone starts no server: not at boot, and not in the place of a secured one", async (context) => {
  const folder = await org(context);
  const port = await freePort();
  const url = `nats://127.0.0.1:${port}`;
  const NATS_CREDS = paths.personCreds(folder.path, folder.org.id);
  const elsewhere = world(context, url, { NATS_CREDS });
  const market = await elsewhere.startMarket();
  await market.program.waitFor(
    /waiting for a bus there \(one that knows the credentials in NATS_CREDS; .*has none there\)/,
  );
  const owner = await world(context, url, { DWC_STATE: folder.path }).startMarket();
  await owner.program.waitFor(STARTED);
  await market.program.waitFor(/INFO:bus:- connected/);
  await owner.program.end();
  await market.program.waitFor(/WARNING:bus:- disconnected/);
  await pause(OUTAGE_MS);
  assert.ok(await startable(port), "nothing has taken the port");
  assert.is(market.program.count(STARTED), 0);
});

test("an open server in the place of one with logins receives nothing from any of our programs", async (context) => {
  const folder = await org(context);
  const server = await folder.startServer();
  context.ends.push(() => server.stop());
  const ours = world(context, server.url, { DWC_STATE: folder.path });
  const [market, ratings] = [await ours.startMarket(), await ours.startRatings(1)];
  await market.untilKnown(1);
  const reports: string[] = [];
  const options = { credentials: folder.person, report: (line: string) => reports.push(line) };
  const caller = await connectBus(server.url, options);
  context.ends.push(() => caller.close());
  assert.is(caller.status, "connected");
  await server.stop();
  const trap = await trapAt(context, server.port);
  for (const { program } of [market, ratings])
    await program.waitFor(/WARNING:bus:- the bus at \S+ is open, and is not joined: .*OPEN_BUS=1/);
  await until("the caller says so", () => reports.some((line) => /is not joined/.test(line)));
  const again = await connectBus(server.url, { report: (line) => reports.push(line) }).then(() => "connects", String);
  assert.match(again, /is open, and is not joined/, "a new connection of the same process");
  const visit = await ours.dwc(["call", "ratings", "get", "camera"], {
    NATS_CREDS: paths.personCreds(folder.path, folder.org.id),
  });
  assert.is(visit.code, 1);
  assert.match(visit.said, /is open, and is not joined/);
  assert.ok(trap.connections >= 4);
  assert.is(trap.received, "");
  await trap.close();
  const mark = ratings.program.mark();
  await server.restart();
  await ratings.program.waitFor(/is back on the bus/, { mark });
});

test("OPEN_BUS=1: the open one is joined, with a warning that says what is lost", async (context) => {
  const folder = await org(context);
  const server = await folder.startServer();
  const ours = world(context, server.url, { DWC_STATE: folder.path, OPEN_BUS: "1" });
  const [market, ratings] = [await ours.startMarket(), await ours.startRatings(1)];
  await market.untilKnown(1);
  await server.stop();
  await ownServer(context, undefined, server.port);
  for (const { program } of [market, ratings])
    await program.waitFor(/WARNING:bus:- the bus at \S+ is open: .*the bus before it asked for logins/);
  await market.untilKnown(1);
});

test("OPEN_BUS=1: the warning is not lost where the second connection joins the open one long before the first", async (context) => {
  const folder = await org(context);
  const port = await freePort();
  let isShut = true;
  const trap = await startHoneypot(port, (words) => isShut && words.includes('"name":"market"'));
  context.ends.push(() => trap.close());
  const ours = world(context, `nats://127.0.0.1:${port}`, { DWC_STATE: folder.path, OPEN_BUS: "1" });
  const market = ours.start({ name: "market", env: { PORT: "0", ADMIN_PORT: "0" } });
  await until("heartbeats are asked for", () => trap.received.includes("market-heartbeats"), 10_000);
  await pause(OUTAGE_MS);
  isShut = false;
  await market.waitFor(/bus:- connected/);
  assert.is(market.count(/WARNING:bus:- the bus at \S+ is open: .*does not check the credentials/), 1);
});

test("NATS_CREDS or a password at an open bus: refused at the start, in one line with what to set", async (context) => {
  const folder = await org(context);
  const server = await ownServer(context, undefined, await freePort());
  for (const [name, natsUrl, env] of [
    ["ratings", server.url, { NATS_CREDS: paths.serviceCreds(folder.path, folder.org.id, "ratings") }],
    ["market", server.url.replace("//", "//ann:s3cret-word@"), {}],
  ] as const) {
    const program = world(context, natsUrl, env).start({ name, env: { PORT: "0" } });
    assert.is((await program.ended).code, 1, program.lines.join("\n"));
    assert.is(program.count(/is open, and is not joined: .*OPEN_BUS=1/), 1, program.lines.join("\n"));
    assert.is(program.count(/s3cret/), 0);
  }
});

test.run();
