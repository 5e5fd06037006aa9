// Account tokens of the mint, and the keys that it signs with.

import { createServer } from "@nats-io/nkeys";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accountNewsSubject, accountTokenSubject } from "../../../src/contracts/core/subjects.ts";
import { markOf, notifiesMembers, TOKEN_EXPORTS } from "../../../src/dwc/identity/core/account-links.ts";
import type { Trust } from "../../../src/dwc/identity/core/state.ts";
import { LAST_SECOND } from "../../../src/dwc/identity/core/token.ts";
import { type AccountSpec, natsMint } from "../../../src/dwc/identity/mint.ts";
import { claimsOf } from "../../support/identity-fixtures.ts";

const test = suite("mint");

const END_OF_2099 = 4_102_444_799;
const operator = natsMint.newKey("operator");
const account = natsMint.newKey("account").publicKey;
const signingKey = natsMint.newKey("account").publicKey;
const systemAccount = natsMint.newKey("account").publicKey;
const user = natsMint.newKey("user").publicKey;

const accountJwt = (changes: Partial<AccountSpec>): Promise<string> =>
  natsMint.accountJwt(operator.seed, {
    ...{ kind: "org", name: "Org", account, signingKeys: [], revokedKeys: [] },
    ...changes,
  });

test("an org's token gets a mark, and revokes to the last second, where an admin can date tokens", async () => {
  for (const [changes, isMarked, until] of [
    [{ systemAccount, signingKeys: [signingKey], revokedKeys: [user] }, true, [LAST_SECOND]],
    [{ systemAccount, signingKeys: [signingKey] }, false, []],
    [{ systemAccount, revokedKeys: [user] }, false, [END_OF_2099]],
    // An earlier operator exports nothing, so no import can mark the token.
    [{ signingKeys: [signingKey], revokedKeys: [user] }, false, [END_OF_2099]],
  ] as const) {
    const jwt = await accountJwt(changes);
    assert.equal([markOf(jwt) !== undefined, Object.values(claimsOf(jwt).nats.revocations)], [isMarked, until]);
  }
});

test("an org imports its own token and news of it, by the subjects that its members use", async () => {
  const from = { account: systemAccount };
  assert.equal(claimsOf(await accountJwt({ systemAccount })).nats.imports, [
    {
      ...{ name: "account token", subject: `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`, ...from },
      ...{ type: "service", local_subject: accountTokenSubject },
    },
    {
      ...{ name: "new account tokens", subject: `account.news.${account}`, ...from },
      ...{ type: "stream", local_subject: accountNewsSubject },
    },
  ]);
  for (const { subject, account_token_position: position } of TOKEN_EXPORTS)
    assert.is(subject.split(".").indexOf("*"), position - 1, "each account gets its own part alone");
});

test("a bus notifies the members of an org where the system account exports the token and the org imports it", async () => {
  const system = { kind: "system", name: "SYS", account: systemAccount } as const;
  const today = { systemAccountJwt: await accountJwt(system) };
  const earlier = { systemAccountJwt: await accountJwt({ ...system, kind: "org" }) };
  const [importing, alone] = [await accountJwt({ systemAccount }), await accountJwt({})];
  for (const [trust, jwt, isNotified] of [
    [today, importing, true],
    [today, alone, false],
    [earlier, importing, false],
    [earlier, alone, false],
  ] as const)
    assert.is(notifiesMembers({ trust: trust as Trust, accountJwt: jwt }), isNotified);
});

test("only the seed of an operator, an account or a user is a key", () => {
  const seed = Buffer.from(createServer().getSeed()).toString("utf8");
  for (const odd of ["", "no seed", seed]) assert.is(natsMint.publicKeyOf(odd), undefined, odd);
  assert.throws(() => natsMint.sign(seed, Buffer.from("x")), /an operator, an account or a user/);
  assert.is(natsMint.publicKeyOf(operator.seed), operator.publicKey);
});

test.run();
