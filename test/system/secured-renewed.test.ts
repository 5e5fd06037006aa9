// takes: 30 s
//
// Credentials that are made again while programs run: after a rejection they are read again, and what `dwc` prints as a hint
// cures. Real servers, real programs.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { connectNatsBus, type NatsBus } from "../../src/bus/nats-bus.ts";
import { type LoginRole, resolveCredentials } from "../../src/dwc/identity/credentials.ts";
import { openFaultController } from "../../src/market/board/faults.ts";
import { connectBus } from "../../src/service/connect.ts";
import { type Cleanup, cleanupSuite } from "../support/cleanup.ts";
import type { TestServer } from "../support/nats-server.ts";
import { clock, credentials, Folder, logIn } from "../support/orgs.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/until.ts";
import { UP } from "../support/world.ts";

interface Context extends Cleanup {
  folder: Folder;
  server: TestServer;
  reports: string[];
}

const renewed = cleanupSuite<Context>("renewed credentials", async (context) => {
  context.reports = [];
  context.folder = new Folder();
  context.ends.push(() => context.folder.remove());
  await context.folder.createOrg();
  await context.folder.createService("ratings");
  context.server = await context.folder.startServer();
  context.ends.push(() => context.server.stop());
});

/** A second until they are read again, and a login; the rest is for a busy machine. */
const BACK_TIMEOUT_MS = 15_000;

/** A connection as a program of ours makes it. */
function busOf({ folder, server, reports, ends }: Context, role: LoginRole, natsCreds?: string): NatsBus {
  const found = resolveCredentials({ stateDir: folder.path, natsCreds }, role);
  if (found.kind === "refused") throw new Error(found.why);
  const report = (sentence: string): void => void reports.push(sentence);
  const { kind: _kind, isNamed: _isNamed, ...login } = found;
  const bus = connectNatsBus({ ...login, urls: [server.url], name: "test", clock, report });
  ends.push(() => bus.close());
  return bus;
}

async function revokeRatings({ folder, server }: Context): Promise<void> {
  await folder.revoke("ratings");
  assert.is((await folder.push(server)).kind, "obeys");
}

const on = (bus: NatsBus): Promise<void> => until("connected", () => bus.status === "connected", BACK_TIMEOUT_MS);
const off = (bus: NatsBus): Promise<void> =>
  until("refused", () => /does not let us in/.test(bus.lastError ?? ""), BACK_TIMEOUT_MS);

/** Calls reach it, and answers to its own calls reach it too: both depend on whose credentials it has. */
async function works(context: Context, bus: NatsBus): Promise<void> {
  const market = await logIn(context.server, context.folder.person);
  context.ends.push(() => market.bus.close());
  const served = bus.subscribe("ratings.get", (message) => message.answer("4.5"), "ratings");
  await bus.flush();
  assert.is((await market.bus.request("ratings.get", "", { timeoutMs: 5_000 })).kind, "answered");
  served.close();
}

renewed("after revoke and create-service a service of the state folder is back by itself", async (context) => {
  const bus = busOf(context, { kind: "service", name: "ratings" });
  await on(bus);
  await revokeRatings(context);
  await off(bus);
  assert.match(bus.lastError ?? "", /bin\/dwc create-service ratings$/);
  await context.folder.createService("ratings");
  await on(bus);
  await works(context, bus);
});

renewed(
  "a NATS_CREDS file that is replaced is read again, and one that is missing for a moment does no harm",
  async (context) => {
    const path = join(context.folder.path, "ratings.creds");
    const write = (): void => {
      const text = context.folder.org.services.find(({ name }) => name === "ratings")?.creds ?? "";
      writeFileSync(path, text.replaceAll("\n", "\r\n"));
    };
    write();
    const bus = busOf(context, { kind: "service", name: "ratings" }, path);
    await on(bus);
    rmSync(path);
    await context.server.kill();
    await until("disconnected", () => bus.status === "disconnected");
    await context.server.restart();
    await on(bus);
    assert.match(
      context.reports.join("\n"),
      /NATS_CREDS=.* cannot be read .*the credentials are used that were read before/,
    );
    await revokeRatings(context);
    await off(bus);
    writeFileSync(path, "half of ");
    await context.folder.createService("ratings");
    write();
    await on(bus);
    await works(context, bus);
  },
);

renewed("the caller's part of reply subjects, and the right to ask for faults, follow the new key", async (context) => {
  const member = new Folder();
  const { ends } = context;
  ends.push(() => member.remove());
  await member.accept(await context.folder.invite("bea@example.org"));
  const bus = busOf({ ...context, folder: member }, { kind: "market" });
  await on(bus);
  const ratings = await logIn(context.server, credentials(context.folder.org.services[0]?.creds ?? ""));
  context.ends.push(() => ratings.bus.close());
  ratings.bus.subscribe("ratings.get", (message) => message.answer("4.5"), "ratings");
  await ratings.bus.flush();
  const ask = async (): Promise<string> => (await bus.request("ratings.get", "", { timeoutMs: 5_000 })).kind;
  assert.is(await ask(), "answered");
  const faults = openFaultController({ service: "ratings", bus, say: () => undefined });
  assert.is(faults.mayAsk, false, "a member");
  await context.folder.revoke("bea@example.org");
  await context.folder.push(context.server);
  await off(bus);
  await member.accept(await context.folder.invite("bea@example.org", true));
  await context.folder.push(context.server);
  await on(bus);
  assert.is(await ask(), "answered");
  assert.is(faults.mayAsk, true, "an admin since");
});

renewed("a library's connection with a credentials file is back by itself", async (context) => {
  const path = join(context.folder.path, "lib.creds");
  const write = (): void => writeFileSync(path, context.folder.org.services[0]?.creds ?? "");
  write();
  const bus = await connectBus(context.server.url, { creds: path, clock, report: () => undefined });
  context.ends.push(() => bus.close());
  assert.is(bus.status, "connected");
  await revokeRatings(context);
  await off(bus);
  await context.folder.createService("ratings");
  write();
  await on(bus);
});

renewed("a process stays in the org that it began in, and its hint leads back there", async (context) => {
  const bus = busOf(context, { kind: "service", name: "ratings" });
  await on(bus);
  const { id } = context.folder.org;
  await revokeRatings(context);
  await context.folder.createOrg("Another Org", "anna@example.com");
  const hint = new RegExp(`bin/dwc login anna@example.org --org-id ${id}; .*create-service ratings$`);
  await until("the hint is reported", () => hint.test(bus.lastError ?? ""), BACK_TIMEOUT_MS);
});

renewed("an instance of ours and its Market are served again after the hint that is printed", async (context) => {
  const { folder, server } = context;
  const env = { NATS_URL: server.url, DWC_STATE: folder.path, PORT: "0", ADMIN_PORT: "0" };
  const ratings = new Program({ name: "ratings", args: ["--instance", "1"], env });
  context.ends.push(() => ratings.end());
  await ratings.waitFor(UP);
  await revokeRatings(context);
  await ratings.waitFor(/instance 1 lost the bus/);
  const [, hint = ""] = await ratings.waitFor(/does not let us in .* type {2}bin\/dwc (create-service ratings)$/);
  const typed = new Program({ name: "dwc", args: hint.split(" "), env });
  assert.equal(await typed.ended, { code: 0, signal: null });
  await ratings.waitFor(/instance 1 is back on the bus/);
});

renewed.run();
