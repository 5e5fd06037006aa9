// Taking tokens back.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newerAccount } from "../../../src/dwc/identity/core/account.ts";
import { importsOwnTokenOnly, markOf } from "../../../src/dwc/identity/core/account-links.ts";
import { revoke, withRevocationsOf } from "../../../src/dwc/identity/core/revocations.ts";
import { EMPTY_STATE, type State } from "../../../src/dwc/identity/core/state.ts";
import { claimsIn, LAST_SECOND, orgClaims, readToken } from "../../../src/dwc/identity/core/token.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { goldenOf } from "../../support/golden.ts";
import {
  annsState,
  claimsOf,
  expectDone,
  expectRefused,
  NOW,
  orgOf,
  signedToken,
  stateJoinedBy,
  tools,
  withInvitation,
  withService,
} from "../../support/identity-fixtures.ts";

const test = suite("revocations");
const golden = goldenOf(test, "dwc/identity");

const revocationsOf = (state: State): Record<string, number> => claimsOf(orgOf(state).accountJwt).nats.revocations;

test("a service is revoked by its name or its key, and the account says so for all time", async () => {
  const state = await withService(await withService(await annsState(), "ratings"), "prices");
  const [ratings, prices] = orgOf(state).services;
  for (const target of ["ratings", ratings?.publicKey ?? ""]) {
    const result = expectDone(await revoke(state, target, tools));
    assert.equal([result.kindOf, result.outcome], ["service", "made"]);
    assert.equal(result.revoked, { what: "ratings", publicKey: ratings?.publicKey, at: NOW / 1_000 });
    assert.equal(result.org.services, [prices]);
    const revoked = revocationsOf(result.state);
    assert.equal(Object.keys(revoked), [ratings?.publicKey]);
    assert.ok(
      Object.values(revoked).every((at) => at > 4_000_000_000),
      "a token of a clock that runs ahead as well",
    );
  }
});

test("where an admin is there to date a token, it is revoked to the last second that a server can read", async () => {
  const { state } = await withInvitation(await withService(await annsState(), "ratings"), "cy@example.org", true);
  const { accountJwt, account, trust } = orgOf(expectDone(await revoke(state, "ratings", tools)).state);
  assert.equal(Object.values(revocationsOf({ ...state, orgs: [{ ...orgOf(state), accountJwt }] })), [LAST_SECOND]);
  const text = Buffer.from(accountJwt.split(".")[1] ?? "", "base64url").toString("utf8");
  assert.match(text, /"revocations":\{"U[A-Z2-7]{55}":9223372036854775807\}/);
  const read = readToken(accountJwt, orgClaims);
  assert.ok(read !== undefined && importsOwnTokenOnly(read.claims, trust.systemAccount));
  assert.ok(natsMint.isSignedBy(trust.operatorKey, read.signed, read.signature));
  // A server reads a number to its last digit, and none that is larger.
  for (const digits of ["9223372036854775806", "9223372036854775808", "9223372036854776000", "9.223372036854776e18"]) {
    const [header, , signature] = accountJwt.split(".");
    const other = Buffer.from(text.replace("9223372036854775807", digits)).toString("base64url");
    assert.is(readToken([header, other, signature].join("."), orgClaims), undefined, digits);
  }
  assert.is.not(markOf(accountJwt), undefined);
  const again = expectDone(
    await revoke(expectDone(await revoke(state, "ratings", tools)).state, "cy@example.org", tools),
  ).state;
  assert.is(markOf(orgOf(again).accountJwt), undefined, `${account}: no admin dates tokens any more`);
});

test("a service that is made again has another key, and the old one stays revoked", async () => {
  const state = await withService(await annsState(), "ratings");
  const again = await withService(expectDone(await revoke(state, "ratings", tools)).state, "ratings");
  const [before, now] = [orgOf(state).services[0]?.publicKey ?? "", orgOf(again).services[0]?.publicKey ?? ""];
  assert.is.not(before, now);
  const both = expectDone(await revoke(again, "ratings", tools)).state;
  assert.equal(Object.keys(revocationsOf(both)).sort(), [before, now].sort());
});

test("a member loses the one key, an admin the right to sign as well", async () => {
  const member = await withInvitation(await annsState(), "ben@example.org");
  const admin = await withInvitation(member.state, "cy@example.org", true);
  assert.is(claimsOf(orgOf(admin.state).accountJwt).nats.signing_keys.length, 1);
  const withoutBen = expectDone(await revoke(admin.state, "BEN@example.org", tools));
  assert.is(withoutBen.kindOf, "member");
  const withoutCy = expectDone(await revoke(withoutBen.state, "cy@example.org", tools));
  assert.is(withoutCy.kindOf, "admin");
  assert.equal(orgOf(withoutCy.state).people, []);
  assert.equal(claimsOf(orgOf(withoutCy.state).accountJwt).nats.signing_keys, []);
  assert.is(Object.keys(revocationsOf(withoutCy.state)).length, 2);
});

test("what was revoked is known again by its name or its key, an address in any letters, and nothing changes", async () => {
  const { publicKey: elsewhere } = natsMint.newKey("user");
  const { state } = await withInvitation(await withService(await annsState(), "ratings"), "ben@example.org");
  const { services, people } = orgOf(state);
  for (const [what, publicKey, kind, kindAgain, others] of [
    [elsewhere, elsewhere, "key", "key", []],
    ["ratings", services[0]?.publicKey ?? "", "service", "service", []],
    ["ben@example.org", people[0]?.publicKey ?? "", "member", "person", ["BEN@example.org"]],
  ] as const) {
    const result = expectDone(await revoke(state, publicKey, tools));
    assert.equal([result.kindOf, result.revoked.what], [kind, what]);
    assert.equal(Object.keys(revocationsOf(result.state)), [publicKey]);
    for (const target of [what, publicKey, ...others]) {
      const again = expectDone(await revoke(result.state, target, tools));
      assert.equal([again.outcome, again.kindOf, again.revoked], ["again", kindAgain, result.revoked], target);
      assert.is(again.state, result.state);
    }
  }
});

test("half a name, a wildcard or another kind of key revokes nothing", async () => {
  const state = await withService(await annsState(), "ratings");
  for (const target of [
    "rating",
    "Ratings",
    "*",
    ">",
    "",
    "ann",
    orgOf(state).account,
    `U${"A".repeat(54)}`,
    `U${"a".repeat(55)}`,
  ])
    assert.is(expectRefused(await revoke(state, target, tools)).code, "no-such-name", target);
  const { state: after } = expectDone(await revoke(state, "ratings", tools));
  assert.is(expectRefused(await revoke(after, "Ratings", tools)).code, "no-such-name");
});

test("the owner is not revoked, and only the owner revokes", async () => {
  const owners = await withService(await annsState(), "ratings");
  for (const target of ["ann@example.org", "ANN@example.org", orgOf(owners).me.publicKey])
    assert.is(expectRefused(await revoke(owners, target, tools)).code, "not-allowed");
  for (const admin of [false, true]) {
    const { code } = await withInvitation(owners, "cy@example.org", admin);
    // Also one who owns another org, and so has an operator.
    for (const before of [EMPTY_STATE, await annsState(EMPTY_STATE, "Cy's Own")]) {
      const theirs = stateJoinedBy(code, before);
      assert.is(expectRefused(await revoke(theirs, "ratings", tools)).code, "not-allowed");
    }
  }
  const theirs = await withService(
    stateJoinedBy((await withInvitation(owners, "cy@example.org", true)).code),
    "prices",
  );
  for (const target of ["other", "prices", "x@example.org", `U${"A".repeat(55)}`, "a b"])
    golden(expectRefused(await revoke(theirs, target, tools)).why);
  assert.is(expectRefused(await revoke({ ...owners, operator: null }, "ratings", tools)).code, "not-allowed");
  assert.is(expectRefused(await revoke(EMPTY_STATE, "ratings", tools)).code, "not-logged-in");
});

test("an old copy takes over what a token revokes that its own operator has signed for its org, and no other", async () => {
  const copy = await withService(await withService(await annsState(), "ratings"), "prices");
  const revoked = expectDone(await revoke(copy, "ratings", tools)).state;
  const { accountJwt, account } = orgOf(revoked);
  const taken = await withRevocationsOf(copy, accountJwt, tools);
  assert.equal(revocationsOf(taken), revocationsOf(revoked));
  assert.equal([orgOf(taken).services.map(({ name }) => name), orgOf(taken).revoked.length], [["prices"], 1]);
  assert.is(newerAccount(accountJwt, orgOf(taken).accountJwt), orgOf(taken).accountJwt);
  const [head, body, signature = ""] = accountJwt.split(".");
  const foreign = await annsState();
  const other = expectDone(
    await revoke(
      { ...foreign, orgs: [{ ...orgOf(copy), trust: orgOf(foreign).trust }], currentOrgId: orgOf(copy).id },
      "ratings",
      tools,
    ),
  ).state;
  const member = stateJoinedBy((await withInvitation(copy, "ben@example.org")).code);
  for (const [state, jwt] of [
    [copy, [head, body, signature.replace(/^../, "AA")].join(".")],
    [copy, orgOf(other).accountJwt],
    [taken, accountJwt],
    [copy, "no token"],
    [member, accountJwt],
    [foreign, accountJwt],
  ] as const)
    assert.is(await withRevocationsOf(state, jwt, tools), state);
  assert.is(claimsOf(orgOf(other).accountJwt).sub, account);
});

test("a token's keys are revoked by the names that they had here, in its own org alone, however old the token is", async () => {
  const other = await annsState(await annsState(), "Other");
  const { state } = await withInvitation(await withService(other, "ratings"), "ben@example.org");
  const org = orgOf(state);
  const { operator } = state;
  const { publicKey } = natsMint.newKey("user");
  const keys = [org.services[0]?.publicKey ?? "", org.people[0]?.publicKey ?? "", publicKey];
  const token = await natsMint.accountJwt(operator?.seed ?? "", {
    ...{ kind: "org", name: org.name, account: org.account, signingKeys: [], revokedKeys: [...keys, "no key"] },
  });
  const dated = (iat: number): string => signedToken({ ...claimsIn(token), iat }, operator?.seed ?? "");
  for (const jwt of [dated(1), dated(2_000_000_000)]) {
    const taken = await withRevocationsOf(state, jwt, tools);
    const at = NOW / 1_000;
    assert.equal(
      orgOf(taken).revoked,
      ["ratings", "ben@example.org", publicKey].map((what, place) => ({ what, publicKey: keys[place], at })),
    );
    assert.equal([orgOf(taken).services, orgOf(taken).people, taken.orgs[0]], [[], [], state.orgs[0]]);
    assert.is(newerAccount(jwt, orgOf(taken).accountJwt), orgOf(taken).accountJwt);
  }
  const [first] = state.orgs;
  const member = { ...org, authority: { kind: "member" } } as const;
  for (const [changed, jwt] of [
    [{ ...state, operator: null }, token],
    [{ ...state, orgs: [] }, token],
    [{ ...state, orgs: first === undefined ? [] : [first, member] }, token],
    [state, org.accountJwt],
    [state, token.split(".").slice(0, 2).join(".")],
  ] as const)
    assert.is(await withRevocationsOf(changed, jwt, tools), changed);
});

test("what is revoked in one copy of a folder is signed later than a token of another copy, whose clock runs ahead", async () => {
  const copy = await withService(await annsState(), "ratings");
  const real = Date.now;
  Date.now = () => real() + 3_600_000;
  const ahead = await withInvitation(copy, "ben@example.org").finally(() => {
    Date.now = real;
  });
  const { accountJwt } = orgOf(ahead.state);
  const revoked = expectDone(await revoke(copy, "ratings", tools)).state;
  assert.is(newerAccount(orgOf(revoked).accountJwt, accountJwt), accountJwt, "members would keep that one");
  const taken = orgOf(await withRevocationsOf(revoked, accountJwt, tools)).accountJwt;
  assert.is(newerAccount(taken, accountJwt), taken);
  assert.equal(claimsOf(taken).nats.revocations, claimsOf(orgOf(revoked).accountJwt).nats.revocations);
});

test.run();
