// Services of the current org, and their tokens.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callsIn } from "../../../src/bus/core/credentials.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import { servicePermissions } from "../../../src/dwc/identity/core/permissions.ts";
import { createService, serviceToken } from "../../../src/dwc/identity/core/services.ts";
import { EMPTY_STATE, type State } from "../../../src/dwc/identity/core/state.ts";
import { goldenOf } from "../../support/golden.ts";
import {
  annsState,
  claimsOf,
  expectDone,
  expectRefused,
  jwtIn,
  NOW,
  orgOf,
  stateJoinedBy,
  tools,
  withInvitation,
  withService,
} from "../../support/identity-fixtures.ts";

const test = suite("services");
const golden = goldenOf(test, "dwc/identity");

const wanted = (name: string, holdsSeconds: number | null = null) => ({ name, holdsSeconds });

test("a service gets a token with its own permissions and no more", async () => {
  const made = expectDone(await createService(await annsState(), wanted("ratings"), tools));
  const { state, service } = made;
  assert.equal([made.outcome, orgOf(state).services], ["made", [service]]);
  const { sub: subject, iss, exp, nats } = claimsOf(jwtIn(service.creds));
  assert.equal([subject, iss, exp], [service.publicKey, orgOf(state).account, undefined]);
  const { pub, sub } = servicePermissions("ratings", service.publicKey);
  assert.equal([nats.pub.allow, nats.sub.allow, nats.resp], [pub.allow, sub.allow, undefined]);
  assert.equal(nats.allowed_connection_types, ["STANDARD"]);
});

test("made twice it is kept, and the state is the same", async () => {
  const state = await withService(await annsState(), "ratings");
  const again = expectDone(await createService(state, wanted("ratings"), tools));
  assert.is(again.outcome, "kept");
  assert.is(again.state, state);
});

test("one with an end is replaced by one without, whatever this machine's clock says of it", async () => {
  const state = await withService(await annsState(), "ratings", 60);
  const [before] = orgOf(state).services;
  assert.is(claimsOf(jwtIn(before?.creds ?? "")).exp, before?.expiresAt);
  for (const seconds of [-3_600, 0, 59, 60, 3_600]) {
    const now = NOW + seconds * 1_000;
    const renewed = expectDone(await createService(state, wanted("ratings"), { ...tools, now }));
    assert.equal([renewed.outcome, renewed.service.expiresAt], ["renewed", null], String(seconds));
    assert.equal(renewed.org.services, [renewed.service]);
    assert.is.not(renewed.service.publicKey, before?.publicKey);
    assert.is(claimsOf(jwtIn(renewed.service.creds)).exp, undefined);
    assert.is(expectDone(await createService(renewed.state, wanted("ratings"), tools)).outcome, "kept");
  }
});

const calling = (name: string, calls?: readonly string[]) => ({ ...wanted(name), calls });

test("a service that calls others has their names in its token, once and in order", async () => {
  const made = expectDone(await createService(await annsState(), calling("orders", ["stock", "pay", "stock"]), tools));
  assert.equal([made.outcome, made.service.calls], ["made", ["pay", "stock"]]);
  const { nats } = claimsOf(jwtIn(made.service.creds));
  const { pub, sub } = servicePermissions("orders", made.service.publicKey, ["pay", "stock"]);
  assert.equal([nats.pub.allow, nats.sub.allow], [pub.allow, sub.allow]);
  assert.equal(callsIn(made.service.creds), ["pay", "stock"]);
  for (const again of [undefined, ["pay", "stock"], ["stock", "pay"]]) {
    const kept = expectDone(await createService(made.state, calling("orders", again), tools));
    assert.equal([kept.outcome, kept.state === made.state], ["kept", true], String(again));
  }
});

test("one that calls others than before gets another key, and its owner's folder revokes the old one", async () => {
  const before = expectDone(await createService(await annsState(), wanted("orders"), tools));
  for (const [calls, changed] of [
    [["pay", "stock"], before],
    [["stock"], expectDone(await createService(await annsState(), calling("orders", ["pay"]), tools))],
    [[], expectDone(await createService(await annsState(), calling("orders", ["pay"]), tools))],
  ] as const) {
    const result = expectDone(await createService(changed.state, calling("orders", calls), tools));
    assert.equal([result.outcome, result.service.calls, result.unrevoked], ["changed", calls, undefined]);
    assert.equal(callsIn(result.service.creds), calls);
    assert.equal(result.org.services, [result.service]);
    const { accountJwt, revoked } = result.org;
    assert.equal(Object.keys(claimsOf(accountJwt).nats.revocations), [changed.service.publicKey]);
    assert.equal(revoked, [{ what: "orders", publicKey: changed.service.publicKey, at: NOW / 1_000 }]);
    assert.is(parseState(JSON.parse(JSON.stringify(result.state))).kind, "valid");
  }
});

test("an admin's folder names the key that only the owner can revoke", async () => {
  const { code } = await withInvitation(await annsState(), "cy@example.org", true);
  const made = expectDone(await createService(stateJoinedBy(code), calling("orders", ["pay"]), tools));
  const changed = expectDone(await createService(made.state, calling("orders", ["stock"]), tools));
  assert.equal([changed.outcome, changed.unrevoked], ["changed", made.service.publicKey]);
  assert.equal([changed.org.accountJwt, changed.org.revoked], [made.org.accountJwt, []]);
});

test("a list of services with a bad name is refused, and one that no login has room for", async () => {
  const state = await annsState();
  for (const name of ["", "Pay", "a.b", "*", "health", "account", "a,b"])
    assert.is(
      expectRefused(await createService(state, calling("orders", ["pay", name]), tools)).code,
      "bad-name",
      name,
    );
  golden(expectRefused(await createService(state, calling("orders", ["Pay"]), tools)).why);
  const many = (count: number) => Array.from({ length: count }, (_, at) => `inventory-${at}`);
  assert.is(expectDone(await createService(state, calling("orders", many(14)), tools)).service.calls.length, 14);
  const refusal = expectRefused(await createService(state, calling("orders", many(30)), tools));
  assert.is(refusal.code, "too-many-calls");
  golden(refusal.why);
});

test("an admin signs services with a key of their own, for the org's account", async () => {
  const { state, code } = await withInvitation(await annsState(), "cy@example.org", true);
  const admins = await withService(stateJoinedBy(code), "prices");
  const claims = claimsOf(jwtIn(orgOf(admins).services[0]?.creds ?? ""));
  assert.is(claims.nats.issuer_account, orgOf(state).account);
  assert.is(claims.iss, orgOf(state).people[0]?.signingKey);
  assert.equal(claimsOf(orgOf(state).accountJwt).nats.signing_keys, [claims.iss]);
});

test("a member, a folder without an org and a bad name are refused a service", async () => {
  const { code } = await withInvitation(await annsState(), "ben@example.org");
  const { code: why, why: sentence } = expectRefused(await createService(stateJoinedBy(code), wanted("prices"), tools));
  assert.is(why, "not-allowed");
  golden(sentence);
  assert.is(expectRefused(await createService(EMPTY_STATE, wanted("prices"), tools)).code, "not-logged-in");
  for (const name of ["health", "get", "_inbox", "$sys", "a.b", ""])
    assert.is(expectRefused(await createService(await annsState(), wanted(name), tools)).code, "bad-name", name);
});

test("the token of a service is that of the current org, by its whole name", async () => {
  const first = await withService(await annsState(), "ratings");
  const found = serviceToken(first, "ratings");
  assert.ok(found.kind === "found" && found.service.creds === orgOf(first).services[0]?.creds);
  const second = await annsState(first, "Other");
  for (const [state, name, code] of [
    [second, "ratings", "no-such-service"],
    [first, "rating", "no-such-service"],
    [first, "a.b", "bad-name"],
    [EMPTY_STATE, "ratings", "not-logged-in"],
  ] as const) {
    const missing = serviceToken(state, name);
    assert.ok(missing.kind === "refused" && missing.code === code, `${name} ${code}`);
  }
});

test("a missing service: an owner sees five that exist, a member sees the admins", async () => {
  const state = await withService(await annsState(), "ratings");
  const [service] = orgOf(state).services;
  assert.ok(service);
  const having = (count: number): State => ({
    ...state,
    orgs: [{ ...orgOf(state), services: Array.from({ length: count }, (_, at) => ({ ...service, name: `s${at}` })) }],
  });
  const member: State = { ...state, orgs: [{ ...orgOf(state), authority: { kind: "member" } }] };
  for (const asked of [having(0), having(1), having(5), having(6), member]) {
    const missing = serviceToken(asked, "prices");
    assert.ok(missing.kind === "refused" && missing.code === "no-such-service");
    golden(missing);
  }
});

test.run();
