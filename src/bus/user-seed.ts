// A check that a seed belongs to a public key. A seed is Ed25519's 32 bytes, in base32, with a kind before and
// a checksum after them (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth).

import { createPrivateKey, createPublicKey } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BITS_EACH = 5;
const BITS_PER_BYTE = 8;
/** Before the key: two bytes in a seed, one in a public key. */
const SEED_PREFIX_BYTES = 2;
const KEY_PREFIX_BYTES = 1;
const KEY_BYTES = 32;
/** PKCS #8 for Ed25519 (RFC 8410), up to the 32 bytes. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** CRC-16/XMODEM: two bytes at the end, the lower first. */
const CRC_BYTES = 2;
const CRC_POLYNOMIAL = 0x1021;

/** @param seed `SU…`, `SA…` or `SO…`, @param publicKey `U…`, `A…` or `O…`, each as long as it has to be */
export function belongsTo(seed: string, publicKey: string): boolean {
  const bytes = decodeBase32(seed);
  if (crcOf(bytes.subarray(0, -CRC_BYTES)) !== bytes.readUInt16LE(bytes.length - CRC_BYTES)) return false;
  const secret = bytes.subarray(SEED_PREFIX_BYTES, SEED_PREFIX_BYTES + KEY_BYTES);
  const known = decodeBase32(publicKey).subarray(KEY_PREFIX_BYTES, KEY_PREFIX_BYTES + KEY_BYTES);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: "der", type: "pkcs8" });
  // SPKI ends in the 32 bytes of the public key.
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-KEY_BYTES).equals(known);
}

function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const character of text) {
    bits = ((bits << BITS_EACH) | ALPHABET.indexOf(character)) & 0xfff;
    count += BITS_EACH;
    if (count < BITS_PER_BYTE) continue;
    count -= BITS_PER_BYTE;
    bytes.push((bits >> count) & 0xff);
  }
  return Buffer.from(bytes);
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << BITS_PER_BYTE;
    for (let bit = 0; bit < BITS_PER_BYTE; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? CRC_POLYNOMIAL : 0)) & 0xffff;
  }
  return crc;
}
