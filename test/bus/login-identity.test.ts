// takes: 2 s
// shares: bus
// Credentials that are read again before each login: a program changes to newer ones of its own org, and to no other org.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Credentials, type CredentialsSource, parseCredentials } from "../../src/bus/core/credentials.ts";
import { LoginIdentity } from "../../src/bus/login-identity.ts";
import { marketPermissions } from "../../src/dwc/identity/core/permissions.ts";
import { natsMint } from "../../src/dwc/identity/mint.ts";
import { goldenOf } from "../support/golden.ts";

const test = suite("the identity at a login");
const golden = goldenOf(test, "bus");

const [org, other, signing] = [natsMint.newKey("account"), natsMint.newKey("account"), natsMint.newKey("account")];

async function issued(account: string, signer: string): Promise<Credentials> {
  const spec = { name: "ben@example.org", account, signer, permissions: marketPermissions, expiresAt: null };
  const read = parseCredentials((await natsMint.creds(spec)).creds);
  if (read.kind === "bad") throw new Error(read.why);
  return read.credentials;
}

function reading(first: Credentials | undefined, next: Credentials): LoginIdentity {
  const readAgain: CredentialsSource = () => ({ kind: "read", credentials: next, hint: "another cure" });
  return new LoginIdentity({ credentials: first, hint: "a cure", readAgain });
}

test("new credentials of the same org are used, whichever of its keys has signed them", async () => {
  const first = await issued(org.publicKey, org.seed);
  for (const next of [await issued(org.publicKey, org.seed), await issued(org.publicKey, signing.seed)]) {
    const identity = reading(first, next);
    assert.ok(identity.hasNewCredentials);
    assert.is(identity.renew(), undefined);
    assert.equal([identity.credentials, identity.hint], [next, "another cure"]);
  }
});

test("credentials of another org are reported, and never used", async () => {
  const first = await issued(org.publicKey, org.seed);
  for (const next of [await issued(other.publicKey, other.seed), await issued(other.publicKey, org.seed)]) {
    const identity = reading(first, next);
    assert.not.ok(identity.hasNewCredentials);
    golden(identity.renew() ?? "");
    assert.equal([identity.credentials, identity.hint], [first, "a cure"]);
  }
});

test("a program that began without an org takes the first that there is, and stays in it", async () => {
  const next = await issued(org.publicKey, org.seed);
  const identity = reading(undefined, next);
  assert.is(identity.renew(), undefined);
  assert.is(identity.credentials, next);
});

test.run();
