// takes: 10 s
// shares: identity
// Credentials that were issued with other permissions: found by comparing, and replaced by one command.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callsIn, parseCredentials } from "../../../src/bus/core/credentials.ts";
import { judgeFile, judgePerson, judgeService } from "../../../src/dwc/identity/core/outdated.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import type { Permissions } from "../../../src/dwc/identity/core/permissions.ts";
import { revoke } from "../../../src/dwc/identity/core/revocations.ts";
import { createService } from "../../../src/dwc/identity/core/services.ts";
import type { Org, State } from "../../../src/dwc/identity/core/state.ts";
import { acceptInvitation } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
import { outdatedElsewhere, outdatedFile, outdatedOf } from "../../../src/dwc/identity/outdated-list.ts";
import { renew } from "../../../src/dwc/identity/renewal.ts";
import {
  annsState,
  claimsOf,
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
import { answersAnywhere, asOf, type Rights, withPart } from "../../support/older-dwc.ts";

const test = suite<{ ann: State }>("renewing credentials");

const lessThanToday = ({ pub, sub }: Permissions): Rights => ({ pub: { ...pub, allow: pub.allow.slice(1) }, sub });

const revokedKeys = ({ accountJwt }: Org): readonly string[] => Object.keys(claimsOf(accountJwt).nats.revocations);

test.before(async (context) => {
  context.ann = await withService(await withService(await annsState(), "ratings"), "prices");
});

test("what was issued today is current, in whatever order its subjects stand", async ({ ann }) => {
  assert.equal(outdatedOf(orgOf(ann)), []);
  const reversed = ({ pub, sub }: Permissions): Rights => ({
    pub: { ...pub, allow: pub.allow.toReversed() },
    sub: { allow: sub.allow.toReversed() },
  });
  assert.equal(outdatedOf(orgOf(await asOf(reversed, ann))).length, 0);
});

test("an outdated token is found, and why: other permissions, or answers anywhere", async ({ ann }) => {
  for (const [older, why] of [
    [answersAnywhere, "answers anywhere"],
    [lessThanToday, "other permissions"],
    [({ pub }: Permissions): Rights => ({ pub, sub: { allow: [">"] } }), "other permissions"],
    [({ pub, sub }: Permissions): Rights => ({ pub: { ...pub, deny: ["x"] }, sub }), "other permissions"],
  ] as const) {
    const org = orgOf(await asOf(older, ann));
    assert.equal(
      org.services.map((service) => judgeService(org, service)),
      [why, why],
    );
    assert.is(judgePerson(org), undefined, "the person's own are of today");
    assert.equal(
      outdatedOf(org).map(({ whose, renew: cure }) => [whose, cure]),
      [
        ["ratings", "bin/dwc renew"],
        ["prices", "bin/dwc renew"],
      ],
    );
  }
});

test("with nothing to renew nothing changes; all renews what is current as well", async ({ ann }) => {
  const { state } = await withInvitation(ann, "ben@example.org");
  const nothing = expectDone(await renew(state, { all: false }, tools));
  assert.is(nothing.state, state);
  assert.equal([nothing.person, nothing.services, nothing.invitations], [false, [], []]);
  const all = expectDone(await renew(state, { all: true }, tools));
  assert.equal([all.person, all.services], [true, ["ratings", "prices"]]);
  assert.equal(
    all.invitations.map(({ email, role }) => [email, role]),
    [["ben@example.org", "member"]],
  );
  const keys = [orgOf(state).me, ...orgOf(state).services, ...orgOf(state).people].map(({ publicKey }) => publicKey);
  assert.equal([...revokedKeys(all.org)].sort(), keys.sort(), "each key that was replaced, and no other");
  assert.equal(outdatedOf(all.org), []);
  assert.is(parseState(JSON.parse(JSON.stringify(all.state))).kind, "valid", "it can be read again");
});

test("an owner's renewal replaces what is outdated alone, and revokes it", async ({ ann }) => {
  const older = await asOf(answersAnywhere, ann);
  const mixed = withPart(older, (org) => ({ services: [org.services[0], orgOf(ann).services[1]] }));
  const result = expectDone(await renew(mixed, { all: false }, tools));
  assert.equal([result.person, result.services, result.invitations, result.unrevoked], [false, ["ratings"], [], []]);
  assert.equal(revokedKeys(result.org), [orgOf(older).services[0]?.publicKey]);
  assert.equal([result.org.services[1], result.org.me], [orgOf(ann).services[1], orgOf(ann).me]);
  assert.equal(outdatedOf(result.org), []);
});

test("a service keeps how long it holds, and one that never expires never does", async () => {
  const state = await asOf(answersAnywhere, await withService(await annsState(), "ratings", 3_600));
  const [before] = orgOf(state).services;
  const [after] = expectDone(await renew(state, { all: false }, tools)).org.services;
  assert.is(after?.expiresAt, before?.expiresAt);
});

test("a service calls the same others after a renewal, and a token that names others is outdated", async ({ ann }) => {
  const calls = ["prices", "ratings"];
  const made = expectDone(await createService(ann, { name: "orders", holdsSeconds: null, calls }, tools));
  assert.equal(outdatedOf(made.org), []);
  const renewed = expectDone(await renew(made.state, { all: true }, tools)).org.services.at(-1);
  assert.equal([renewed?.name, renewed?.calls, callsIn(renewed?.creds ?? "")], ["orders", calls, calls]);
  for (const other of [[], ["prices"], ["prices", "ratings", "stock"]])
    assert.is(judgeService(made.org, { ...made.service, calls: other }), "other permissions", String(other));
  assert.is(judgeFile(made.service.creds, made.org), undefined, "the list is in the token");
  const changed = expectDone(await createService(made.state, { name: "orders", holdsSeconds: null, calls: [] }, tools));
  assert.is(judgeFile(made.service.creds, changed.org), "no longer admitted");
});

test("people who were invited by an earlier dwc get new invitations, which take the place of the old", async ({
  ann,
}) => {
  const member = await withInvitation(ann, "ben@example.org");
  const admin = await withInvitation(member.state, "cy@example.org", true);
  const ben = stateJoinedBy(member.code);
  const cy = await withService(stateJoinedBy(admin.code), "greetings");
  const result = expectDone(
    await renew(await asOf(({ pub, sub }) => ({ pub, sub }), admin.state), { all: false }, tools),
  );
  assert.equal(
    result.invitations.map(({ email, role }) => [email, role]),
    [
      ["ben@example.org", "member"],
      ["cy@example.org", "admin"],
    ],
  );
  const [toBen = ""] = result.invitations.map(({ code }) => code);
  assert.is(orgOf(stateJoinedBy(toBen, ben)).authority.kind, "member");
  assert.is.not(orgOf(stateJoinedBy(toBen, ben)).me.publicKey, orgOf(ben).me.publicKey);
  const oldKeys = [ben, cy].map((state) => orgOf(state).me.publicKey);
  for (const key of oldKeys) assert.ok(revokedKeys(result.org).includes(key));
  const signer = claimsOf(jwtIn(orgOf(cy).services[0]?.creds ?? "")).iss;
  assert.not.ok(claimsOf(result.org.accountJwt).nats.signing_keys.includes(signer), "what the admin has signed is out");
  assert.is(result.org.people.length, 2);
  assert.equal(outdatedOf(result.org), []);
});

test("an admin accepts the new invitation, and then signs the same services again", async ({ ann }) => {
  const first = await withInvitation(ann, "cy@example.org", true);
  const cy = await withService(stateJoinedBy(first.code), "greetings");
  const result = expectDone(await renew(first.state, { all: true }, tools));
  const accepted = stateJoinedBy(result.invitations[0]?.code ?? "", cy);
  assert.equal(
    outdatedOf(orgOf(accepted)).map(({ whose, why }) => [whose, why]),
    [["greetings", "no longer admitted"]],
  );
  const renewed = expectDone(await renew(accepted, { all: false }, tools));
  assert.equal([renewed.services, renewed.needsInvitation], [["greetings"], false]);
  assert.equal(renewed.unrevoked, [], "the key that signed the old ones counts no more");
  assert.equal(outdatedOf(renewed.org), []);
  const claims = claimsOf(jwtIn(renewed.org.services[0]?.creds ?? ""));
  assert.ok(claimsOf(result.org.accountJwt).nats.signing_keys.includes(claims.iss), "the new key, which counts");
});

test("an admin's folder renews its services, and names the keys that only the owner can revoke", async ({ ann }) => {
  const { code } = await withInvitation(ann, "cy@example.org", true);
  const cy = await asOf(answersAnywhere, await withService(stateJoinedBy(code), "greetings"));
  const result = expectDone(await renew(cy, { all: false }, tools));
  assert.equal([result.services, result.unrevoked], [["greetings"], [orgOf(cy).services[0]?.publicKey]]);
  assert.equal(outdatedOf(result.org), []);
  const all = expectDone(await renew(cy, { all: true }, tools));
  assert.is(all.needsInvitation, true, "the person's own are the owner's to renew");
});

test("renew refers a member to the owner, and an admin with a revoked key as well", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  const ben = stateJoinedBy(code);
  assert.is(expectDone(await renew(ben, { all: false }, tools)).state, ben, "nothing to renew");
  for (const all of [false, true]) {
    const older = withPart(ben, ({ me }) => ({ me: { ...me, creds: orgOf(ann).me.creds } }));
    const said = expectRefused(await renew(older, { all }, tools));
    assert.equal([said.code, /owner of "My Test Org".*bin\/dwc renew/.test(said.why)], ["not-allowed", true]);
  }
  const admin = await withInvitation(ann, "cy@example.org", true);
  const cy = await withService(stateJoinedBy(admin.code), "greetings");
  const renewedOrg = expectDone(await renew(admin.state, { all: true }, tools)).org;
  const unlisted = withPart(cy, () => ({ accountJwt: renewedOrg.accountJwt }));
  assert.is(expectRefused(await renew(unlisted, { all: false }, tools)).code, "not-allowed");
});

test("a code of the owner's renewal is no use to another folder once the person is renewed again", async ({ ann }) => {
  const first = await withInvitation(ann, "ben@example.org");
  const once = expectDone(await renew(first.state, { all: true }, tools));
  const twice = expectDone(await renew(once.state, { all: true }, tools));
  const home = stateJoinedBy(twice.invitations[0]?.code ?? "", stateJoinedBy(first.code));
  const old = acceptInvitation(home, { code: once.invitations[0]?.code ?? "" }, tools);
  assert.is(expectRefused(old).code, "bad-invitation");
});

test("the file of NATS_CREDS is judged by what it is, and one of another tool is left alone", async ({ ann }) => {
  const org = orgOf(ann);
  const [ratings] = org.services;
  const file = (creds: string) => {
    const parsed = parseCredentials(creds);
    if (parsed.kind === "bad") throw new Error(parsed.why);
    const found = { kind: "found", credentials: parsed.credentials, hint: "", isNamed: true } as const;
    return outdatedFile("/x.creds", found, org).map(({ whose, why }) => `${whose}: ${why}`);
  };
  assert.equal([file(ratings?.creds ?? ""), file(org.me.creds)], [[], []]);
  const older = orgOf(await asOf(answersAnywhere, ann)).services[0]?.creds ?? "";
  assert.equal(file(older), ["ratings in /x.creds: answers anywhere"]);
  const renewed = expectDone(await renew(ann, { all: true }, tools)).org;
  assert.is(judgeFile(ratings?.creds ?? "", renewed), "no longer admitted");
  assert.is(judgeFile(ratings?.creds ?? "", undefined), undefined, "no org here to compare with");
  const account = natsMint.newKey("account");
  const permissions = (): Permissions => ({}) as Permissions;
  const spec = { name: "ops", account: account.publicKey, signer: account.seed, permissions, expiresAt: null };
  assert.equal(file((await natsMint.creds(spec)).creds), [], "without permissions of its own");
  assert.equal(outdatedFile(undefined, { kind: "found", credentials: undefined, hint: "", isNamed: false }, org), []);
});

test("of another org in the folder one line says how to renew what is outdated there", async ({ ann }) => {
  const older = await asOf(answersAnywhere, ann);
  const both = await annsState(older, "Other");
  const { id } = orgOf(older);
  assert.equal(outdatedElsewhere(both), [
    {
      ...{ whose: `ratings and 1 more in [${id}] "My Test Org"`, why: "answers anywhere" },
      renew: `bin/dwc login ann@example.org --org-id ${id} , then  bin/dwc renew`,
    },
  ]);
  assert.equal(outdatedElsewhere(await annsState(ann, "Other")), []);
});

test("revocations that end in 2099 are found where an admin dates tokens, and signed again by the owner alone", async ({
  ann,
}) => {
  const revoked = expectDone(
    await revoke((await withInvitation(ann, "cy@example.org", true)).state, "ratings", tools),
  ).state;
  const { operator } = revoked;
  const text = Buffer.from(orgOf(revoked).accountJwt.split(".")[1] ?? "", "base64url").toString("utf8");
  const dated = signedToken(text.replace("9223372036854775807", "4102444799"), operator?.seed ?? "");
  const earlier = withPart(revoked, () => ({ accountJwt: dated }));
  assert.equal(outdatedOf(orgOf(revoked)), []);
  assert.equal(
    outdatedOf(orgOf(earlier)).map(({ why, renew: cure }) => [why, cure]),
    [["revoked until 2099", "bin/dwc renew"]],
  );
  const result = expectDone(await renew(earlier, { all: false }, tools));
  assert.equal([result.revocations, result.services, result.invitations, result.person], [true, [], [], false]);
  assert.equal(outdatedOf(result.org), []);
  assert.equal(revokedKeys(result.org), revokedKeys(orgOf(revoked)));
  assert.is(expectDone(await renew(result.state, { all: false }, tools)).revocations, false);
});

test("an admin of then is a hole in the owner's eyes: what that admin signs may answer anywhere", async ({ ann }) => {
  const admin = await withInvitation(ann, "cy@example.org", true);
  const { state } = await withInvitation(admin.state, "ben@example.org");
  assert.equal(outdatedOf(orgOf(state)), []);
  const gradeOf = (grant: string | null): readonly unknown[] =>
    outdatedOf(orgOf(withPart(state, ({ people }) => ({ people: people.map((one) => ({ ...one, grant })) })))).map(
      ({ whose, why, renew: cure }) => [whose.split(" ")[0], why, cure],
    );
  assert.equal(gradeOf(null), [
    ["admin", "answers anywhere", "bin/dwc renew"],
    ["ben@example.org", "other permissions", "bin/dwc renew"],
  ]);
  assert.equal(
    gradeOf("A".repeat(43)).map((one) => (one as readonly unknown[])[1]),
    ["other permissions", "other permissions"],
    "where grants were kept, none answered anywhere any more",
  );
});

test("a state of an earlier dwc, without grants, can be read", async ({ ann }) => {
  const { state } = await withInvitation(ann, "ben@example.org");
  const older = withPart(state, ({ people }) => ({
    people: people.map(({ email, publicKey, signingKey, invitedAt }) => ({ email, publicKey, signingKey, invitedAt })),
  }));
  const read = parseState(JSON.parse(JSON.stringify(older)));
  assert.ok(read.kind === "valid");
  assert.equal(
    outdatedOf(orgOf(read.value)).map(({ whose, why }) => [whose, why]),
    [["ben@example.org", "other permissions"]],
  );
});

test.run();
