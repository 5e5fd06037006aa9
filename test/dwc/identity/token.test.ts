// A token has one text: another text for the same bytes is refused, however rightly it is signed.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { userJwtIn, userSeedIn } from "../../../src/dwc/identity/core/schema.ts";
import { claimsIn, readToken, type Token } from "../../../src/dwc/identity/core/token.ts";
import { natsMint } from "../../../src/dwc/identity/mint.ts";

const test = suite("the text of a token");
const operator = natsMint.newKey("operator");
const HEADER = '{"typ":"JWT","alg":"ed25519-nkey"}';
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64url");
const read = (jwt: string): Token<object> | undefined => readToken(jwt, v.looseObject({}));

/** Signed as it stands. */
function signed(header: string, payload: string): string {
  return `${header}.${payload}.${base64url(natsMint.sign(operator.seed, Buffer.from(`${header}.${payload}`)))}`;
}

/** Another last letter, of which a decoder drops the bits that differ. */
function withSpareBits(part: string): string {
  const at = LETTERS.indexOf(part.at(-1) ?? "");
  const other = part.slice(0, -1) + LETTERS[at ^ 1];
  assert.is(Buffer.from(other, "base64url").equals(Buffer.from(part, "base64url")), true);
  return other;
}

test("only the one text that base64url has for a header and for claims", () => {
  // Of a length that leaves spare bits, and with letters that base64 writes in another way.
  const [header, payload] = [base64url(HEADER), base64url('{"name":"Org ???>>>."}')];
  assert.ok(read(signed(header, payload)) !== undefined);
  assert.match(payload, /[-_]/);
  for (const text of [
    withSpareBits(payload),
    `${payload}=`,
    `${payload} `,
    `${payload.slice(0, 4)}\n${payload.slice(4)}`,
    payload.replace(/-/g, "+").replace(/_/g, "/"),
  ]) {
    assert.equal(Buffer.from(text, "base64url"), Buffer.from(payload, "base64url"), "the same claims");
    assert.is(read(signed(header, text)), undefined, JSON.stringify(text));
  }
  for (const text of [withSpareBits(header), `${header}=`]) assert.is(read(signed(text, payload)), undefined, text);
});

test("only the one text of a signature", () => {
  const jwt = signed(base64url(HEADER), base64url("{}"));
  assert.ok(read(jwt) !== undefined);
  for (const text of [withSpareBits(jwt), `${jwt}=`, `${jwt}\n`, `${jwt}*`]) assert.is(read(text), undefined, text);
});

test("a token has three parts, and claims in the second", () => {
  const jwt = signed(base64url(HEADER), base64url('{"name":"Org"}'));
  assert.equal(claimsIn(jwt), { name: "Org" });
  const [header, payload] = jwt.split(".");
  for (const text of ["", "x", `${header}.${payload}`, `${jwt}.`, `${jwt}.AAAA`])
    assert.is(read(text), undefined, text);
  for (const text of ["", "x", `${header}.`]) assert.equal(claimsIn(text), {}, text);
});

test("a credentials file has one token and one seed; other text has neither", async () => {
  const account = natsMint.newKey("account");
  const permissions = () => ({ pub: { allow: [] }, sub: { allow: [] } });
  const spec = { name: "x", account: account.publicKey, signer: account.seed, permissions, expiresAt: null };
  const { publicKey, creds } = await natsMint.creds(spec);
  assert.is(claimsIn(userJwtIn(creds))["sub"], publicKey);
  assert.is(natsMint.publicKeyOf(userSeedIn(creds)), publicKey);
  for (const odd of ["", "x", creds + creds, creds.slice(1)])
    assert.equal([userJwtIn(odd), userSeedIn(odd)], ["", ""], odd);
});

test.run();
