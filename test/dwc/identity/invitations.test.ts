// Invitations: from the owner's folder to another one, whole or not at all.

import { deflateRawSync, inflateRawSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isoTime } from "../../../src/clock.ts";
import { parseState } from "../../../src/dwc/identity/core/parse-state.ts";
import { revoke } from "../../../src/dwc/identity/core/revocations.ts";
import { EMPTY_STATE, type State } from "../../../src/dwc/identity/core/state.ts";
import { MAX_CODE_LENGTH, readCode } from "../../../src/dwc/identity/invitation-code.ts";
import { acceptInvitation, INVITATION_HOLDS_SECONDS, inviteUser } from "../../../src/dwc/identity/invitations.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";
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
  withRevoked,
  withService,
} from "../../support/identity-fixtures.ts";

const test = suite<{ ann: State }>("invitations");
const golden = goldenOf(test, "dwc/identity");

test.before(async (context) => {
  context.ann = await withService(await annsState(), "ratings");
});

const accept = (code: string, state = EMPTY_STATE, now = NOW) => acceptInvitation(state, { code }, { ...tools, now });
const codeOfRefusal = (code: string, state = EMPTY_STATE, now = NOW): string =>
  expectRefused(accept(code, state, now)).code;

/** Believes one signature under one word, as a perfect signature would; the real one takes 7 ms for each look. */
function believing(code: string): Parameters<typeof readCode>[1] {
  const [, packed = "", signature = ""] = code.split(".");
  return (_account, bytes, signed) =>
    Buffer.from(bytes).equals(Buffer.from(packed)) && Buffer.from(signed).equals(Buffer.from(signature, "base64url"));
}

/** How many places are between those that the real signature looks at. */
const REAL_EVERY = 61;

test("a member joins with rights to run Markets, and no key that signs", async ({ ann }) => {
  const { state, code } = await withInvitation(ann, "ben@example.org");
  const org = orgOf(stateJoinedBy(code));
  assert.equal(org.authority, { kind: "member" });
  assert.equal([org.id, org.name, org.account], [orgOf(ann).id, orgOf(ann).name, orgOf(ann).account]);
  assert.equal([org.me.email, org.me.publicKey], ["ben@example.org", orgOf(state).people[0]?.publicKey]);
  assert.equal([org.people, org.services, org.revoked], [[], [], []], "nothing else of the owner's");
  assert.is(claimsOf(jwtIn(org.me.creds)).iss, orgOf(ann).account);
  assert.is(parseState(JSON.parse(JSON.stringify(stateJoinedBy(code)))).kind, "valid", "it can be read again");
});

test("an org may be called in any script: it invites, and its tokens are text in UTF-8", async () => {
  for (const name of ["Müller GmbH", "株式会社", "a 😀"]) {
    const { code } = await withInvitation(await annsState(EMPTY_STATE, name), "ben@example.org");
    const org = orgOf(stateJoinedBy(code));
    assert.is(org.name, name);
    assert.is((claimsOf(org.accountJwt) as { name?: unknown }).name, name);
  }
});

test("an admin gets a key that signs, and neither gets the account's own", async ({ ann }) => {
  const { authority } = orgOf(ann);
  for (const admin of [true, false]) {
    const { code } = await withInvitation(ann, "cy@example.org", admin);
    const said = inflateRawSync(Buffer.from(code.split(".")[1] ?? "", "base64url")).toString("utf8");
    assert.ok(authority.kind === "owner" && !said.includes(authority.accountSeed));
    assert.not.ok(said.includes(ann.operator?.seed ?? "?") || said.includes(ann.operator?.systemSeed ?? "?"));
    assert.is(/"signingSeed":"SA/.test(said), admin);
    assert.is(orgOf(stateJoinedBy(code)).authority.kind, admin ? "admin" : "member");
  }
});

test("one character changed anywhere, and it is refused", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org", true);
  const isSigned = believing(code);
  assert.is(readCode(code, isSigned).kind, "read");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (let place = 0; place < code.length; place += 1) {
    const at = alphabet.indexOf(code[place] ?? "");
    const others = place % 16 === 0 ? [".", "é"] : [];
    for (const other of [alphabet[(at + 1) % alphabet.length], ...others]) {
      if (other === code[place]) continue;
      const changed = `${code.slice(0, place)}${other}${code.slice(place + 1)}`;
      const judge = place % REAL_EVERY === 0 || place === code.length - 1 ? natsMint.isSignedBy : isSigned;
      assert.is(readCode(changed, judge).kind, "bad", `${place}: ${code[place]} to ${other}`);
    }
  }
});

test("cut at any length, from either end, it is refused", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  const isSigned = believing(code);
  for (let length = 0; length < code.length; length += 3) {
    assert.is(readCode(code.slice(0, length), isSigned).kind, "bad", `first ${length}`);
    assert.is(readCode(code.slice(-length - 1).slice(1), isSigned).kind, "bad", `last ${length}`);
  }
  for (const longer of [`${code}A`, `${code}.`, `${code}.A`, `A${code}`, `${code}${code}`])
    assert.is(readCode(longer, isSigned).kind, "bad", longer.slice(-4));
});

test("white space around it is a copy's, and says nothing", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  assert.is(accept(` \n${code}\r\n`).kind, "done");
});

test("what is no code, or pours out of a small one, is refused with no part of it in the words", () => {
  const bomb = deflateRawSync(Buffer.alloc(8_000_000)).toString("base64url");
  for (const code of [
    ...[""],
    ..."x dwc1 dwc1.. dwc2.AAAA.AAAA dwc1.AAAA.AAAA".split(" "),
    `dwc1.${bomb}.AAAA`,
    "dwc1.e30.e30",
    `dwc1.${"A".repeat(MAX_CODE_LENGTH)}.A`,
  ]) {
    const said = expectRefused(accept(code));
    assert.is(said.code, "bad-invitation", code.slice(0, 20));
    assert.ok(said.why.length < 200);
  }
});

test("a genuine one that is longer than any needs to be is refused, small or unpacked", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  const said = inflateRawSync(Buffer.from(code.split(".")[1] ?? "", "base64url")).toString("utf8");
  const padded = (spaces: number, level: number): string => {
    const word = deflateRawSync(`${said}${" ".repeat(spaces)}`, { level }).toString("base64url");
    return `dwc1.${word}.AAAA`;
  };
  const anySignature = () => true;
  assert.is(readCode(padded(10, 9), anySignature).kind, "read");
  assert.is(readCode(padded(2 * MAX_CODE_LENGTH, 9), anySignature).kind, "bad", "unpacked");
  assert.is(readCode(padded(MAX_CODE_LENGTH, 0), anySignature).kind, "bad", "as it is");
});

test("a code has one text for its compressed parts, even if another text is signed", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  const [mark, packed, signature] = code.split(".");
  for (const [text, kind] of [
    [packed, "read"],
    [`${packed}=`, "bad"],
    [`${packed} `, "bad"],
    [` ${packed}`, "bad"],
  ] as const)
    assert.is(readCode([mark, text, signature].join("."), () => true).kind, kind, text?.slice(-3));
});

test("an invitation signed by another account is refused", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  const [mark = "", packed = ""] = code.split(".");
  const eve = natsMint.newKey("account");
  const signedByEve = Buffer.from(natsMint.sign(eve.seed, Buffer.from(packed))).toString("base64url");
  assert.is(codeOfRefusal(`${mark}.${packed}.${signedByEve}`), "bad-invitation");
  const { code: another } = await withInvitation(ann, "cy@example.org");
  assert.is(
    codeOfRefusal([mark, packed, another.split(".")[2]].join(".")),
    "bad-invitation",
    "another code's signature",
  );
});

test("an org that has revoked ten thousand keys still invites; dwc says so where a code would be too long", async ({
  ann,
}) => {
  const { code } = await withInvitation(withRevoked(ann, 10_000), "ben@example.org");
  assert.ok(code.length > 500_000, String(code.length));
  assert.is(Object.keys(claimsOf(orgOf(stateJoinedBy(code)).accountJwt).nats.revocations).length, 10_000);
  const state = withRevoked(ann, 75_000);
  const said = expectRefused(await inviteUser(state, { email: "ben@example.org", admin: false }, tools));
  assert.is(said.code, "invitation-too-long");
  golden(said.why);
});

test("it is good for a week, and not a second longer", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  assert.is(INVITATION_HOLDS_SECONDS, 7 * 24 * 60 * 60);
  const end = NOW + INVITATION_HOLDS_SECONDS * 1_000;
  assert.is(accept(code, EMPTY_STATE, end - 1).kind, "done");
  const said = expectRefused(accept(code, EMPTY_STATE, end));
  assert.is(said.code, "expired-invitation");
  assert.is(said.why.split(isoTime(end)).length, 3, "its end, and the clock of this machine");
  assert.match(said.why, "bin/dwc invite-user ben@example.org");
});

test("accepted twice in one folder it is refused, and so is one's own", async ({ ann }) => {
  const { state, code } = await withInvitation(ann, "ben@example.org");
  assert.is(codeOfRefusal(code, stateJoinedBy(code)), "already-there");
  assert.is(codeOfRefusal(code, state), "already-there");
});

test("revoked and invited again, the new code takes the old one's place; the old one's key stays out", async ({
  ann,
}) => {
  const first = await withInvitation(ann, "ben@example.org");
  const bens = stateJoinedBy(first.code);
  const without = expectDone(await revoke(first.state, "ben@example.org", tools));
  const second = await withInvitation(without.state, "ben@example.org", true);
  const again = stateJoinedBy(second.code, bens);
  assert.is(again.orgs.length, 1);
  assert.is(orgOf(again).authority.kind, "admin");
  const revoked = claimsOf(orgOf(second.state).accountJwt).nats.revocations;
  assert.equal(Object.keys(revoked), [orgOf(bens).me.publicKey]);
  assert.is.not(orgOf(again).me.publicKey, orgOf(bens).me.publicKey);
});

test("who was invited, or is oneself, is not invited again; and only the owner invites", async ({ ann }) => {
  const { state, code } = await withInvitation(ann, "ben@example.org", true);
  const codeFor = async (from: State, email: string) =>
    expectRefused(await inviteUser(from, { email, admin: false }, tools)).code;
  assert.is(await codeFor(state, "Ben@Example.org"), "already-there");
  assert.is(await codeFor(state, "ANN@example.org"), "already-there");
  assert.is(await codeFor(state, "cy"), "bad-name");
  assert.is(await codeFor(EMPTY_STATE, "cy@example.org"), "not-logged-in");
  const home = stateJoinedBy(code);
  assert.is(await codeFor(home, "cy@example.org"), "not-allowed");
  const asked = expectRefused(await inviteUser(home, { email: "cy@example.org", admin: false }, tools));
  assert.match(asked.why, "bin/dwc invite-user cy@example.org");
});

test("a name is taken where one is given, unless it is none", async ({ ann }) => {
  const { code } = await withInvitation(ann, "ben@example.org");
  assert.is(expectDone(acceptInvitation(EMPTY_STATE, { code, name: "Ben" }, tools)).org.me.name, "Ben");
  assert.is(orgOf(stateJoinedBy(code)).me.name, "ben@example.org");
  const home = await annsState(EMPTY_STATE, "Other");
  assert.is(orgOf(stateJoinedBy(code, home)).me.name, "ben@example.org", "and not the name in another org");
  const odd = expectRefused(acceptInvitation(EMPTY_STATE, { code, name: "a\nb" }, tools));
  assert.equal([odd.code, odd.why.startsWith("the person's name")], ["bad-name", true]);
});

test.run();
