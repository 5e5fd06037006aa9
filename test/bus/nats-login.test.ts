// The signature of a login: over the server's nonce, where that is text.

import { createAccount, createUser, fromPublic, type KeyPair } from "@nats-io/nkeys";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Credentials, parseCredentials } from "../../src/bus/core/credentials.ts";
import { credentialsFile } from "../../src/bus/core/credentials-text.ts";
import { loginOf } from "../../src/bus/nats-login.ts";

const test = suite("logins");

test("a login signs the server's nonce", () => {
  const user = createUser();
  const { nkey, sig } = answerTo("a nonce", user);
  assert.is(nkey, user.getPublicKey());
  assert.ok(fromPublic(nkey).verify(Buffer.from("a nonce"), Buffer.from(sig, "base64url")));
});

test("a login signs nothing where a server sends no nonce, or one that is no text", () => {
  const user = createUser();
  for (const nonce of [undefined, null, "", 5, true, [1, 2], {}, { length: 5e12 }, { type: "Buffer", data: [1] }])
    assert.is(answerTo(nonce, user).sig, "", JSON.stringify(nonce));
});

/** @param nonce as a server may send it */
function answerTo(nonce: unknown, user: KeyPair): { readonly nkey: string; readonly sig: string } {
  const { authenticator } = loginOf(undefined, credentialsOf(user));
  assert.ok(authenticator);
  return Reflect.apply(authenticator, undefined, [nonce]);
}

function credentialsOf(user: KeyPair): Credentials {
  const claims = { sub: user.getPublicKey(), iss: createAccount().getPublicKey(), name: "ratings" };
  const token = ["{}", JSON.stringify(claims), "unsigned"].map((part) => Buffer.from(part).toString("base64url"));
  const parsed = parseCredentials(credentialsFile(token.join("."), Buffer.from(user.getSeed()).toString("utf8")));
  assert.is(parsed.kind, "good");
  return (parsed as Extract<typeof parsed, { kind: "good" }>).credentials;
}

test.run();
