// A token that is taken back while its holder is connected, and what a person sees who holds it. Real server, real
// programs.

import * as assert from "uvu/assert";
import type { Credentials } from "../../src/bus/core/credentials.ts";
import { startInstance } from "../../src/service/instance.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import { claimsOf, jwtIn, signedToken } from "../support/identity-fixtures.ts";
import type { TestServer } from "../support/nats-server.ts";
import { clock, credentials, Folder, isRefused, type Login, logIn, startLogin } from "../support/orgs.ts";
import { until } from "../support/until.ts";

interface Context extends Cleanup {
  folder: Folder;
  server: TestServer;
}

const revoked = cleanupSuite<Context>("a revoked token", async (context) => {
  context.folder = new Folder();
  context.ends.push(() => context.folder.remove());
  await context.folder.createOrg();
});

/** The contract: from the command's end to the connection's. */
const MAX_OFF_AFTER_MS = 2_000;

async function startServer(context: Context): Promise<void> {
  context.server = await context.folder.startServer();
  context.ends.push(() => context.server.stop());
}

async function guestOf(context: Context, who: Parameters<typeof logIn>[1]): Promise<Login> {
  const guest = await logIn(context.server, who);
  context.ends.push(() => guest.bus.close());
  return guest;
}

/** Off in time, and still refused when it knocks again with the same token. */
async function isOffAndOut(context: Context, guest: Login, who: Parameters<typeof startLogin>[1]): Promise<void> {
  const sinceMs = performance.now();
  await until("it is off", () => guest.bus.status === "disconnected", MAX_OFF_AFTER_MS);
  assert.ok(performance.now() - sinceMs < MAX_OFF_AFTER_MS);
  const again = startLogin(context.server, who);
  context.ends.push(() => again.bus.close());
  await until("an answer at the door", () => isRefused(again));
  assert.is(again.bus.status, "disconnected");
  assert.match(again.reports.join("\n"), /does not let us in with the credentials of .* \(revoked, expired/);
}

revoked("is off within 2 s and refused from then on; the others notice nothing", async (context) => {
  const ratings = await context.folder.createService("ratings");
  const prices = await context.folder.createService("prices");
  await startServer(context);
  const [ratingsGuest, pricesGuest, market] = await Promise.all([
    guestOf(context, ratings),
    guestOf(context, prices),
    guestOf(context, context.folder.person),
  ]);
  const started = await startInstance({
    ...{ service: "prices", instance: 1, bus: pricesGuest.bus, clock },
    handle: () => ({ kind: "answer", body: {} }),
  });
  if (started.kind !== "started") throw new Error(`not started: ${started.kind}`);
  context.ends.push(() => started.instance.goodbye());
  const replies: string[] = [];
  await pricesGuest.bus.flush();
  let stop = false;
  context.ends.push(() => {
    stop = true;
  });
  const calling = (async () => {
    while (!stop && market.bus.status === "connected")
      replies.push((await market.bus.request("prices.get", "{}", { timeoutMs: 2_000 })).kind);
  })();
  await context.folder.revoke("ratings");
  assert.is((await context.folder.push(context.server)).kind, "obeys");
  await isOffAndOut(context, ratingsGuest, ratings);
  const before = replies.length;
  await until("others are still served", () => replies.length > before + 10);
  stop = true;
  await calling;
  assert.ok(
    replies.every((kind) => kind === "answered"),
    replies.join(),
  );
  assert.is(pricesGuest.bus.status, "connected");
  assert.equal([...pricesGuest.reports, ...market.reports], []);
});

revoked("stays out when the bus is started again, also when the old one was not notified", async (context) => {
  const ratings = await context.folder.createService("ratings");
  await startServer(context);
  await guestOf(context, ratings);
  const { port } = context.server;
  await context.server.stop();
  await context.folder.revoke("ratings"); // in the same second as the org was made: no push, no time between
  assert.is((await context.folder.push(context.server)).kind, "not running");
  context.server = await context.folder.startServer(port);
  context.ends.push(() => context.server.stop());
  const guest = startLogin(context.server, ratings);
  context.ends.push(() => guest.bus.close());
  await until("rejected", () => isRefused(guest));
  assert.is(guest.bus.status, "disconnected");
  await guestOf(context, context.folder.person);
});

revoked(
  "of a person ends that person's Market, and of an admin the services too that the admin made",
  async (context) => {
    const admins = new Folder();
    const members = new Folder();
    context.ends.push(() => admins.remove());
    context.ends.push(() => members.remove());
    await admins.accept(await context.folder.invite("ben@example.org", true));
    await members.accept(await context.folder.invite("eve@example.org"));
    const ours = await context.folder.createService("prices");
    const theirs = await admins.createService("ratings");
    await startServer(context);
    const [ourPrices, theirRatings, admin, member] = await Promise.all([
      guestOf(context, ours),
      guestOf(context, theirs),
      guestOf(context, admins.person),
      guestOf(context, members.person),
    ]);
    await context.folder.revoke("eve@example.org");
    await context.folder.push(context.server);
    await isOffAndOut(context, member, members.person);
    assert.is(admin.bus.status, "connected");
    await context.folder.revoke("ben@example.org");
    await context.folder.push(context.server);
    await isOffAndOut(context, admin, admins.person);
    await isOffAndOut(context, theirRatings, theirs);
    assert.is(ourPrices.bus.status, "connected");
    await assertRefused(members.createService("ratings"), /run Markets in "My Test Org", not create services/);
    await assertRefused(admins.revoke("ratings"), /only the owner .* bin\/dwc revoke U[A-Z2-7]{55}/);
  },
);

/** The last second that a server can read: its times are integers of 64 bits. */
const LAST_SECOND = "9223372036854775807";

/** The same credentials, signed again by an admin who dates them. */
function dated(admins: Folder, text: string, issuedAt: string): Credentials {
  const { authority } = admins.org;
  if (authority.kind !== "admin") throw new Error("this folder is no admin's");
  const jwt = jwtIn(text);
  const claims = JSON.stringify({ ...claimsOf(jwt), iat: 0 }).replace('"iat":0', `"iat":${issuedAt}`);
  return credentials(text.replace(jwt, signedToken(claims, authority.signingSeed)));
}

revoked("is off whatever date an admin gives it: no token outlives the revocation of its key", async (context) => {
  const admins = new Folder();
  context.ends.push(() => admins.remove());
  await admins.accept(await context.folder.invite("ben@example.org", true));
  const theirs = await admins.createService("ratings");
  await startServer(context);
  const dates = ["4102444800", String(Number.MAX_SAFE_INTEGER), "9223372036854775001", LAST_SECOND];
  const holders = dates.map((date) => dated(admins, theirs.text, date));
  const guests = await Promise.all(holders.map((holder) => guestOf(context, holder)));
  await context.folder.revoke(theirs.publicKey);
  assert.is((await context.folder.push(context.server)).kind, "obeys");
  await Promise.all(guests.map((guest, at) => isOffAndOut(context, guest, holders[at])));
  const { bus } = await guestOf(context, admins.person);
  assert.is(bus.status, "connected", "the admin is not");
});

async function assertRefused(change: Promise<unknown>, why: RegExp): Promise<void> {
  const said = await change.then(
    () => "done",
    (error: Error) => error.message,
  );
  assert.match(said, why);
}

revoked.run();
