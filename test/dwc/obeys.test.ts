// takes: 20 s
// Every change says whether the bus that runs obeys it: on paper, in an exit code and in JSON; and saying it again cures.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { pushAccounts } from "../../src/dwc/identity/push.ts";
import { withRevoked } from "../support/identity-fixtures.ts";
import { listen } from "../support/listen.ts";
import { freePort, freeUrl, type TestServer } from "../support/nats-server.ts";
import { clock, Folder, logIn } from "../support/orgs.ts";
import { relay } from "../support/relay.ts";
import { until, untilMatches } from "../support/until.ts";
import { at, busOf, configOf, connectWith, deskSuite, inCluster, login, natsServer, newDesk } from "./desk-bus.ts";
import { type Desk, ownersDesk, type RunOptions, SECRET, type Typed } from "./run-dwc.ts";

const test = deskSuite("dwc and whether the bus obeys");
/** For a bus that stays silent. */
const FAST: RunOptions = { speed: 4 };

interface Said {
  readonly code: number | null;
  readonly bus: string;
  readonly buses: readonly { readonly url: string; readonly bus: string; readonly reason: string | null }[];
  readonly outcome: string | undefined;
  readonly unwritten?: string;
}

/** What a script sees. */
const said = (desk: Desk, url: string, ...args: string[]): Promise<Said> => saidAt(at(url), desk, ...args);
const saidFast = (desk: Desk, url: string, ...args: string[]): Promise<Said> => saidAt(at(url, FAST), desk, ...args);

async function saidAt(options: RunOptions, desk: Desk, ...args: string[]): Promise<Said> {
  const { code, stdout, stderr } = await desk.type([...args, "--json"], options);
  assert.not.match(stdout + stderr, SECRET);
  return { ...JSON.parse(stdout === "" ? stderr : stdout), code };
}

test("a paused bus is not known to obey; once it runs again, the same command makes it", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const bus = await busOf(context, ann);
  const ratings = await login(ann, bus, "ratings");
  bus.pause();
  const { code, stdout, stderr } = await ann.type(["revoke", "ratings"], at(bus.url, FAST));
  assert.is(code, 4);
  assert.match(stdout, /^Revoked service ratings/);
  assert.match(stderr, /whether the bus at \S+ obeys is not known .*paused.*\n.*bin\/dwc revoke ratings/);
  const paused = await saidFast(ann, bus.url, "revoke", "ratings");
  assert.equal([paused.code, paused.bus, paused.outcome], [4, "unknown", "again"]);
  bus.resume();
  const again = await said(ann, bus.url, "revoke", "ratings");
  assert.equal([again.code, again.bus, again.outcome], [0, "obeys", "again"]);
  await ratings.closed();
});

test("a bus that is elsewhere, foreign or open does not obey, and a revocation says so", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann);
  const ben = await newDesk(context, ownersDesk());
  const foreign = await busOf(context, ben);
  const open = await natsServer(context);
  const nowhere = await freeUrl();
  await ann.must("create-service", "ratings");
  const first = await ann.type(["revoke", "ratings"], at(nowhere));
  assert.is(first.code, 4);
  assert.match(first.stderr, /No bus runs at .*\n.*NATS_URL=nats:\/\/HOST:4222 bin\/dwc revoke ratings/);
  const cases: readonly (readonly [string, number, string, string | null])[] = [
    [nowhere, 4, "not running", null],
    [foreign.url, 4, "does not obey", "foreign"],
    [open.url, 4, "does not obey", "open"],
    [bus.url, 0, "obeys", null],
  ];
  for (const [url, code, word, reason] of cases) {
    const { buses, ...answer } = await said(ann, url, "revoke", "ratings");
    assert.equal([answer.code, answer.bus, buses[0]?.reason], [code, word, reason], word);
  }
  // Each address counts: separate servers pass nothing on.
  const several = await said(ann, [bus.url, nowhere, foreign.url].join(","), "revoke", "ratings");
  assert.equal([several.code, several.bus], [4, "does not obey"]);
  assert.equal(
    several.buses.map((one) => one.bus),
    ["obeys", "unknown", "does not obey"],
  );
  // A server of a cluster that is down comes back with the token that it had.
  const oneIsDown = await said(ann, [bus.url, nowhere].join(","), "revoke", "ratings");
  assert.equal([oneIsDown.code, oneIsDown.bus], [4, "unknown"]);
  const created = await said(ann, [bus.url, nowhere].join(","), "create-service", "ratings");
  assert.equal([created.code, created.bus], [0, "obeys"], "an instance that is not let in says so");
});

test("every kind of change says it, also what was done before", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann);
  const changes = [
    ["create-service", "ratings"],
    ["invite-user", "ben@example.org", "--admin"],
    ["revoke", "ben@example.org"],
    ["create-org", "Second", "Ann", "ann@example.org"],
    ["push"],
  ];
  for (const args of changes) {
    const { code, bus: word } = await said(ann, bus.url, ...args);
    assert.equal([code, word], [0, "obeys"], args.join(" "));
  }
  const before = await said(ann, bus.url, "create-org", "Second", "Ann", "ann@example.org");
  assert.equal([before.code, before.bus], [1, "obeys"], "refused, and pushed all the same");
  const out = await said(ann, bus.url, "logout", "--force");
  assert.equal([out.code, out.bus, out.buses[0]?.reason], [4, "does not obey", "forgotten"]);
});

test("logout exits with 0 where the bus admits no member, and asks about each org", async (context) => {
  const { ann } = context;
  const ben = await newDesk(context, ownersDesk());
  const foreign = await busOf(context, ben);
  await ben.must("create-org", "Second", "Ben", "ben@example.org");
  const elsewhere = await busOf(context, ben, { accounts: join(ben.folder, "theirs"), isNew: true });
  // Only the second org is known there: the first was never handed over.
  const isHandedOver = async () => (await saidFast(ben, elsewhere.url, "create-service", "ratings")).bus === "obeys";
  await until("the second org is handed over", isHandedOver);
  const cut = [elsewhere.url, await freeUrl()].join(",");
  const out = await saidFast(ben, cut, "logout", "--force");
  assert.equal([out.code, out.bus], [4, "does not obey"]);
  assert.equal(
    out.buses.map(({ bus: word, reason }) => [word, reason]),
    [
      ["does not obey", "forgotten"],
      ["unknown", "silent"],
    ],
  );
  const gone = await said(ann, foreign.url, "logout", "--force");
  assert.equal([gone.code, gone.bus], [0, "obeys"]);
});

test("an owner whose clock is hours behind the server's, or ahead, hands over each change", async (context) => {
  const folder = new Folder();
  await folder.createOrg();
  const server = await folder.startServer();
  context.ends.push(() => server.stop());
  const { operator } = folder.state;
  if (operator === null) throw new Error("no operator");
  for (const behindMs of [-HOURS_MS, 61_000, HOURS_MS]) {
    const off = { ...clock, wall: () => clock.wall() - behindMs };
    const options = { url: server.url, clock: off, mint: natsMint, mode: "push" } as const;
    const [result] = await pushAccounts(operator, [folder.org], options);
    assert.is(result?.kind, "obeys", `${behindMs} ms behind: ${JSON.stringify(result)}`);
  }
  folder.remove();
});

test("a token too long for the bus is reported with its size, and the hint cures it", async (context) => {
  const folder = new Folder();
  context.ends.push(() => folder.remove());
  await folder.createOrg();
  await folder.createService("ratings");
  const start = () => natsServer(context, { config: `${folder.serverConfig()}max_payload: 4096\n` });
  const running = await start();
  const before = await logIn(running, folder.person);
  assert.is((await folder.push(running)).kind, "obeys");
  await folder.change((state) => ({ kind: "done", state: withRevoked(state, 60) }));
  await folder.revoke("ratings");
  const result = await folder.push(running);
  assert.ok(result.kind === "does not obey" && result.reason === "fixed", JSON.stringify(result));
  assert.match(result.why, /the account token has \d{4} bytes, and it takes 4096 \(max_payload\)/);
  const again = await start();
  const guest = await logIn(again, folder.person);
  assert.is((await folder.push(again)).kind, "obeys");
  for (const { bus } of [before, guest]) await bus.close();
});

const HOURS_MS = 7_200_000;

test("a member and an admin see whether the bus lets them in", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann, { accounts: join(ann.folder, "theirs") });
  assert.is((await said(ann, bus.url, "push")).bus, "obeys");
  const { code } = await ann.json("invite-user", "ben@example.org", "--admin");
  const ben = await newDesk(context, ownersDesk());
  const there = await said(ben, bus.url, "accept-invitation", String(code));
  assert.equal([there.code, there.bus], [0, "obeys"]);
  // The bus does not have the invitation yet, so it believes no signature of this admin.
  const early = await said(ben, bus.url, "create-service", "prices");
  assert.equal([early.code, early.bus], [4, "does not obey"]);
  assert.is((await said(ann, bus.url, "push")).bus, "obeys");
  const later = await said(ben, bus.url, "create-service", "prices");
  assert.equal([later.code, later.bus], [0, "obeys"]);
  const notHis = await ben.type(["push"], at(bus.url));
  // Ben owns an org of his own, which that bus does not know.
  assert.is(notHis.code, 4);
});

/** Stands before a bus, and can keep back what the bus says; `mute` resolves when it does. */
async function muted(port: number): Promise<{ server: Server; url: string; mute(after: RegExp): Promise<void> }> {
  let muteAfter: RegExp | undefined;
  let onMute = (): void => undefined;
  const server = createServer((client) => {
    let isMute = false;
    const lets = (chunk: Buffer, isClients: boolean): boolean => {
      if (isClients && muteAfter?.test(chunk.toString("latin1"))) {
        isMute = true;
        onMute();
      }
      return isClients || !isMute;
    };
    relay(client, port, { lets });
  });
  const mute = (after: RegExp): Promise<void> => {
    muteAfter = after;
    return new Promise((resolve) => {
      onMute = resolve;
    });
  };
  return { server, url: `nats://127.0.0.1:${await listen(server)}`, mute };
}

test("a bus whose answer is lost is asked again, and believed only when it says which token it uses", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const bus = await busOf(context, ann);
  const between = await muted(bus.port);
  void between.mute(/CLAIMS\.UPDATE/);
  const lost = await saidFast(ann, between.url, "revoke", "ratings");
  assert.equal([lost.code, lost.bus], [4, "unknown"]);
  void between.mute(/never/);
  const found = await said(ann, between.url, "revoke", "ratings");
  assert.equal([found.code, found.bus], [0, "obeys"]);
  between.server.close();
});

test("^C while the bus is asked ends with what was done, and with what to type", async (context) => {
  const { ann } = context;
  const bus = await busOf(context, ann);
  const between = await muted(bus.port);
  const asked = between.mute(/CLAIMS\.UPDATE/);
  const { code, stdout, stderr } = await ann.start(["invite-user", "ben@example.org"], {
    env: { NATS_URL: between.url },
    interrupt: asked,
  });
  between.server.close();
  assert.is(code, null, "by the signal");
  assert.match(stderr, /obeys is not known \(dwc was interrupted .*\n.*bin\/dwc push\n/);
  const ben = await newDesk(context);
  const joined = await ben.type(["accept-invitation", "-"], at(bus.url, { stdin: stdout }));
  assert.is(joined.code, 0, joined.stderr);
});

test("a derived file that cannot be written: the bus receives the change all the same", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const [, folder = ""] = /dir: "(.*)"/.exec(await configOf(ann)) ?? [];
  const bus = await busOf(context, ann, { accounts: join(ann.folder, "theirs") });
  assert.is((await said(ann, bus.url, "push")).bus, "obeys");
  const ratings = await login(ann, bus, "ratings");
  const files = readdirSync(folder).map((file) => join(folder, file));
  for (const file of files) {
    rmSync(file);
    mkdirSync(join(file, "in the way"), { recursive: true });
  }
  const half = await said(ann, bus.url, "revoke", "ratings");
  assert.equal([half.code, half.bus, half.outcome], [4, "obeys", "made"]);
  assert.match(half.unwritten ?? "", /accounts.*type {2}bin\/dwc nats-config/);
  await ratings.closed();
  const noted = await ann.type(["revoke", "ratings"], at(bus.url));
  assert.match(noted.stderr, /^Note: .*cannot be .*bin\/dwc nats-config/m);
  for (const file of files) rmSync(file, { recursive: true });
  await ann.must("nats-config");
  assert.equal(readdirSync(folder).length, files.length);
  const whole = await said(ann, bus.url, "revoke", "ratings");
  assert.equal([whole.code, whole.bus, whole.unwritten], [0, "obeys", undefined]);
});

test("a cluster obeys when all of its servers do, whichever of them is asked", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const [routeOne, routeTwo] = [await freePort(), await freePort()];
  const server = (name: string, route: number): Promise<TestServer> =>
    busOf(context, ann, { more: inCluster(name, route, [routeOne]), accounts: join(ann.folder, name) });
  const [one, two] = await Promise.all([server("one", routeOne), server("two", routeTwo)]);
  await until("both servers", async () => (await saidFast(ann, two.url, "push")).bus === "obeys");
  await until("passed on", async () => (await said(ann, one.url, "push")).bus === "obeys");
  two.pause();
  const half = await saidFast(ann, one.url, "revoke", "ratings");
  assert.equal([half.code, half.bus], [4, "unknown"]);
  const both = await saidFast(ann, `${one.url},${two.url}`, "revoke", "ratings");
  assert.equal([both.code, both.bus], [4, "unknown"]);
  two.resume();
  await until("both servers obey", async () => (await said(ann, one.url, "revoke", "ratings")).bus === "obeys");
});

test("a cluster does not obey while one of its servers admits by another token, or is not there", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const creds = await ann.must("service-token", "ratings");
  const [one, two, away] = [await freePort(), await freePort(), await freePort()];
  // No member of the org is connected to the second server, which keeps the tokens that it was started with.
  const config = await configOf(ann);
  const [, folder = ""] = /dir: "(.*)"/.exec(config) ?? [];
  const preload = readdirSync(folder).map(
    (file) => `${file.slice(0, -4)}: ${readFileSync(join(folder, file), "utf8")}`,
  );
  const memory = config.replace(
    /resolver: \{[^}]*\}/,
    `resolver: MEMORY\nresolver_preload: {\n${preload.join("\n")}\n}\n`,
  );
  const bus = await busOf(context, ann, { more: inCluster("one", one, [two]), accounts: join(ann.folder, "one") });
  const stubborn = await natsServer(context, { config: memory + inCluster("two", two, [one]) });
  const names = new RegExp(`its server test-${stubborn.port} does not say .*\\s.*repair server test-${stubborn.port} `);
  // Until the two have met, the first says of the other only that it is not there.
  await untilMatches(names, async () => (await ann.type(["push"], at(bus.url))).stderr);
  const revoked = await said(ann, bus.url, "revoke", "ratings");
  assert.equal([revoked.code, revoked.bus], [4, "unknown"]);
  // check logs in as a member. The other server may learn of the account by that, and then shows the token that it has.
  const shown = names.source.replace("does not say .*", "(does not say .*|uses an older account token of this org)");
  await untilMatches(new RegExp(shown), async () => (await ann.type(["check"], at(bus.url))).stdout);
  await (await connectWith(creds, stubborn)).close();
  await stubborn.stop();
  const three = { more: inCluster("three", away, [one, away]), accounts: join(ann.folder, "three") };
  const alone = await busOf(context, ann, three);
  const known = async (): Promise<string> => (await saidFast(ann, alone.url, "revoke", "ratings")).buses[0]?.bus ?? "";
  await until("a named server without a connection is missed", async () => (await known()) === "unknown");
});

test("push from an old copy takes nothing back, and check says which folder is older", async (context) => {
  const { ann } = context;
  await ann.must("create-service", "ratings");
  const bus = await busOf(context, ann, { accounts: join(ann.folder, "theirs") });
  assert.is((await said(ann, bus.url, "push")).bus, "obeys");
  const ratings = await login(ann, bus, "ratings");
  const creds = await ann.must("service-token", "ratings");
  const copy = join(ann.folder, "copy");
  cpSync(ann.state, copy, { recursive: true });
  await ann.must("revoke", "ratings").catch(() => undefined); // no bus receives it: NATS_URL is elsewhere
  const check = (): Promise<Typed> => ann.type(["check"], at(bus.url));
  const checked = await check();
  assert.is(checked.code, 2);
  assert.match(checked.stdout, /critical .*older account token[\s\S]*bin\/dwc push/);
  assert.is((await said(ann, bus.url, "push")).bus, "obeys");
  await ratings.closed();
  assert.not.match((await check()).stdout, /older account token/);
  rmSync(ann.state, { recursive: true });
  cpSync(copy, ann.state, { recursive: true });
  const old = await said(ann, bus.url, "push");
  assert.equal([old.code, old.bus, old.buses[0]?.reason], [4, "does not obey", "newer"]);
  assert.match((await check()).stdout, /critical .*revokes keys/);
  const invited = await said(ann, bus.url, "invite-user", "ben@example.org");
  assert.equal([invited.code, invited.bus], [0, "obeys"]);
  const again = await said(ann, bus.url, "revoke", "ratings");
  assert.equal([again.code, again.outcome], [0, "again"], "the old copy has learned what was revoked since");
  assert.match(await connectWith(creds, bus).then(() => "let in", String), /Authorization/);
});

test.run();
