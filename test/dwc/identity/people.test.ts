// Logging in and out.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { login, logout } from "../../../src/dwc/identity/core/orgs.ts";
import { EMPTY_STATE, type State } from "../../../src/dwc/identity/core/state.ts";
import { goldenOf } from "../../support/golden.ts";
import { annsState, expectDone, expectRefused, orgOf } from "../../support/identity-fixtures.ts";

const test = suite("people");
const golden = goldenOf(test, "dwc/identity");

const loginsOf = ({ orgs }: State): readonly string[] =>
  orgs.map(({ id, me }) => `bin/dwc login ${me.email} --org-id ${id}`);
/** The commands to choose from, at the end of a sentence. */
const offeredIn = (why: string): readonly (string | undefined)[] =>
  why
    .slice(why.lastIndexOf(": type  ") + ": type  ".length)
    .split("  or  ")
    .map((choice) => choice.split("  (")[0]);

test("one org of that address is the one that is meant", async () => {
  const state = { ...(await annsState()), currentOrgId: null };
  const [org] = state.orgs;
  assert.is(expectDone(login(state, { email: "Ann@Example.org" })).state.currentOrgId, org?.id);
});

test("who is there already changes nothing", async () => {
  const state = await annsState();
  assert.is(expectDone(login(state, { email: "ann@example.org" })).state, state);
});

test("of several the id decides, and without it each is offered", async () => {
  const first = await annsState();
  const both = await annsState(first, "Other");
  const said = expectRefused(login(both, { email: "ann@example.org" }));
  assert.is(said.code, "ambiguous");
  assert.equal(offeredIn(said.why), loginsOf(both));
  const { id } = orgOf(first);
  assert.is(expectDone(login(both, { email: "ann@example.org", orgId: id })).state.currentOrgId, id);
});

test("an unknown address, a wrong id, and no address are refused", async () => {
  const state = await annsState();
  const both = await annsState(state, "Other");
  for (const [email, orgId] of [
    ["eve@example.org", undefined],
    ["ann@example.org", "AAAAAAAAAA"],
  ] as const) {
    const said = expectRefused(login(both, { email, orgId }));
    assert.is(said.code, "no-such-name");
    assert.equal(offeredIn(said.why), loginsOf(both));
    assert.is(said.why.includes("in org"), orgId !== undefined, said.why);
    assert.ok(said.why.includes(orgId ?? email), said.why);
  }
  assert.is(expectRefused(login(state, { email: "ann" })).code, "bad-name");
  golden(expectRefused(login(EMPTY_STATE, { email: "ann@example.org" })).why);
});

test("a logout leaves nothing, no key either", async () => {
  const state = await annsState(await annsState(), "Other");
  const left = expectDone(logout(state));
  assert.equal(left.state, EMPTY_STATE);
  assert.equal(left.forgotten, state.orgs);
});

test.run();
