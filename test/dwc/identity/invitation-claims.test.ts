// takes: 10 s
// shares: identity
// The tokens of an invitation. Its maker has all keys of an org and signs each token rightly. A token that grants more
// than membership, or that can be read in two ways, is refused all the same.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { marketPermissions } from "../../../src/dwc/identity/core/permissions.ts";
import { EMPTY_STATE, orgIdOf } from "../../../src/dwc/identity/core/state.ts";
import { readToken } from "../../../src/dwc/identity/core/token.ts";
import {
  boundTag,
  checkInvitation,
  codeOf,
  type Invitation,
  readCode,
} from "../../../src/dwc/identity/invitation-code.ts";
import { acceptInvitation, INVITATION_HOLDS_SECONDS } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { expectRefused, NOW, signedToken, tools } from "../../support/identity-fixtures.ts";

const test = suite("the tokens of an invitation");

/** Deeper than a stack. */
const DEEP = 100_000;

type Claims = Record<string, unknown> & { nats: Record<string, unknown> };
type Change = (claims: Claims) => unknown;

const same: Change = (claims) => claims;
const nats =
  (more: Record<string, unknown>): Change =>
  (claims) => ({ ...claims, nats: { ...claims.nats, ...more } });
const beside =
  (more: Record<string, unknown>): Change =>
  (claims) => ({ ...claims, ...more });

const operator = natsMint.newKey("operator");
const system = natsMint.newKey("account");
const account = natsMint.newKey("account");
const user = natsMint.newKey("user");
const another = natsMint.newKey("account");

interface Changes {
  readonly operator: Change;
  readonly system: Change;
  readonly org: Change;
  readonly user: Change;
  readonly invitation: (invitation: Invitation) => Partial<Invitation>;
  /** The last word on the text of the operator token's claims. */
  readonly text: (json: string) => string;
  readonly header: string | undefined;
  /** What signs each token and the code, where it is not what should. */
  readonly seeds: Partial<Record<"operator" | "system" | "org" | "user" | "code", string>>;
}

const NOTHING: Changes = {
  ...{ operator: same, system: same, org: same, user: same, header: undefined },
  ...{ invitation: () => ({}), text: (json) => json, seeds: {} },
};

const LIMITS = {
  ...{ conn: -1, subs: -1, data: -1, payload: -1, imports: 0, exports: 0, leaf: 0 },
  ...{ wildcards: false, disallow_bearer: true },
};
const common = { aud: "NATS", iat: NOW / 1_000, jti: "x" };

const claims = {
  operator: {
    ...{ ...common, name: "Datawire Market", sub: operator.publicKey, iss: operator.publicKey },
    nats: { system_account: system.publicKey, type: "operator", version: 2 },
  },
  system: {
    ...{ ...common, name: "SYS", sub: system.publicKey, iss: operator.publicKey },
    nats: {
      ...{ limits: { ...LIMITS, exports: -1, wildcards: true }, signing_keys: [], revocations: {} },
      ...{ type: "account", version: 2 },
    },
  },
  org: {
    ...{ ...common, name: "Eve's Org", sub: account.publicKey, iss: operator.publicKey },
    nats: { limits: LIMITS, signing_keys: [], revocations: {}, type: "account", version: 2 },
  },
};

/** A code as its maker would make it, with these changes in what is signed. */
function codeWith(some: Partial<Changes>): string {
  const changes = { ...NOTHING, ...some };
  const { seeds } = changes;
  const jwt = (what: "operator" | "system" | "org"): string => {
    const json = JSON.stringify(changes[what](structuredClone(claims[what])));
    const seed = seeds[what] ?? operator.seed;
    return what === "operator" ? signedToken(changes.text(json), seed, changes.header) : signedToken(json, seed);
  };
  const said = {
    org: { id: orgIdOf(account.publicKey), name: "Eve's Org", account: account.publicKey, accountJwt: jwt("org") },
    trust: {
      ...{ operatorKey: operator.publicKey, operatorJwt: jwt("operator") },
      ...{ systemAccount: system.publicKey, systemAccountJwt: jwt("system") },
    },
    ...{ email: "ben@example.org", publicKey: user.publicKey, creds: "", signingSeed: null },
    expiresAt: NOW / 1_000 + INVITATION_HOLDS_SECONDS,
  };
  const invitation: Invitation = { ...said, ...changes.invitation(said) };
  const signing = invitation.signingSeed === null ? null : (natsMint.publicKeyOf(invitation.signingSeed) ?? null);
  const userClaims = {
    ...{ ...common, name: invitation.email, sub: user.publicKey, iss: account.publicKey },
    nats: {
      ...{ data: -1, payload: -1, subs: -1, ...marketPermissions(user.publicKey) },
      ...{ allowed_connection_types: ["STANDARD"], tags: [boundTag({ ...invitation, signingKey: signing })] },
      ...{ type: "user", version: 2 },
    },
  };
  const userJwt = signedToken(JSON.stringify(changes.user(userClaims)), seeds.user ?? account.seed);
  const creds = invitation.creds === "" ? credentialsOf(userJwt) : invitation.creds.replace("JWT_HERE", userJwt);
  return codeOf({ ...invitation, creds }, (bytes) => natsMint.sign(seeds.code ?? account.seed, bytes));
}

const credentialsOf = (jwt: string, between = ""): string =>
  `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n${between}\n-----BEGIN USER NKEY SEED-----\n${user.seed}\n------END USER NKEY SEED------\n`;

const accept = (changes: Partial<Changes>) => acceptInvitation(EMPTY_STATE, { code: codeWith(changes) }, tools);

function refusesAll(cases: Readonly<Record<string, Partial<Changes>>>): void {
  for (const [what, changes] of Object.entries(cases)) {
    const decided = accept(changes);
    assert.is(decided.kind, "refused", what);
    assert.is(expectRefused(decided).code, "bad-invitation", what);
  }
}

test("without a change the code is accepted: what is refused below is refused for its change", () => {
  const decided = accept({});
  assert.is(decided.kind, "done", JSON.stringify(decided));
  const tagged: Change = ({ nats: user, ...all }) => ({
    ...all,
    nats: { ...user, tags: ["team:x", ...(user["tags"] as string[])] },
  });
  assert.is(accept({ user: tagged }).kind, "done", "a tag of another kind");
});

test("an operator token is no way to other keys, other servers, or an end of the bus", () => {
  refusesAll({
    "signing keys": { operator: nats({ signing_keys: [natsMint.newKey("operator").publicKey] }) },
    "account server": { operator: nats({ account_server_url: "http://127.0.0.1:9/jwt/v1" }) },
    "service urls": { operator: nats({ operator_service_urls: ["nats://eve.example.org"] }) },
    "server version": { operator: nats({ assert_server_version: "99.0.0" }) },
    "strict signing keys": { operator: nats({ strict_signing_key_usage: true }) },
    "another system account": { operator: nats({ system_account: another.publicKey }) },
    "no system account": { operator: (all) => ({ ...all, nats: { type: "operator", version: 2 } }) },
    expiry: { operator: beside({ exp: NOW / 1_000 + 60 }) },
    "not yet": { operator: beside({ nbf: NOW / 1_000 + 60 }) },
    "another subject": { operator: beside({ sub: natsMint.newKey("operator").publicKey }) },
  });
});

test("an account token shares nothing with other accounts, and hands on no keys", () => {
  const share = { name: "x", subject: ">", type: "stream" };
  for (const which of ["org", "system"] as const)
    refusesAll({
      exports: { [which]: nats({ exports: [share] }) },
      imports: { [which]: nats({ imports: [{ ...share, account: another.publicKey, to: "ratings" }] }) },
      mappings: { [which]: nats({ mappings: { "ratings.get": [{ subject: "eve.get", weight: 100 }] } }) },
      "default permissions": { [which]: nats({ default_permissions: { sub: { allow: [">"] } } }) },
      "auth callout": { [which]: nats({ authorization: { auth_users: [user.publicKey] } }) },
      "scoped keys": { [which]: nats({ signing_keys: [{ kind: "user_scope", key: another.publicKey }] }) },
      "all revoked": { [which]: nats({ revocations: { "*": 4_000_000_000 } }) },
      streams: { [which]: nats({ limits: { ...LIMITS, disk_storage: -1 } }) },
      "a count of imports that it has not": { [which]: nats({ limits: { ...LIMITS, imports: 1 } }) },
      leafnodes: { [which]: nats({ limits: { ...LIMITS, leaf: -1 } }) },
      "tokens without a key": { [which]: nats({ limits: { ...LIMITS, disallow_bearer: false } }) },
      url: { [which]: nats({ info_url: "http://eve.example.org" }) },
      expiry: { [which]: beside({ exp: NOW / 1_000 - 60 }) },
      "another subject": { [which]: beside({ sub: another.publicKey }) },
      "its own signature": { [which]: beside({ iss: account.publicKey }) },
    });
  refusesAll({
    "another name": { org: beside({ name: "Ann's Org" }) },
    "the person is revoked": { org: nats({ revocations: { [user.publicKey]: 4_000_000_000 } }) },
  });
});

test("a person's token has no end, no detour and no right to answer anywhere", () => {
  refusesAll({
    bearer: { user: nats({ bearer_token: true }) },
    expiry: { user: beside({ exp: NOW / 1_000 + 60 }) },
    "answers anywhere": { user: nats({ resp: { max: 1, ttl: 1_000 } }) },
    sources: { user: nats({ src: ["10.0.0.0/8"] }) },
    hours: { user: nats({ times: [{ start: "00:00:00", end: "00:00:01" }] }) },
    websocket: { user: nats({ allowed_connection_types: ["WEBSOCKET"] }) },
    "for another account": { user: nats({ issuer_account: another.publicKey }) },
    "another issuer": { user: beside({ iss: another.publicKey }) },
    "another person": { user: beside({ sub: natsMint.newKey("user").publicKey }) },
    "another address": { user: beside({ name: "cy@example.org" }) },
    "no tag": { user: nats({ tags: [] }) },
    "two tags": {
      user: (all) => ({ ...all, nats: { ...all.nats, tags: [...(all.nats["tags"] as string[]), "dwc-invitation:x"] } }),
    },
    "a key to sign with that is none of the org's": { invitation: () => ({ signingSeed: another.seed }) },
    "the account's own key": { invitation: () => ({ signingSeed: account.seed }) },
    "another person's key": {
      invitation: () => ({ creds: credentialsOf("JWT_HERE").replace(user.seed, natsMint.newKey("user").seed) }),
    },
    "two tokens": { invitation: () => ({ creds: credentialsOf("JWT_HERE", `\n${credentialsOf("a.b.c")}`) }) },
    "an old token before it": {
      invitation: () => ({ creds: `${credentialsOf("a.b.c")}${credentialsOf("JWT_HERE")}` }),
    },
  });
});

test("what is wrong with an invitation is named: it is forged, or its sender's dwc is of an earlier time", () => {
  for (const [changes, checked, said] of [
    [{ user: nats({ tags: [] }) }, { kind: "outdated" }, "its sender types  bin/dwc renew "],
    [{ user: nats({ tags: undefined }) }, { kind: "outdated" }, "its sender types  bin/dwc renew "],
    [{ user: beside({ name: "cy@example.org" }) }, forged("its credentials are for another address")],
    [{ org: beside({ exp: 1 }) }, forged("its account token holds more or less than dwc puts in one")],
    [
      { org: beside({ name: "" }), invitation: ({ org }: Invitation) => ({ org: { ...org, name: "" } }) },
      forged("the org's name is empty"),
    ],
  ] as const) {
    const code = codeWith(changes);
    const read = readCode(code, natsMint.isSignedBy);
    assert.equal(read.kind === "read" ? checkInvitation(read.invitation, natsMint) : read, checked);
    const { why } = expectRefused(acceptInvitation(EMPTY_STATE, { code }, tools));
    const wanted = said ?? `not genuine (${"what" in checked ? checked.what : ""})`;
    assert.ok(why.includes(wanted), why);
  }
});

const forged = (what: string) => ({ kind: "forged", what }) as const;

test("a person's token of a signing key is for that key's own org, and says so", () => {
  const listed = { org: nats({ signing_keys: [another.publicKey] }), seeds: { user: another.seed } };
  const signedFor = (account: string | undefined): Partial<Changes> => ({
    ...listed,
    user: (all) => ({ ...all, iss: another.publicKey, nats: { ...all.nats, issuer_account: account } }),
  });
  assert.is(accept(signedFor(account.publicKey)).kind, "done", "the org lists the key");
  refusesAll({
    "for no account": signedFor(undefined),
    "for the system account": signedFor(system.publicKey),
    "for the key itself": signedFor(another.publicKey),
  });
});

test("what names all its parts rightly is held to each of them", () => {
  const { publicKey: sub, seed } = system;
  const own = natsMint.newKey("operator");
  refusesAll({
    "another org's id": { invitation: ({ org }) => ({ org: { ...org, id: orgIdOf(another.publicKey) } }) },
    "another operator's key": { invitation: ({ trust }) => ({ trust: { ...trust, operatorKey: own.publicKey } }) },
    "another system account": {
      invitation: ({ trust }) => ({ trust: { ...trust, systemAccount: another.publicKey } }),
    },
    "another account": {
      ...{ seeds: { code: another.seed, user: another.seed }, user: beside({ iss: another.publicKey }) },
      invitation: ({ org }) => ({ org: { ...org, account: another.publicKey, id: orgIdOf(another.publicKey) } }),
    },
    "the system account as an org": {
      ...{ seeds: { code: seed, user: seed }, user: beside({ iss: sub }), org: beside({ sub }) },
      invitation: ({ org }) => ({ org: { ...org, account: sub, id: orgIdOf(sub) } }),
    },
    "an operator token by another operator, which names itself": {
      ...{ operator: beside({ iss: own.publicKey }), seeds: { operator: own.seed } },
    },
    "a system account token by another operator, which names itself": {
      ...{ system: beside({ iss: own.publicKey }), seeds: { system: own.seed } },
    },
    "an account token by another operator, which names itself": {
      ...{ org: beside({ iss: own.publicKey }), seeds: { org: own.seed } },
    },
    "an operator token that its key has not signed": { seeds: { operator: own.seed } },
    "a system account token that the operator has not signed": { seeds: { system: own.seed } },
    "an account token that the operator has not signed": { seeds: { org: own.seed } },
    "credentials that the account has not signed": { seeds: { user: another.seed } },
    "a code that the account has not signed": { seeds: { code: another.seed } },
  });
});

test("a token has one meaning: for this program as for nats-server", () => {
  const nameOf = `"sub":"${operator.publicKey}"`;
  refusesAll({
    "a claim twice": {
      text: (json) => json.replace(nameOf, `"sub":"${natsMint.newKey("operator").publicKey}",${nameOf}`),
    },
    "a claim in other letters": {
      text: (json) => json.replace('"nats":', '"NATS":{"account_server_url":"http://127.0.0.1:9"},"nats":'),
    },
    "white space": { text: (json) => json.replace("{", "{ ") },
    "an escaped name": { text: (json) => json.replace('"nats"', '"n\\u0061ts"') },
    "the older algorithm": { header: '{"typ":"JWT","alg":"ed25519"}' },
    "no algorithm": { header: '{"typ":"JWT","alg":"none"}' },
    "a longer header": { header: '{"typ":"JWT","alg":"ed25519-nkey","kid":"x"}' },
  });
});

test("a token that is nested without end is none, and ends no process", () => {
  const deep = `{"x":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`;
  assert.is(readToken(signedToken(deep, operator.seed), v.unknown()), undefined);
});

test("names that steer a terminal or a shell are none", () => {
  refusesAll({
    "a line in the org's name": {
      org: beside({ name: "Org\nINFO" }),
      invitation: ({ org }) => ({ org: { ...org, name: "Org\nINFO" } }),
    },
    "an empty name": { org: beside({ name: "" }), invitation: ({ org }) => ({ org: { ...org, name: "" } }) },
    "a long name": {
      org: beside({ name: "x".repeat(10_000) }),
      invitation: ({ org }) => ({ org: { ...org, name: "x".repeat(10_000) } }),
    },
    "an address that is none": { invitation: () => ({ email: "ben@example" }) },
    "an escape in the address": { invitation: () => ({ email: "ben\u001b[2J@example.org" }) },
  });
});

test("what would stand in nats-server.conf or in the name of a file is keys and tokens, letter by letter", () => {
  const inject = 'x"\ninclude "/etc/passwd"\n#';
  refusesAll({
    "a line behind a token": {
      invitation: ({ trust }) => ({ trust: { ...trust, operatorJwt: `${trust.operatorJwt}\n${inject}` } }),
    },
    "a new line behind a token": {
      invitation: ({ trust }) => ({ trust: { ...trust, operatorJwt: `${trust.operatorJwt}\n` } }),
    },
    "a file in its place": { invitation: ({ trust }) => ({ trust: { ...trust, operatorJwt: "etc.nats.conf" } }) },
    braces: { invitation: ({ trust }) => ({ trust: { ...trust, systemAccount: `${trust.systemAccount}}` } }) },
    "a path in a key": {
      invitation: ({ trust }) => ({ trust: { ...trust, operatorKey: `../../${trust.operatorKey}` } }),
    },
    "a path in the id": { invitation: ({ org }) => ({ org: { ...org, id: "../../.." } }) },
    "a path in the account": { invitation: ({ org }) => ({ org: { ...org, account: "../../x" } }) },
  });
});

test.run();
