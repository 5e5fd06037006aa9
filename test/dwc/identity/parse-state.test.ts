// The parser of a state file. Whole files, good and broken, are tried in state-file.test.ts and in test/fuzz.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { renewedTrust } from "../../../src/dwc/identity/core/account-links.ts";
import { createOrg } from "../../../src/dwc/identity/core/orgs.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import { createService } from "../../../src/dwc/identity/core/services.ts";
import { EMPTY_STATE, type State, type Trust } from "../../../src/dwc/identity/core/state.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { publicService } from "../../../src/dwc/identity/public-view.ts";
import { annsState, expectDone } from "../../support/identity-fixtures.ts";
import { asMadeEarlier } from "../../support/older-dwc.ts";

const test = suite("the state of a file");

const LAST_SECOND = 8_640_000_000_000;

async function stateOf(createdAt: number): Promise<State> {
  const tools = { mint: natsMint, now: 0 };
  const created = expectDone(
    await createOrg(EMPTY_STATE, { name: "Org", person: "Ann", email: "ann@example.org" }, tools),
  );
  const { state } = expectDone(await createService(created.state, { name: "ratings", holdsSeconds: null }, tools));
  return {
    ...state,
    orgs: state.orgs.map((org) => ({ ...org, services: org.services.map((one) => ({ ...one, createdAt })) })),
  };
}

test("a time that is no date is a mismatch, as no date could be shown", async () => {
  for (const good of [0, 1_790_000_000, LAST_SECOND]) {
    const read = parseState(await stateOf(good));
    assert.is(read.kind, "valid", String(good));
    if (read.kind === "valid") for (const org of read.value.orgs) assert.is(org.services.map(publicService).length, 1);
  }
  for (const bad of [LAST_SECOND + 1, Number.MAX_SAFE_INTEGER, 1.5, -1, Number.NaN]) {
    assert.equal(
      parseState(await stateOf(bad)),
      { kind: "mismatch", where: "orgs.0.services.0.createdAt" },
      String(bad),
    );
  }
});

test("a service of an earlier version calls no other, and a list of calls has names of services", async () => {
  const state = await stateOf(0);
  const withCalls = (calls?: unknown): object => ({
    ...state,
    orgs: state.orgs.map((org) => ({ ...org, services: org.services.map((one) => ({ ...one, calls })) })),
  });
  const earlier = parseState(JSON.parse(JSON.stringify(withCalls())));
  assert.ok(earlier.kind === "valid");
  assert.equal(earlier.value, state);
  assert.equal(parseState(withCalls(["pay"])).kind, "valid");
  for (const [wrong, where] of [
    ["pay", "orgs.0.services.0.calls"],
    [["pay", "a.b"], "orgs.0.services.0.calls.1"],
  ] as const)
    assert.equal(parseState(withCalls(wrong)), { kind: "mismatch", where });
});

test("the first wrong part is named by its path, and an unknown field by the object that holds it", async () => {
  const state = await stateOf(0);
  const [org] = state.orgs;
  const ofOrg = (changes: object): object => ({ ...state, orgs: [{ ...org, ...changes }] });
  for (const [wrong, where] of [
    [7, ""],
    [{ ...state, "\u001b[2J": 1 }, ""],
    [{ ...state, orgs: 7, currentOrgId: 7 }, "orgs"],
    [ofOrg({ "a secret": 1 }), "orgs.0"],
    [ofOrg({ me: undefined }), "orgs.0.me"],
    [ofOrg({ authority: { kind: "king" } }), "orgs.0.authority.kind"],
    [ofOrg({ services: [{ ...org?.services[0], creds: "x" }] }), "orgs.0.services.0.creds"],
  ] as const)
    assert.equal(parseState(wrong), { kind: "mismatch", where }, where);
});

test("tokens are filed under the names that they state, and one operator has one trust", async () => {
  const state = await asMadeEarlier(await annsState(await annsState(), "Other"));
  const { operator, orgs } = state;
  const [first, second] = orgs;
  const foreign = (await annsState()).operator;
  if (!operator || !foreign || !first || !second) throw new Error("two folders have an operator each");
  const { trust } = operator;
  const accountOf = (systemAccount: string): Promise<string> => natsMint.operatorJwt(operator.seed, systemAccount);
  const later = await renewedTrust(natsMint, operator);
  const asOrg = (one: typeof first, changes: Partial<Trust>) => ({ ...one, trust: { ...one.trust, ...changes } });
  const ofOperator = (changes: Partial<Trust>): State => ({
    ...state,
    operator: { ...operator, trust: { ...trust, ...changes } },
  });
  for (const [what, wrong, where] of [
    ["as it was made", state, undefined],
    ["no operator", { ...state, operator: null }, undefined],
    ["of another operator", ofOperator({ operatorJwt: foreign.trust.operatorJwt }), "operator.trust"],
    [
      "of another operator, for this system account",
      ofOperator({ operatorJwt: await natsMint.operatorJwt(foreign.seed, trust.systemAccount) }),
      "operator.trust",
    ],
    [
      "for another system account",
      ofOperator({ operatorJwt: await accountOf(foreign.trust.systemAccount) }),
      "operator.trust",
    ],
    ["a later one than the operator's", { ...state, orgs: [asOrg(first, later)] }, "orgs.0.trust"],
    ["two of one operator", { ...state, operator: null, orgs: [first, asOrg(second, later)] }, "orgs.1.trust"],
    [
      "the token of another org of the operator",
      { ...state, orgs: [{ ...first, accountJwt: second.accountJwt }, second] },
      "orgs.0.accountJwt",
    ],
  ] as const) {
    const read = parseState(wrong);
    assert.is(read.kind === "mismatch" ? read.where : undefined, where, what);
  }
});

test.run();
