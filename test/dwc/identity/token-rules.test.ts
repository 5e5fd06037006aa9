// Tokens of accounts and of the system account: which of two is the newer one, and which of those that arrive a state takes.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judgeToken, newerAccount, signAccount, withToken } from "../../../src/dwc/identity/core/account.ts";
import { isLaterTrust, renewedTrust, trustWith, withTrust } from "../../../src/dwc/identity/core/account-links.ts";
import { revoke } from "../../../src/dwc/identity/core/revocations.ts";
import { EMPTY_STATE, type Operator, type Org, type State, type Trust } from "../../../src/dwc/identity/core/state.ts";
import { claimsIn, LAST_SECOND } from "../../../src/dwc/identity/core/token.ts";
import { type AccountSpec, natsMint } from "../../../src/dwc/identity/mint.ts";
import { annsState, claimsOf, expectDone, orgOf, signedToken, tools } from "../../support/identity-fixtures.ts";
import { asMadeEarlier } from "../../support/older-dwc.ts";

const test = suite("the rules of tokens");

const [key, otherKey, anotherKey] = ["user", "account", "account"].map(
  (kind) => natsMint.newKey(kind as "user").publicKey,
) as [string, string, string];
const operatorOf = ({ operator }: State): Operator => operator as Operator;
const issuedAt = (jwt: string): number => Number(claimsIn(jwt)["iat"]);

let state: State;
let foreign: State;
let org: Org;
let seed: string;
/** The org's token of a moment later, with these differences. */
let later: (changes?: Partial<AccountSpec>, signer?: string) => Promise<string>;

test.before(async () => {
  [state, foreign] = [await annsState(await annsState(), "Other"), await annsState()];
  org = orgOf(state);
  ({ seed } = operatorOf(state));
  later = (changes = {}, signer = seed) =>
    natsMint.accountJwt(signer, {
      ...{ kind: "org", name: org.name, account: org.account, systemAccount: org.trust.systemAccount },
      ...{ signingKeys: [], revokedKeys: [], issuedAfter: issuedAt(org.accountJwt), ...changes },
    });
});

test("of two account tokens the one that was issued later is the newer, in the same second that with more keys", () => {
  const token = (iat: unknown, revoked = 0, signing = 0): string =>
    signedToken({ iat, nats: { revocations: { ...Array(revoked).fill(1) }, signing_keys: Array(signing) } }, seed);
  for (const [newer, older] of [
    [token(2), token(1, 3, 3)],
    [token(1, 2), token(1, 1, 3)],
    [token(1, 1, 2), token(1, 1, 1)],
    [token(1), token("2")],
    [token(1), "no token"],
  ] as const)
    assert.equal([newerAccount(newer, older), newerAccount(older, newer)], [newer, newer], `${newer} ${older}`);
  const [one, same] = [token(1, 1, 1), signedToken({ nats: { revocations: [1], signing_keys: [1] }, iat: 1 }, seed)];
  assert.equal([newerAccount(one, same), newerAccount(same, one)], [same, one]);
});

test("each token is issued later than the one before, in the same second and after a clock that was set back", async () => {
  const issued = [org.accountJwt];
  let next = state;
  for (const kind of ["user", "user"] as const) {
    next = expectDone(await revoke(next, natsMint.newKey(kind).publicKey, tools)).state;
    issued.push(orgOf(next).accountJwt);
  }
  for (const [at, jwt] of issued.entries())
    for (const older of issued.slice(0, at)) {
      assert.ok(issuedAt(jwt) > issuedAt(older));
      assert.is(newerAccount(older, jwt), jwt);
    }
  const ahead = await later({ issuedAfter: issuedAt(org.accountJwt) + 1_000_000 });
  const signed = await signAccount(natsMint, operatorOf(state), { ...org, accountJwt: ahead });
  assert.is(issuedAt(signed), issuedAt(ahead) + 1);
  assert.is(judgeToken(signed, { ...org, accountJwt: ahead }, natsMint).kind, "newer", "and it is signed");
});

test("what is signed keeps what the token before revoked, whatever that looks like", async () => {
  const revokedAfter = async (accountJwt?: string): Promise<Record<string, number>> =>
    claimsOf(await signAccount(natsMint, operatorOf(state), { ...org, ...(accountJwt && { accountJwt }) })).nats
      .revocations;
  assert.equal(Object.keys(await revokedAfter(await later({ revokedKeys: [key] }))), [key]);
  for (const odd of ["no token", signedToken({ iat: "1" }, seed), undefined]) assert.equal(await revokedAfter(odd), {});
});

test("an account token that the operator has signed for the same account is judged by its age; any other is forged", async () => {
  const newer = await later({ revokedKeys: [key] });
  const [head, body = "", signature = ""] = newer.split(".");
  const changed = Buffer.from(JSON.stringify({ ...claimsIn(newer), iat: issuedAt(newer) + 9 })).toString("base64url");
  const foreignSeed = operatorOf(foreign).seed;
  let checked = 0;
  const isSignedBy: typeof natsMint.isSignedBy = (...given) => {
    checked += 1;
    return natsMint.isSignedBy(...given);
  };
  for (const [what, jwt, kind, checks] of [
    ["later", newer, "newer", 1],
    ["the same", org.accountJwt, "same", 0],
    ["earlier", signedToken({ ...claimsIn(newer), iat: issuedAt(org.accountJwt) - 1 }, seed), "older", 0],
    ["another account", await later({ account: otherKey }), "forged", 0],
    ["another name", await later({ name: "Mine" }), "forged", 0],
    ["imports from elsewhere", await later({ systemAccount: otherKey }), "forged", 0],
    ["another operator", await later({}, foreignSeed), "forged", 0],
    ["another operator in the right name", signedToken(claimsIn(newer), foreignSeed), "forged", 1],
    ["other claims under the signature", [head, changed, signature].join("."), "forged", 1],
    ["a signature that was cut short", [head, body, signature.slice(0, -2)].join("."), "forged", 1],
    ["no token", "x", "forged", 0],
    ["nothing", "", "forged", 0],
  ] as const) {
    checked = 0;
    assert.equal([judgeToken(jwt, org, { isSignedBy }).kind, checked], [kind, checks], what);
    const taken = withToken(state, org.account, jwt, natsMint);
    if (kind !== "newer") assert.is(taken, state, what);
    else assert.equal(taken, { ...state, orgs: [state.orgs[0] as Org, { ...org, accountJwt: jwt }] });
  }
  assert.is(withToken(state, state.orgs[0]?.account ?? "", newer, natsMint), state, "another org is meant");
});

test("the owner's folder signs the system account's token again where it lacks today's exports, later than before", async () => {
  const { trust } = operatorOf(state);
  assert.is(await renewedTrust(natsMint, operatorOf(state)), trust);
  const { trust: earlier } = operatorOf(await asMadeEarlier(state));
  const claims = claimsIn(earlier.systemAccountJwt);
  for (const iat of [claims["iat"], issuedAt(earlier.systemAccountJwt) + 1_000_000, "soon"]) {
    const known = { ...earlier, systemAccountJwt: signedToken({ ...claims, iat }, seed) };
    const renewed = await renewedTrust(natsMint, { seed, trust: known });
    assert.is(isLaterTrust(known, renewed), true, String(iat));
    assert.equal(trustWith(known, renewed.systemAccountJwt, natsMint), renewed);
  }
});

test("a later trust differs in the system account's token alone; one that arrives is signed by the operator as well", async () => {
  const { trust } = operatorOf(state);
  const { trust: earlier } = operatorOf(await asMadeEarlier(state));
  const { trust: foreignTrust } = operatorOf(foreign);
  const claims = claimsIn(trust.systemAccountJwt);
  const nats = claims["nats"] as { readonly limits: object };
  const system = (changes: object, signer = seed): string => signedToken({ ...claims, ...changes }, signer);
  const [, body = "", signature = ""] = trust.systemAccountJwt.split(".");
  const trustOf = (systemAccountJwt: string): Trust => ({ ...trust, systemAccountJwt });
  assert.is(isLaterTrust(earlier, trust), true);
  for (const part of ["operatorKey", "operatorJwt", "systemAccount"] as const)
    assert.is(isLaterTrust(earlier, { ...trust, [part]: foreignTrust[part] }), false, part);
  assert.is(isLaterTrust({ ...earlier, systemAccount: otherKey }, trust), false);
  assert.is(isLaterTrust(trustOf(foreignTrust.systemAccountJwt), trustOf(system({ iat: LAST_SECOND }))), false);
  for (const [what, jwt, isLater] of [
    ["later", trust.systemAccountJwt, true],
    ["as early", system({ iat: issuedAt(earlier.systemAccountJwt) }), false],
    ["without the exports", earlier.systemAccountJwt, false],
    ["without a date", system({ iat: "2" }), false],
    ["another account", system({ sub: anotherKey }), false],
    ["an import", system({ nats: { ...nats, limits: { ...nats.limits, imports: 1 } } }), true],
    ["another operator", system({ iss: foreignTrust.operatorKey }, operatorOf(foreign).seed), true],
    ["another operator in the right name", system({}, operatorOf(foreign).seed), true],
    [
      "a signature that was cut short",
      `${trust.systemAccountJwt.slice(0, -signature.length)}${signature.slice(0, -2)}`,
      true,
    ],
    ["an unsigned text", `e30.${body}.${signature}`, true],
    ["an org's token", org.accountJwt, false],
  ] as const) {
    assert.is(isLaterTrust(earlier, trustOf(jwt)), isLater, what);
    const taken = trustWith(earlier, jwt, natsMint);
    assert.equal(taken, what === "later" ? trust : undefined, what);
  }
  const anySignature = { isSignedBy: () => true };
  for (const changes of [{ iss: foreignTrust.operatorKey }, { nats: { ...nats, imports: [] } }])
    assert.is(trustWith(earlier, system(changes), anySignature), undefined);
});

test("a state takes a trust wherever it has the operator's, and nowhere else", async () => {
  const { trust } = operatorOf(foreign);
  const newer = { ...trust, systemAccountJwt: "newer" };
  const both = { ...state, orgs: [org, orgOf(foreign)] };
  assert.equal(withTrust(both, newer), { ...both, orgs: [org, { ...orgOf(foreign), trust: newer }] });
  const theirs = { ...foreign, orgs: [] };
  assert.equal(withTrust(theirs, newer), { ...theirs, operator: { ...operatorOf(foreign), trust: newer } });
  assert.equal(withTrust(EMPTY_STATE, newer), EMPTY_STATE);
});

test.run();
