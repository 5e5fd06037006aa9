// Our keys beside those of the token library: the same texts and signatures, and nothing taken that it refuses.

import { createHash, randomBytes } from "node:crypto";
import {
  createAccount,
  createCluster,
  createCurve,
  createOperator,
  createServer,
  createUser,
  fromPublic,
} from "@nats-io/nkeys";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { belongsTo, isSignedBy, SigningKey } from "../../src/bus/nkey.ts";

const test = suite("keys of NATS");
const ROUNDS = 2;
/** To decode a text costs more than to read it so many times; to look at its length costs nothing. */
const PASSES = 20;
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

test("a seed gives the public key, the private key and the signatures that the library gives", () => {
  for (const create of [createOperator, createAccount, createUser])
    for (let round = 0; round < ROUNDS; round += 1) {
      const pair = create();
      const key = SigningKey.from(textOf(pair.getSeed()));
      assert.ok(key);
      assert.is(key.publicKey, pair.getPublicKey());
      assert.is(key.privateKey, textOf(pair.getPrivateKey()));
      const bytes = randomBytes(round * 10);
      const signature = key.sign(bytes);
      assert.equal(signature, Buffer.from(pair.sign(bytes)));
      assert.ok(fromPublic(key.publicKey).verify(bytes, signature));
      assert.ok(isSignedBy(key.publicKey, bytes, signature));
      assert.ok(belongsTo(textOf(pair.getSeed()), key.publicKey));
    }
});

test("a text that is far too long is refused before it is decoded", () => {
  const long = "SU".padEnd(2_000_000, "A");
  const started = process.cpuUsage();
  for (let pass = 0; pass < PASSES; pass += 1) createHash("sha256").update(long).digest();
  const hashing = process.cpuUsage(started);
  const read = process.cpuUsage();
  assert.is(SigningKey.from(long), undefined);
  assert.not.ok(isSignedBy(`U${long}`, randomBytes(1), randomBytes(64)));
  assert.not.ok(belongsTo(long, `U${long}`));
  assert.ok(process.cpuUsage(read).user < hashing.user);
});

test("a key of another kind signs nothing and vouches for nothing", () => {
  const bytes = randomBytes(10);
  for (const create of [createServer, createCluster]) {
    const pair = create();
    assert.is(SigningKey.from(textOf(pair.getSeed())), undefined);
    assert.not.ok(isSignedBy(pair.getPublicKey(), bytes, pair.sign(bytes)));
  }
  assert.is(SigningKey.from(textOf(createCurve().getSeed())), undefined);
});

test("one character changed, lost or added makes a seed none, and a public key vouch for nothing", () => {
  const pair = createUser();
  const seed = textOf(pair.getSeed());
  const publicKey = pair.getPublicKey();
  const bytes = randomBytes(10);
  const signature = pair.sign(bytes);
  for (const wrong of spoiled(seed)) assert.is(SigningKey.from(wrong), undefined, wrong);
  for (const wrong of spoiled(publicKey)) assert.not.ok(isSignedBy(wrong, bytes, signature), wrong);
  assert.not.ok(belongsTo(seed, createUser().getPublicKey()));
});

function spoiled(text: string): readonly string[] {
  const changed = [...text].map((letter, at) => text.slice(0, at) + (letter === "A" ? "B" : "A") + text.slice(at + 1));
  return [
    ...changed,
    text.slice(1),
    text.slice(0, -1),
    `${text}A`,
    text.toLowerCase(),
    `${text}=`,
    ` ${text}`,
    "",
    "S",
    "é",
  ];
}

test("a signature counts for the very bytes alone, and only whole", () => {
  const pair = createAccount();
  const bytes = randomBytes(10);
  const signature = Buffer.from(pair.sign(bytes));
  const counts = (of: Uint8Array, by: Uint8Array): boolean => isSignedBy(pair.getPublicKey(), of, by);
  assert.ok(counts(bytes, signature));
  for (let at = 0; at < signature.length; at += 1) {
    const other = Buffer.from(signature);
    other[at] = (other[at] ?? 0) ^ 1;
    assert.not.ok(counts(bytes, other));
  }
  for (const wrong of [
    Buffer.alloc(0),
    signature.subarray(1),
    Buffer.concat([signature, Buffer.of(0)]),
    Buffer.alloc(64),
  ])
    assert.not.ok(counts(bytes, wrong));
  assert.not.ok(counts(bytes.subarray(1), signature));
});

test.run();
