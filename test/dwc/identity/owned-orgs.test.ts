// takes: 5 s
// shares: identity
// After a member's Market has started the bus again, it knows that member's org alone. The owner's Market hands it all orgs
// that the owner has.

import { cpSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Credentials } from "../../../src/bus/core/credentials.ts";
import { marketAccess } from "../../../src/dwc/identity/access.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { pushAccounts } from "../../../src/dwc/identity/push.ts";
import { type Cleanup, runCleanups } from "../../support/cleanup.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { clock, Folder, isAdmitted } from "../../support/orgs.ts";

interface Context extends Cleanup {
  anna: Folder;
  server: TestServer;
  /** Services of Anna's first org, which is not her current one. */
  kept: Credentials;
  revoked: Credentials;
  /** Of her second one, in which Ben is. */
  own: Credentials;
}

const test = suite<Context>("all orgs of an owner");
/** A server does not answer for an account that it does not know: so long is waited for it. */
const STEP_TIMEOUT_MS = 1_000;
const push: typeof pushAccounts = (operator, orgs, options) =>
  pushAccounts(operator, orgs, { ...options, timeoutMs: STEP_TIMEOUT_MS });
const tools = { clock, mint: async () => natsMint, push: async () => push };

test.before(async (context) => {
  const [anna, ben] = [new Folder(), new Folder()];
  context.ends = [() => anna.remove(), () => ben.remove()];
  context.anna = anna;
  await anna.createOrg("First");
  [context.kept, context.revoked] = [await anna.createService("ratings"), await anna.createService("prices")];
  await anna.revoke("prices");
  await anna.createOrg("Second");
  context.own = await anna.createService("ratings");
  await ben.accept(await anna.invite("ben@example.org"));
  const heir = await marketAccess({ stateDir: ben.path, natsCreds: undefined, natsUrls: [] }, tools);
  const permit = heir.kind === "found" ? await heir.permit() : heir;
  if (permit.kind !== "granted") throw new Error("Ben's Market may start no server");
  context.server = await startNatsServer({ config: readFileSync(permit.configFile ?? "", "utf8") });
  context.ends.push(() => context.server.stop());
});
test.after(runCleanups);

const correctOf = async ({ anna, server }: Context): Promise<boolean | undefined> => {
  const access = await marketAccess({ stateDir: anna.path, natsCreds: undefined, natsUrls: [server.url] }, tools);
  return access.kind === "found" ? access.correct?.() : undefined;
};

test("the owner's Market hands over each of them, revocations and all", async (context) => {
  const { server, kept, revoked, own } = context;
  assert.equal([await isAdmitted(server, kept), await isAdmitted(server, own)], [false, true]);
  assert.is(await correctOf(context), true);
  assert.equal(
    [await isAdmitted(server, kept), await isAdmitted(server, revoked), await isAdmitted(server, own)],
    [true, false, true],
  );
});

test("an org of which the server has a newer token does not hold up the Market's own", async (context) => {
  const { anna, server } = context;
  await correctOf(context); // now the server knows both
  const copy = new Folder();
  context.ends.push(() => copy.remove());
  cpSync(anna.path, copy.path, { recursive: true });
  const first = copy.state.orgs.find(({ name }) => name === "First");
  await copy.change((state) => ({ kind: "done", state: { ...state, currentOrgId: first?.id ?? "" } }));
  await copy.revoke("ratings");
  assert.is((await copy.push(server)).kind, "obeys");
  // From here on Anna's folder is an old copy, for this org.
  assert.is(await correctOf(context), true);
  assert.is(await isAdmitted(server, context.kept), false, "and the newer token stays");
});

test.run();
