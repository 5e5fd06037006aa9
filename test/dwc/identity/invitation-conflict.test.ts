// takes: 5 s
// shares: identity
// Genuine invitations against what a folder knows already.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { signAccount } from "../../../src/dwc/identity/core/account.ts";
import { createOrg } from "../../../src/dwc/identity/core/orgs.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import { revoke } from "../../../src/dwc/identity/core/revocations.ts";
import { EMPTY_STATE, orgIdOf, type State, withOrg } from "../../../src/dwc/identity/core/state.ts";
import { claimsIn } from "../../../src/dwc/identity/core/token.ts";
import { serverConfig } from "../../../src/dwc/identity/derived-files.ts";
import { acceptInvitation, mintInvitation } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { renew } from "../../../src/dwc/identity/renewal.ts";
import { goldenOf } from "../../support/golden.ts";
import {
  annsState,
  expectDone,
  expectRefused,
  jwtIn,
  orgOf,
  signedToken,
  stateJoinedBy,
  tools,
  withInvitation,
  withService,
} from "../../support/identity-fixtures.ts";
import { asMadeEarlier } from "../../support/older-dwc.ts";

const test = suite<{ ann: State; eve: State }>("invitations and what is known");
const golden = goldenOf(test, "dwc/identity");

test.before(async (context) => {
  context.ann = await annsState();
  context.eve = await evesState("Eve's Org");
});

async function evesState(name: string, state = EMPTY_STATE): Promise<State> {
  return expectDone(await createOrg(state, { name, person: "Eve", email: "eve@example.org" }, tools)).state;
}

/** The state with other parts in its current org. */
function withPart(state: State, part: object): State {
  return { ...state, orgs: state.orgs.map((org) => (org.id === state.currentOrgId ? { ...org, ...part } : org)) };
}

async function aDayLater<T>(make: () => Promise<T>): Promise<T> {
  const real = Date.now;
  Date.now = () => real() + 86_400_000;
  return make().finally(() => {
    Date.now = real;
  });
}

const refusalOf = (state: State, code: string) => expectRefused(acceptInvitation(state, { code }, tools));

test("an org of the same id and another account stays, owned or joined", async ({ ann, eve }) => {
  const { code } = await withInvitation(eve, "ben@example.org");
  for (const home of [ann, stateJoinedBy((await withInvitation(ann, "ben@example.org")).code)]) {
    const clash = withPart(home, { id: orgOf(eve).id });
    const said = refusalOf({ ...clash, currentOrgId: orgOf(eve).id }, code);
    assert.equal([said.code, /has an id of yours/.test(said.why)], ["bad-invitation", true]);
  }
});

test("an org of the same name is another org: the own one stays as it was", async ({ ann, eve }) => {
  const lookalike = await evesState(orgOf(ann).name);
  const { code } = await withInvitation(lookalike, "ann@example.org");
  const both = stateJoinedBy(code, ann);
  assert.equal(both.orgs[0], ann.orgs[0]);
  assert.equal([both.orgs.length, both.operator], [2, ann.operator]);
  const again = stateJoinedBy((await withInvitation(eve, "ann@example.org")).code, EMPTY_STATE);
  const own = { name: orgOf(eve).name, person: "Ann", email: "ann@example.org" };
  assert.is(
    (await createOrg(again, own, tools)).kind,
    "done",
    "an org of the same name of another owner does not stand in its way",
  );
});

test("an operator's trust never changes, whether the operator is one's own or another's", async ({ ann, eve }) => {
  const { state, code } = await withInvitation(eve, "ben@example.org");
  const other = orgOf(ann).trust;
  const joinedOther = stateJoinedBy(
    (await withInvitation(await evesState("Eve's Other", eve), "ben@example.org")).code,
  );
  for (const part of ["operatorJwt", "systemAccount", "systemAccountJwt"] as const) {
    const trust = { ...orgOf(state).trust, [part]: other[part] };
    const said = refusalOf(withPart(joinedOther, { trust }), code);
    assert.equal([said.code, /those never change/.test(said.why)], ["bad-invitation", true], part);
    const operator = { seed: "", systemSeed: "", trust };
    assert.is(refusalOf({ ...EMPTY_STATE, operator }, code).code, "bad-invitation", part);
  }
  assert.is(stateJoinedBy(code, joinedOther).orgs.length, 2, "the same trust is no change");
});

test("a later token of the system account is taken for all orgs of that operator, and an older one never", async () => {
  const two = await asMadeEarlier(await annsState(await annsState(), "Another Org"));
  const [first, second] = two.orgs.map(({ id }) => ({ ...two, currentOrgId: id }));
  if (first === undefined || second === undefined) throw new Error("two orgs were made");
  const older = await withInvitation(first, "ben@example.org");
  const home = stateJoinedBy(older.code, stateJoinedBy((await withInvitation(second, "ben@example.org")).code));
  const renewed = expectDone(await renew(older.state, { all: false }, tools));
  const [invitation] = renewed.invitations;
  const later = stateJoinedBy(invitation?.code ?? "", home);
  const { trust } = renewed.org;
  assert.is.not(trust.systemAccountJwt, orgOf(home).trust.systemAccountJwt);
  assert.equal(renewed.state.operator?.trust, trust);
  for (const state of [renewed.state, later])
    assert.equal(
      state.orgs.map((org) => org.trust),
      [trust, trust],
    );
  assert.is(parseState(JSON.parse(JSON.stringify(later))).kind, "valid");
  const said = refusalOf(later, (await withInvitation(second, "cy@example.org")).code);
  assert.equal([said.code, /older token of its operator's system account/.test(said.why)], ["bad-invitation", true]);
  const own = { ...EMPTY_STATE, operator: two.operator };
  golden(refusalOf(own, invitation?.code ?? "").why);
});

test("an old code that is found again replaces no later membership", async ({ ann }) => {
  const first = await withInvitation(ann, "ben@example.org");
  const without = expectDone(await revoke(first.state, "ben@example.org", tools));
  const second = await withInvitation(without.state, "ben@example.org");
  const home = stateJoinedBy(second.code, stateJoinedBy(first.code));
  const said = refusalOf(home, first.code);
  assert.equal([said.code, /older than the one that you accepted/.test(said.why)], ["bad-invitation", true]);
});

test("of two codes of copies of a folder the later one stays, though neither key is revoked", async ({ ann }) => {
  const older = await withInvitation(ann, "ben@example.org");
  const newer = await aDayLater(() => withInvitation(ann, "ben@example.org"));
  const home = stateJoinedBy(newer.code);
  const said = refusalOf(home, older.code);
  assert.equal([said.code, /older than the one that you accepted/.test(said.why)], ["bad-invitation", true]);
  const { me } = orgOf(home);
  const jwt = jwtIn(me.creds);
  const { authority } = orgOf(ann);
  const seed = authority.kind === "owner" ? authority.accountSeed : "";
  const undated = me.creds.replace(jwt, signedToken({ ...claimsIn(jwt), iat: "9".repeat(12) }, seed));
  assert.is(stateJoinedBy(older.code, withPart(home, { me: { ...me, creds: undated } })).orgs.length, 1);
});

test("a folder keeps the newest account token that it has, and an owner its org", async ({ ann }) => {
  const first = await withInvitation(ann, "ben@example.org");
  const { publicKey } = natsMint.newKey("user");
  const ahead = await aDayLater(async () => expectDone(await revoke(first.state, publicKey, tools)).state);
  const home = withPart(stateJoinedBy(first.code), { accountJwt: orgOf(ahead).accountJwt });
  const again = await withInvitation(withPart(first.state, { people: [] }), "ben@example.org");
  assert.is(orgOf(stateJoinedBy(again.code, home)).accountJwt, orgOf(ahead).accountJwt);
  const { operator } = ann;
  const { authority } = orgOf(ann);
  if (operator === null || authority.kind !== "owner") throw new Error("Ann is the owner");
  const own = { operator, accountSeed: authority.accountSeed };
  const { code } = await mintInvitation(orgOf(ann), own, { email: "ann@example.org", admin: true }, tools);
  assert.is(refusalOf(ann, code).code, "already-there");
});

test("an invitation whose signing key the org no longer lists is refused, though the key in it is not revoked", async ({
  ann,
}) => {
  const first = await withInvitation(ann, "cy@example.org", true);
  const again = { ...first.state, orgs: first.state.orgs.map((org) => ({ ...org, people: [] })) };
  const second = await withInvitation(again, "cy@example.org", true);
  const { operator } = second.state;
  if (operator === null) throw new Error("Ann has an operator");
  const withdrawn = { ...orgOf(first.state), accountJwt: orgOf(second.state).accountJwt };
  const accountJwt = await signAccount(natsMint, operator, withdrawn);
  assert.is(stateJoinedBy(second.code, stateJoinedBy(first.code)).orgs.length, 1, "the org lists it");
  const said = refusalOf(withPart(stateJoinedBy(first.code), { accountJwt }), second.code);
  assert.equal([said.code, /was taken back/.test(said.why)], ["bad-invitation", true]);
});

test("an org that one has joined never changes its operator", async ({ ann, eve }) => {
  const { operator } = eve;
  if (operator === null) throw new Error("Eve has an operator");
  const own = orgOf(ann);
  const { trust } = operator;
  const moved = { ...own, trust, accountJwt: await signAccount(natsMint, operator, { ...own, people: [] }) };
  const { code } = await withInvitation({ ...ann, operator, orgs: [moved] }, "ben@example.org");
  assert.is(stateJoinedBy(code).orgs.length, 1, "it is genuine by itself");
  const said = refusalOf(stateJoinedBy((await withInvitation(ann, "ben@example.org")).code), code);
  assert.equal([said.code, /has another operator now/.test(said.why)], ["bad-invitation", true]);
});

test("another person's genuine invitation replaces no membership", async ({ ann }) => {
  const first = await withInvitation(ann, "ben@example.org", true);
  const home = await withService(stateJoinedBy(first.code), "prices");
  const { code } = await withInvitation(first.state, "dan@example.org");
  const said = refusalOf(home, code);
  assert.equal([said.code, /already, as ben@example\.org/.test(said.why)], ["already-there", true]);
  const without = expectDone(await revoke(first.state, "ben@example.org", tools));
  const again = await withInvitation(without.state, "BEN@example.org", true);
  assert.is(orgOf(stateJoinedBy(again.code, home)).services.length, 1, "the same person in other letters");
});

test("a renewed invitation is accepted where the owner's clock was set back", async ({ ann }) => {
  const first = await aDayLater(() => withInvitation(ann, "ben@example.org"));
  const home = stateJoinedBy(first.code);
  const renewed = expectDone(await renew(first.state, { all: true }, tools));
  const [again] = renewed.invitations;
  assert.is(orgOf(stateJoinedBy(again?.code ?? "", home)).me.email, "ben@example.org");
  assert.is(refusalOf(stateJoinedBy(again?.code ?? "", home), first.code).code, "bad-invitation");
});

test("an admin who is invited again keeps the names of the services, and a member loses them", async ({ ann }) => {
  const first = await withInvitation(ann, "cy@example.org", true);
  const before = await withService(stateJoinedBy(first.code), "prices");
  const without = expectDone(await revoke(first.state, "cy@example.org", tools));
  const asAdmin = stateJoinedBy((await withInvitation(without.state, "cy@example.org", true)).code, before);
  assert.equal(orgOf(asAdmin).services, orgOf(before).services);
  const asMember = stateJoinedBy((await withInvitation(without.state, "cy@example.org")).code, before);
  assert.equal(orgOf(asMember).services, []);
});

test("a name that was given stays when the invitation is renewed", async ({ ann }) => {
  const first = await withInvitation(ann, "ben@example.org");
  const home = expectDone(acceptInvitation(EMPTY_STATE, { code: first.code, name: "Ben" }, tools)).state;
  const without = expectDone(await revoke(first.state, "ben@example.org", tools));
  assert.is(orgOf(stateJoinedBy((await withInvitation(without.state, "ben@example.org")).code, home)).me.name, "Ben");
});

test("a decider that forgets all this stops with a bug, and not with another's org", ({ ann, eve }) => {
  const { id } = orgOf(ann);
  assert.throws(() => withOrg(ann, { ...orgOf(eve), id }), /another org has this id/);
  assert.throws(() => withOrg(ann, { ...orgOf(ann), authority: { kind: "member" } }), /would be replaced/);
});

test("a state in which tokens are filed under another's name is not believed", async ({ ann, eve }) => {
  const theirs = orgOf(eve);
  const state = stateJoinedBy((await withInvitation(eve, "ann@example.org")).code, ann);
  const { trust } = orgOf(ann);
  for (const [part, where] of [
    [{ id: "AAAAAAAAAA" }, "orgs.1.id"],
    [{ trust: { ...theirs.trust, operatorKey: trust.operatorKey } }, "orgs.1.trust"],
    [{ trust: { ...theirs.trust, systemAccount: trust.systemAccount } }, "orgs.1.trust"],
    [{ trust: { ...theirs.trust, systemAccountJwt: trust.systemAccountJwt } }, "orgs.1.trust"],
    [{ trust }, "orgs.1.accountJwt"],
    [{ accountJwt: orgOf(ann).accountJwt }, "orgs.1.accountJwt"],
    [
      {
        ...{ id: orgIdOf(theirs.trust.systemAccount), account: theirs.trust.systemAccount },
        accountJwt: theirs.trust.systemAccountJwt,
      },
      "orgs.1.account",
    ],
    [{ me: { ...orgOf(state).me, creds: orgOf(ann).me.creds } }, "orgs.1.me.creds"],
  ] as const)
    assert.equal(parseState(withPart(state, part)), { kind: "mismatch", where }, where);
  const annsOrg = orgOf(await withService(ann, "ratings"));
  const [service] = annsOrg.services;
  if (service === undefined) throw new Error("no service");
  const { me } = orgOf(state);
  const asService = { ...service, publicKey: me.publicKey, creds: me.creds };
  for (const [services, where] of [
    [[asService], undefined],
    [[{ ...asService, publicKey: service.publicKey }], "orgs.1.services.0.creds"],
    [[asService, service], "orgs.1.services.1.creds"],
  ] as const) {
    const read = parseState(withPart(state, { services }));
    assert.is(read.kind === "mismatch" ? read.where : undefined, where);
  }
  const { publicKey, creds } = annsOrg.me;
  const read = parseState(withPart(state, { me: { ...me, publicKey, creds } }));
  assert.equal(read, { kind: "mismatch", where: "orgs.1.me.creds" }, "of another org");
  assert.equal(parseState({ ...state, orgs: [...state.orgs, ...state.orgs] }), {
    kind: "mismatch",
    where: "orgs.2.id",
  });
  assert.is(parseState(JSON.parse(JSON.stringify(state))).kind, "valid");
});

test("no trust that is not keys and tokens gets into a server's configuration", ({ ann }) => {
  const { trust } = orgOf(ann);
  for (const part of ["operatorJwt", "systemAccount", "operatorKey"] as const)
    assert.throws(
      () => serverConfig({ ...trust, [part]: `${trust[part]}"\ninclude "/x"` }, "/tmp"),
      /not keys and tokens/,
    );
});

test.run();
