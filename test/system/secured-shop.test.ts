// takes: 40 s
// The Market and its Ratings as programs, on a bus that asks who they are: with credentials, without, and with wrong
// ones.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { resolveCredentials } from "../../src/dwc/identity/credentials.ts";
import { paths } from "../../src/dwc/identity/derived-files.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { freePort, startNatsServer, type TestServer } from "../support/nats-server.ts";
import { Folder } from "../support/orgs.ts";
import type { Program } from "../support/program.ts";
import { STARTED } from "../support/takeover.ts";
import { until } from "../support/until.ts";
import { type RunningMarket, World } from "../support/world.ts";

const ENDS_TIMEOUT_MS = 30_000;

interface Context extends Cleanup {
  folder: Folder;
}

const shop = cleanupSuite<Context>("the shop on a secured bus", (context) => {
  context.folder = new Folder();
  context.ends.push(() => context.folder.remove());
});

/** Programs on a bus at `url`, with `folder` as their state unless said otherwise. */
function world(context: Context, url: string, folder?: Folder): World {
  const env = { REQUEST_TIMEOUT_MS: "5000", ...(folder && { DWC_STATE: folder.path }) };
  const made = new World(url, env);
  context.ends.push(() => made.close());
  return made;
}

async function securedServer(context: Context): Promise<TestServer> {
  const server = await context.folder.startServer();
  context.ends.push(() => server.stop());
  return server;
}

async function showsRatings(market: RunningMarket): Promise<void> {
  await market.untilKnown(1);
  const ratings = await market.ratings();
  assert.equal(
    Object.values(ratings).map((rating) => rating?.fresh),
    [true, true, true, true],
  );
}

/** It ends by itself with code 1, having said `why` in one line that names what to type. */
async function endsWith(program: Program, why: RegExp): Promise<void> {
  let code: number | null | undefined;
  void program.ended.then((exit) => (code = exit.code));
  const said = (): string => program.lines.join("\n");
  await until("it ends by itself", () => code !== undefined, ENDS_TIMEOUT_MS).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${said()}`);
  });
  assert.is(code, 1, said());
  const reported = program.lines.filter((line) => why.test(line));
  assert.is(reported.length, 1, said());
  assert.match(reported[0] ?? "", /bin\/dwc/);
  assert.not.match(said(), /SU[A-Z2-7]{50}/);
}

shop("of the org's own making: the Market starts it, ratings join, until revoked", async (context) => {
  await context.folder.createOrg();
  await context.folder.createService("ratings");
  const url = `nats://127.0.0.1:${await freePort()}`;
  const ours = world(context, url, context.folder);
  const market = await ours.startMarket();
  await market.program.waitFor(STARTED);
  const ratings = await ours.startRatings(1);
  await showsRatings(market);
  assert.is(market.program.count(/is open: anyone/), 0);
  assert.is(market.program.count(/not allowed/) + ratings.program.count(/not allowed/), 0);
  await context.folder.revoke("ratings");
  assert.is((await context.folder.push({ url } as TestServer)).kind, "obeys");
  await ratings.program.waitFor(/does not let us in with the credentials of ratings .*bin\/dwc create-service ratings/);
  await until("no instance answers any more", async () => {
    await market.ratings();
    return market.program.count(/BAD \S+: all services are down/) > 0;
  });
  await context.folder.createService("ratings");
  await ours.startRatings(2);
  await until("fresh again", async () =>
    Object.values(await market.ratings()).every((rating) => rating?.fresh === true),
  );
});

shop(
  "of the user's own: a credentials file admits its holder, and each rejected client prints the command to type",
  async (context) => {
    const { folder } = context;
    await folder.createOrg();
    const early = folder.copy();
    await folder.createService("ratings");
    const outsider = new Folder();
    context.ends.push(() => [early, outsider].forEach((one) => void one.remove()));
    await outsider.createOrg("Elsewhere", "eve@example.org");
    await outsider.createService("ratings");
    const { url } = await securedServer(context);
    const { id } = folder.org;
    const [elsewhere, uncreated, theirs] = [
      world(context, url),
      world(context, url, early),
      world(context, url, outsider),
    ];
    const market = await elsewhere.startMarket({ NATS_CREDS: paths.personCreds(folder.path, id) });
    await elsewhere.startRatings(1, { NATS_CREDS: paths.serviceCreds(folder.path, id, "ratings") });
    await showsRatings(market);
    const [marketOf, ratingsOf] = [{ name: "market", env: { PORT: "0" } } as const, { name: "ratings" } as const];
    await Promise.all([
      endsWith(elsewhere.start(marketOf), /does not let us in: .*; .*accept-invitation/),
      endsWith(
        elsewhere.start(ratingsOf),
        /does not let us in: Authorization Violation; .*service-token ratings.*NATS_CREDS/,
      ),
      endsWith(
        uncreated.start(ratingsOf),
        /does not let us in: .*; you are in "My Test Org": type {2}bin\/dwc create-service ratings/,
      ),
      endsWith(theirs.start(marketOf), /credentials of eve@example\.org \(revoked, expired/),
      endsWith(theirs.start(ratingsOf), /credentials of ratings \(revoked, expired/),
    ]);
  },
);

shop("that is open: with an org the Market warns once that anyone can join", async (context) => {
  const server = await startNatsServer();
  context.ends.push(() => server.stop());
  await context.folder.createOrg();
  await context.folder.createService("ratings");
  const ours = world(context, server.url, context.folder);
  const market = await ours.startMarket();
  await ours.startRatings(1);
  await showsRatings(market);
  assert.is(market.program.count(/WARNING:bus:- the bus at \S+ is open: .*credentials of anna@example\.org/), 1);
  await server.kill();
  await market.program.waitFor(/WARNING:bus:- disconnected/);
  const mark = market.program.mark();
  await server.restart();
  await market.program.waitFor(/INFO:bus:- connected/, { mark });
  assert.is(market.program.count(/is open: anyone/), 1);
});

shop(
  "with a state that cannot be read: no Market and no instance, and one line; the monolith needs none",
  async (context) => {
    const server = await startNatsServer();
    context.ends.push(() => server.stop());
    writeFileSync(join(context.folder.path, "identity.json"), '{"orgs":{}}');
    const broken = world(context, server.url, context.folder);
    for (const name of ["market", "ratings"] as const) {
      const program = broken.start({ name, env: { PORT: "0" } });
      assert.is((await program.ended).code, 1);
      assert.is(program.count(/identity\.json cannot be read .*set DWC_STATE/), 1, program.lines.join("\n"));
    }
    await broken.startMarket({}, ["--monolith"]);
  },
);

shop("with NATS_CREDS that are none: one line, exit 1", async (context) => {
  const { path } = context.folder;
  const notCreds = join(path, "x.creds");
  writeFileSync(notCreds, "-----BEGIN NATS USER JWT-----\nnonsense\n");
  for (const natsCreds of [join(path, "missing.creds"), path]) {
    const found = resolveCredentials({ stateDir: path, natsCreds }, { kind: "service", name: "ratings" });
    assert.match(found.kind === "refused" ? found.why : "", /NATS_CREDS=.*service-token ratings/, natsCreds);
  }
  const wrong = world(context, "nats://127.0.0.1:1");
  await endsWith(wrong.start({ name: "ratings", env: { NATS_CREDS: notCreds } }), /NATS_CREDS=.*service-token ratings/);
});

shop.run();
