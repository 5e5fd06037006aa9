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
import { loginIdentity } from "../../../src/dwc/identity/credentials.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { connectBus } from "../../../src/service/connect.ts";
import { goldenOf } from "../../support/golden.ts";
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

test.run();
