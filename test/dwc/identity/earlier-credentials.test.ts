// shares: identity
// Credentials of an earlier version: no program goes to the bus with them, and each says what replaces them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callerPartOf } from "../../../src/bus/core/credentials.ts";
import { credentialsSource } from "../../../src/bus/credentials-file.ts";
import { LoginIdentity } from "../../../src/bus/login-identity.ts";
import { EMPTY_STATE } from "../../../src/dwc/identity/core/state.ts";
import { loginIdentity } from "../../../src/dwc/identity/credentials.ts";
import { acceptInvitation, inviteUser } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { outdatedOf } from "../../../src/dwc/identity/outdated-list.ts";
import { renew } from "../../../src/dwc/identity/renewal.ts";
import { connectBus } from "../../../src/service/connect.ts";
import { goldenOf } from "../../support/golden.ts";
import { asOf, callsGetAlone, olderMint } from "../../support/older-dwc.ts";
import { Folder } from "../../support/orgs.ts";

const test = suite("credentials of an earlier version");
const golden = goldenOf(test, "dwc/identity");

const folder = mkdtempSync(join(tmpdir(), "earlier-test-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Credentials for a key of the account, as an earlier version issued them. */
async function earlierCreds(
  name: string,
  account: string,
  signer: string,
): Promise<{ publicKey: string; creds: string }> {
  const permissions = (publicKey: string) => ({
    pub: { allow: ["ratings.get"] },
    sub: { allow: [`_INBOX.${callerPartOf(publicKey)}.>`] },
  });
  return natsMint.creds({ name, account, signer, permissions, expiresAt: null });
}

const REPLACED = /were issued by an earlier version.*bin\/dwc renew/;

test("that are put in place while a program runs are reported, and not used: a file, and a state folder", async () => {
  const org = new Folder();
  await org.createOrg();
  const good = await org.createService("ratings");
  const { authority, account } = org.org;
  if (authority.kind !== "owner") throw new Error("no owner");
  const { publicKey, creds } = await earlierCreds("ratings", account, authority.accountSeed);
  const natsCreds = join(folder, "replaced.creds");
  writeFileSync(natsCreds, good.text);
  const role = { kind: "service", name: "ratings" } as const;
  const programs = [
    loginIdentity({ stateDir: folder, natsCreds }, role),
    loginIdentity({ stateDir: org.path, natsCreds: undefined }, role),
  ].map((found) => {
    assert.ok(found.kind === "found");
    return new LoginIdentity(found);
  });
  programs.push(new LoginIdentity({ credentials: good, readAgain: credentialsSource(natsCreds, natsCreds) }));
  for (const program of programs) assert.is(program.renew(), undefined);
  writeFileSync(natsCreds, creds);
  await org.change((state) => {
    const orgs = state.orgs.map((one) => ({
      ...one,
      services: one.services.map((each) => ({ ...each, publicKey, creds })),
    }));
    return { kind: "done", state: { ...state, orgs } };
  });
  for (const [at, program] of programs.entries()) {
    assert.is(program.hasNewCredentials, false, String(at));
    assert.match(program.renew() ?? "", REPLACED, String(at));
    assert.is(program.credentials?.publicKey, good.publicKey, "the last good ones");
  }
  const connecting = await connectBus("nats://127.0.0.1:1", { creds: natsCreds, waitMs: 1 }).then(
    () => "connects",
    (error: Error) => error.message,
  );
  assert.match(connecting, REPLACED);
  org.remove();
});

test("are refused before the bus is, for a Market and for an instance", async () => {
  const account = natsMint.newKey("account");
  const { creds } = await earlierCreds("ratings", account.publicKey, account.seed);
  const natsCreds = join(folder, "earlier.creds");
  writeFileSync(natsCreds, creds);
  for (const role of [{ kind: "market" }, { kind: "service", name: "ratings" }] as const) {
    const found = loginIdentity({ stateDir: folder, natsCreds }, role);
    assert.ok(found.kind === "refused", role.kind);
    golden(found.why);
    assert.not.match(found.why, /SU[A-Z2-7]{56}/);
  }
});

test("of the time of one operation are outdated: programs name the command that replaces them", async () => {
  const org = new Folder();
  await org.createOrg();
  await org.createService("ratings");
  const member = new Folder();
  await member.accept(await org.invite("ben@example.org"));
  await org.change(async (state) => ({ kind: "done", state: await asOf(callsGetAlone, state, { me: true }) }));
  const file = join(folder, "get-alone.creds");
  writeFileSync(file, org.service("ratings").text);
  assert.match(await connectBus({ creds: file }).then(() => "connects", String), REPLACED);
  const roles = [{ kind: "market" }, { kind: "service", name: "ratings" }] as const;
  for (const role of roles) {
    const own = loginIdentity({ stateDir: org.path, natsCreds: undefined }, role);
    assert.ok(own.kind === "refused" && own.code === "bad-credentials", role.kind);
    assert.match(own.why, /issued by an earlier version.*To replace them, type {2}bin\/dwc renew$/);
    const other = loginIdentity({ stateDir: folder, natsCreds: file }, role);
    assert.ok(other.kind === "refused");
    assert.match(other.why, REPLACED);
  }
  const listed = outdatedOf(org.org).map(({ whose, why }) => [whose, why]);
  assert.equal(listed.slice(0, 2), [
    ["anna@example.org", "other permissions"],
    ["ratings", "other permissions"],
  ]);
  const { invitations } = await org.change((state) =>
    renew(state, { all: false }, { mint: natsMint, now: Date.now() }),
  );
  await member.accept(invitations[0]?.code ?? "");
  for (const [stateDir, role] of [
    [org.path, { kind: "market" }],
    [org.path, { kind: "service", name: "ratings" }],
    [member.path, { kind: "market" }],
  ] as const)
    assert.is(loginIdentity({ stateDir, natsCreds: undefined }, role).kind, "found");
  for (const used of [org, member]) used.remove();
});

test("an invitation of that time is refused, and its sender's command is named", async () => {
  const org = new Folder();
  await org.createOrg();
  const mint = olderMint(callsGetAlone);
  const invited = { email: "ben@example.org", admin: false };
  const { code } = await org.change((state) => inviteUser(state, invited, { mint, now: Date.now() }));
  const accepting = acceptInvitation(EMPTY_STATE, { code }, { mint: natsMint, now: Date.now() });
  assert.match(
    accepting.kind === "refused" ? accepting.why : "",
    /an earlier dwc made this invitation.*bin\/dwc renew/,
  );
  org.remove();
});

test.run();
