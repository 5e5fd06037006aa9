// Signatures by node's own ed25519 in the place of tweetnacl's, whose one takes as long as a hundred of these: the tests of
// tokens sign and verify thousands of times for each mutant. Both make the same of the same.

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { createRequire } from "node:module";

const nacl = createRequire(import.meta.url)("tweetnacl");
/** What stands before a raw key in DER (RFC 8410). */
const PRIVATE = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC = Buffer.from("302a300506032b6570032100", "hex");
const SEED_BYTES = 32;

const der = (prefix, key, type) => ({ key: Buffer.concat([prefix, key]), format: "der", type });
const privateKey = (seed) => createPrivateKey(der(PRIVATE, seed, "pkcs8"));

function fromSeed(seed) {
  const publicKey = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" }).subarray(PUBLIC.length);
  return { publicKey: new Uint8Array(publicKey), secretKey: new Uint8Array(Buffer.concat([seed, publicKey])) };
}

export function useQuickKeys() {
  nacl.sign.keyPair.fromSeed = fromSeed;
  const { verify: slowly } = nacl.sign.detached;
  nacl.sign.detached = (message, secretKey) =>
    new Uint8Array(sign(null, message, privateKey(secretKey.subarray(0, SEED_BYTES))));
  nacl.sign.detached.verify = (message, signature, publicKey) =>
    publicKey.length === SEED_BYTES
      ? verify(null, message, createPublicKey(der(PUBLIC, publicKey, "spki")), signature)
      : slowly(message, signature, publicKey);
}
