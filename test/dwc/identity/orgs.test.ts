// New orgs: their owner, their account, and the folder's operator.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tokenImports } from "../../../src/dwc/identity/core/account-links.ts";
import { createOrg } from "../../../src/dwc/identity/core/orgs.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import { EMPTY_STATE } from "../../../src/dwc/identity/core/state.ts";
import { annsState, claimsOf, expectRefused, jwtIn, orgOf, tools } from "../../support/identity-fixtures.ts";

const test = suite("orgs");

const WANTED = { name: "My Test Org", person: "Ann", email: "ann@example.org" };

test("a new org is owned by the person who made it, and is the current one", async () => {
  const state = await annsState();
  const org = orgOf(state);
  assert.is(org.authority.kind, "owner");
  assert.equal([org.name, org.me.name, org.me.email], ["My Test Org", "Ann", "ann@example.org"]);
  assert.equal([org.people, org.services, org.revoked], [[], [], []]);
  assert.is(org.id, org.account.slice(1, 11));
  assert.is(parseState(JSON.parse(JSON.stringify(state))).kind, "valid", "it can be read again");
});

test("the operator vouches for the account, and the account for the person", async () => {
  const state = await annsState();
  const org = orgOf(state);
  const account = claimsOf(org.accountJwt);
  assert.is(account.iss, state.operator?.trust.operatorKey);
  assert.is(account.sub, org.account);
  const { limits } = account.nats;
  assert.equal([limits["exports"], limits["leaf"], limits["disallow_bearer"]], [0, 0, true]);
  assert.equal(account.nats.imports, tokenImports(org.account, org.trust.systemAccount), "its own token, and no more");
  assert.is(limits["imports"], 2);
  const user = claimsOf(jwtIn(org.me.creds));
  assert.equal([user.iss, user.sub, user.exp], [org.account, org.me.publicKey, undefined]);
});

test("a second org has the same operator and another account; the first stays as it was", async () => {
  const first = await annsState();
  const second = await annsState(first, "Other");
  assert.equal(second.operator, first.operator);
  assert.equal(second.orgs[0], first.orgs[0]);
  assert.is(second.orgs.length, 2);
  assert.is(orgOf(second).name, "Other");
  assert.is.not(orgOf(second).account, orgOf(first).account);
});

test("the same org of the same person is not made twice, however the address is written", async () => {
  const state = await annsState();
  for (const email of ["ann@example.org", "ANN@example.org"]) {
    const said = expectRefused(await createOrg(state, { ...WANTED, email }, tools));
    assert.is(said.code, "already-there");
    assert.match(said.why, `--org-id ${orgOf(state).id}`);
  }
  assert.is((await createOrg(state, { ...WANTED, email: "anna@example.org" }, tools)).kind, "done");
});

test("a name that is none makes nothing", async () => {
  for (const [odd, what] of [
    [{ name: "" }, "the org's name"],
    [{ person: " " }, "the person's name"],
    [{ email: "ann" }, "no e-mail address"],
    [{ name: "a\nb" }, "the org's name"],
    [{ person: "x".repeat(101) }, "the person's name"],
  ] as const) {
    const said = expectRefused(await createOrg(EMPTY_STATE, { ...WANTED, ...odd }, tools));
    assert.equal([said.code, said.why.includes(what)], ["bad-name", true], said.why);
  }
});

test.run();
