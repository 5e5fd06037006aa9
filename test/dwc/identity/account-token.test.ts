// takes: 30 s
// shares: identity
// Account tokens that arrive: which of them take the place of the one that a folder has, and what a server is started with.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AccountKeeper, marketAccess } from "../../../src/dwc/identity/access.ts";
import { withTrust } from "../../../src/dwc/identity/core/account-links.ts";
import type { Org } from "../../../src/dwc/identity/core/state.ts";
import { claimsIn } from "../../../src/dwc/identity/core/token.ts";
import { paths } from "../../../src/dwc/identity/derived-files.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { pushAccounts } from "../../../src/dwc/identity/push.ts";
import { serverConfigFile } from "../../../src/dwc/identity/server-config-file.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { asMadeEarlier } from "../../support/older-dwc.ts";
import { clock, credentials, Folder, isAdmitted } from "../../support/orgs.ts";

type Context = { anna: Folder; ben: Folder };

const test = suite<Context>("account tokens that arrive");
const mint = () => Promise.resolve(natsMint);
const tools = { clock, mint, push: () => Promise.resolve(pushAccounts) };

const [first, second] = [new Folder(), new Folder()];
test.before(async () => {
  await first.createOrg();
  await first.createService("ratings");
  await second.accept(await first.invite("ben@example.org"));
});
test.after(() => {
  first.remove();
  second.remove();
});
test.before.each((context) => {
  [context.anna, context.ben] = [first.copy(), second.copy()];
});
test.after.each(({ anna, ben }) => {
  anna.remove();
  ben.remove();
});

const revokedIn = (jwt: string): number => Object.keys(Object(Object(claimsIn(jwt)["nats"]).revocations)).length;
const fileOf = ({ path, org }: Folder): string => paths.accountToken(path, org.trust.operatorKey, org.account);
const keeperOf = ({ path, org }: Folder): AccountKeeper =>
  new AccountKeeper({ stateDir: path, clock, mint }, org.account);

test("a newer one is taken, and none that is forged or older", async ({ anna, ben }) => {
  const old = ben.org.accountJwt;
  await anna.revoke("ratings");
  const newer = anna.org.accountJwt;
  for (const jwt of [newer.slice(0, -2), "x", ""]) assert.is((await keeperOf(ben).learn(jwt)).kind, "forged", jwt);
  assert.is(ben.org.accountJwt, old);
  const kinds = await Promise.all([newer, old, newer].map((jwt) => keeperOf(ben).learn(jwt)));
  assert.ok(kinds.some(({ kind }) => kind === "newer"));
  assert.is(ben.org.accountJwt, newer);
  assert.is(readFileSync(fileOf(ben), "utf8"), newer);
  assert.is((await keeperOf(ben).learn(old)).kind, "older");
  assert.is(ben.org.accountJwt, newer);
});

test("what a Market knows is in its next server, also where an older copy of its folder was put back meanwhile", async ({
  anna,
  ben,
}) => {
  const [copy, old] = [readFileSync(paths.state(ben.path)), ben.org.accountJwt];
  await anna.revoke("ratings");
  const newer = anna.org.accountJwt;
  for (const kind of ["newer", "same"]) {
    const keeper = keeperOf(ben);
    assert.is((await keeper.learn(newer)).kind, kind);
    writeFileSync(paths.state(ben.path), copy);
    for (const key of [ben.org.trust.operatorKey, ben.org.account])
      writeFileSync(paths.accountToken(ben.path, key, ben.org.account), old);
    await keeper.serverConfig();
    assert.is(ben.org.accountJwt, newer, kind);
  }
});

test("what a server has written beside the state is taken into it before the next server starts", async ({
  anna,
  ben,
}) => {
  await anna.revoke("ratings");
  const newer = anna.org.accountJwt;
  writeFileSync(fileOf(ben), newer);
  await ben.change((state) => ({ kind: "done", state }));
  assert.is(readFileSync(fileOf(ben), "utf8"), newer, "no other change puts the older one back");
  const old = ben.org.accountJwt;
  assert.is((await keeperOf(ben).learn(old)).kind, "older", "a Market compares a server's answer with it");
  assert.is(await keeperOf(ben).newest(), newer);
  const config = await serverConfigFile({ stateDir: ben.path, clock, mint });
  assert.is(config.kind, "ready");
  assert.is(ben.org.accountJwt, newer);
});

test("a file there that was cut short, or is older, gives way to the state's", async ({ anna, ben }) => {
  const old = ben.org.accountJwt;
  await anna.revoke("ratings");
  const cut = anna.org.accountJwt.slice(0, -3);
  for (const content of [cut, "", "no token", old]) {
    writeFileSync(fileOf(ben), content);
    await serverConfigFile({ stateDir: ben.path, clock, mint });
    assert.is(readFileSync(fileOf(ben), "utf8"), old);
    assert.is(ben.org.accountJwt, old);
  }
});

test("a folder that cannot be written starts no server with the older token", async ({ anna, ben }) => {
  const keeper = keeperOf(ben);
  const access = await marketAccess({ stateDir: ben.path, natsCreds: undefined, natsUrls: [] }, tools);
  assert.ok(access.kind === "found" && access.learn !== undefined);
  assert.is((await access.permit()).kind, "granted");
  await anna.revoke("ratings");
  const state = readFileSync(paths.state(ben.path));
  writeFileSync(paths.state(ben.path), "damaged");
  assert.is((await access.permit()).kind, "withheld");
  writeFileSync(paths.state(ben.path), state);
  assert.is((await keeper.learn(anna.org.accountJwt)).kind, "newer");
  const permit = await access.permit();
  assert.ok(permit.kind === "granted" && permit.configFile !== undefined && existsSync(permit.configFile));
});

test("a member's Market starts a server for its current org, and for no other org", async ({ anna, ben }) => {
  await anna.createOrg("Another Org");
  const prices = await anna.createService("prices");
  const invitation = await anna.invite("ben@example.org");
  await ben.accept(invitation);
  const own = ben.org;
  const access = await marketAccess({ stateDir: ben.path, natsCreds: undefined, natsUrls: [] }, tools);
  const permit = access.kind === "found" ? await access.permit() : access;
  assert.ok(permit.kind === "granted" && permit.configFile !== undefined);
  const server = await startNatsServer({ config: readFileSync(permit.configFile, "utf8") });
  const first = ben.state.orgs.find(({ id }) => id !== own.id);
  for (const [who, isIn] of [
    [prices, true],
    [ben.person, true],
    [credentials(first?.me.creds ?? ""), false],
  ] as const)
    assert.is(await isAdmitted(server, who), isIn);
  // The next server knows the token that this one receives.
  await anna.revoke("prices");
  assert.is((await anna.push(server)).kind, "obeys");
  await server.stop();
  await serverConfigFile({ stateDir: ben.path, clock, mint });
  assert.is(ben.org.accountJwt, anna.org.accountJwt);
});

test("a member starts a server, unless revoked or with a folder that lacks the org", async ({ anna, ben }) => {
  const at = (stateDir: string, natsCreds?: string) => marketAccess({ stateDir, natsCreds, natsUrls: [] }, tools);
  const permitOf = async (stateDir: string, natsCreds?: string) => {
    const access = await at(stateDir, natsCreds);
    if (access.kind === "refused") throw new Error(access.why);
    return access.permit();
  };
  const person = ({ path, org }: Folder): string => paths.personCreds(path, org.id);
  const none = new Folder();
  const other = new Folder();
  await other.createOrg("Elsewhere");
  assert.equal(await permitOf(none.path), { kind: "granted", configFile: undefined });
  assert.is((await permitOf(ben.path, person(ben))).kind, "granted");
  for (const folder of [none, other]) {
    const permit = await permitOf(folder.path, person(ben));
    assert.ok(permit.kind === "withheld" && /credentials in NATS_CREDS; .*DWC_STATE/.test(permit.why), permit.kind);
  }
  await anna.revoke("ben@example.org");
  const bens = await at(ben.path);
  assert.ok(bens.kind === "found");
  await bens.learn?.(anna.org.accountJwt);
  const permit = await bens.permit();
  assert.ok(
    permit.kind === "withheld" && /ben@example\.org have been revoked/.test(permit.why),
    JSON.stringify(permit),
  );
  none.remove();
  other.remove();
});

test("an owner's folder that was put back from a copy signs no revocation away that it has learned of", async ({
  anna,
}) => {
  const copy = readFileSync(paths.state(anna.path));
  await anna.revoke("ratings");
  const newer = anna.org.accountJwt;
  writeFileSync(paths.state(anna.path), copy);
  assert.is(revokedIn(anna.org.accountJwt), 0);
  // Not "newer" by then: what lies where servers write is taken before.
  assert.is((await keeperOf(anna).learn(newer)).kind, "same");
  assert.is(anna.org.accountJwt, newer);
  await anna.createService("prices");
  await anna.revoke("prices");
  assert.is(revokedIn(anna.org.accountJwt), 2);
  const org: Org = anna.org;
  assert.is(org.revoked.length, 1);
});

test("a later token of the system account that a server was sent is kept, and a forged one is not", async ({
  anna,
  ben,
}) => {
  const { trust: later } = ben.org;
  const earlier = (await asMadeEarlier(anna.state)).operator?.trust ?? later;
  await ben.change((state) => ({ kind: "done", state: withTrust(state, earlier) }));
  const file = paths.accountToken(ben.path, later.operatorKey, later.systemAccount);
  const beside = paths.accountToken(ben.path, ben.org.account, later.systemAccount);
  writeFileSync(beside, earlier.systemAccountJwt);
  const started = (): ReturnType<typeof serverConfigFile> => serverConfigFile({ stateDir: ben.path, clock, mint });
  for (const forged of [later.systemAccountJwt.slice(0, -9), `${later.systemAccountJwt.slice(0, -9)}AAAAAAAAA`]) {
    writeFileSync(file, forged);
    await started();
    assert.equal([readFileSync(file, "utf8"), ben.org.trust], [earlier.systemAccountJwt, earlier]);
  }
  writeFileSync(file, later.systemAccountJwt);
  await ben.change((state) => ({ kind: "done", state }));
  assert.is(readFileSync(file, "utf8"), later.systemAccountJwt, "what a server has been sent is not overwritten");
  await started();
  assert.equal(ben.org.trust, later);
  writeFileSync(file, earlier.systemAccountJwt);
  await started();
  assert.equal([readFileSync(file, "utf8"), ben.org.trust], [later.systemAccountJwt, later], "an older one");
});

test.run();
