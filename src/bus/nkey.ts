// NATS keys (nkeys), on Node's own Ed25519. A seed or a public key is 32 bytes in base32, with a kind before and a
// checksum after them (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth).
//
// The client library and the token library compute Ed25519 in JavaScript, and derive the key again for each signature.
// They need 9 ms to sign and 7 ms to verify; Node needs 0.04 and 0.09 ms. One command of dwc does both a dozen times.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const IN_ALPHABET = /^[A-Z2-7]+$/;
const BITS_EACH = 5;
const BITS_PER_BYTE = 8;
const LAST_FIVE_BITS = 0x1f;
/** Before the key: two bytes in a seed, one in any other. */
const SEED_PREFIX_BYTES = 2;
const KEY_PREFIX_BYTES = 1;
const KEY_BYTES = 32;
/** The length of a seed, the longest text that is decoded: 36 bytes with its checksum. */
const MAX_CHARACTERS = 58;
/** Kinds have 5 bits each. A seed has its own kind, followed by that of its public key. */
const SEED_KIND = 18 << 3; // S
const PRIVATE_KIND = 15 << 3; // P
const PUBLIC_KINDS: ReadonlySet<number> = new Set([14 << 3, 0, 20 << 3]); // O, A, U
/**
 * An Ed25519 key as JSON (RFC 8037): OpenSSL takes the 32 bytes as they are. Its DER decoder takes six times as long.
 */
const JWK = { kty: "OKP", crv: "Ed25519" } as const;
/** Node requires a public half in a private key, but derives it anyway. */
const NO_PUBLIC_HALF = Buffer.alloc(KEY_BYTES).toString("base64url");

/** CRC-16/XMODEM: two bytes at the end, the lower first. */
const CRC_BYTES = 2;
const CRC_POLYNOMIAL = 0x1021;

/** A private key and its public half. */
export class SigningKey {
  readonly publicKey: string;
  readonly #key: KeyObject;
  readonly #secret: Buffer;
  readonly #public: Buffer;

  private constructor(kind: number, secret: Buffer) {
    this.#secret = secret;
    const key = { ...JWK, d: secret.toString("base64url"), x: NO_PUBLIC_HALF };
    this.#key = createPrivateKey({ key, format: "jwk" });
    this.#public = Buffer.from(createPublicKey(this.#key).export({ format: "jwk" }).x ?? "", "base64url");
    this.publicKey = encode(kind, this.#public);
  }

  /** @returns undefined if the text is not the seed of an operator, an account or a user */
  static from(seed: string): SigningKey | undefined {
    const bytes = decode(seed);
    if (bytes?.length !== SEED_PREFIX_BYTES + KEY_BYTES) return undefined;
    const [first = 0, second = 0] = bytes;
    const kind = ((first << BITS_EACH) & 0xff) | (second >> (BITS_PER_BYTE - BITS_EACH));
    const isSeed = (first & ~0x07) === SEED_KIND && PUBLIC_KINDS.has(kind);
    return isSeed ? new SigningKey(kind, bytes.subarray(SEED_PREFIX_BYTES)) : undefined;
  }

  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#key);
  }

  /** `P…`: both halves in one text. */
  get privateKey(): string {
    return encode(PRIVATE_KIND, Buffer.concat([this.#secret, this.#public]));
  }
}

/** @param seed `SU…`, `SA…` or `SO…`, @param publicKey `U…`, `A…` or `O…` */
export function belongsTo(seed: string, publicKey: string): boolean {
  return SigningKey.from(seed)?.publicKey === publicKey;
}

/** False as well if the text is not the public key of an operator, an account or a user. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = decode(publicKey);
  if (key?.length !== KEY_PREFIX_BYTES + KEY_BYTES || !PUBLIC_KINDS.has(key[0] ?? -1)) return false;
  const x = key.subarray(KEY_PREFIX_BYTES).toString("base64url");
  return verify(null, bytes, createPublicKey({ key: { ...JWK, x }, format: "jwk" }), signature);
}

function encode(kind: number, key: Uint8Array): string {
  const bytes = Buffer.concat([Buffer.from([kind]), key]);
  const crc = Buffer.alloc(CRC_BYTES);
  crc.writeUInt16LE(crcOf(bytes));
  return toBase32(Buffer.concat([bytes, crc]));
}

/** @returns the bytes before the checksum; undefined if the base32 is not canonical, or the checksum is wrong */
function decode(text: string): Buffer | undefined {
  // The length is checked first: decoding 1 MB takes seconds, and texts come from other people.
  if (text.length > MAX_CHARACTERS || !IN_ALPHABET.test(text)) return undefined;
  const bytes = fromBase32(text);
  if (bytes.length <= CRC_BYTES || toBase32(bytes) !== text) return undefined;
  const key = bytes.subarray(0, -CRC_BYTES);
  return crcOf(key) === bytes.readUInt16LE(key.length) ? key : undefined;
}

function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << BITS_PER_BYTE) | byte) & 0xfff;
    count += BITS_PER_BYTE;
    for (; count >= BITS_EACH; count -= BITS_EACH)
      text += ALPHABET[(bits >> (count - BITS_EACH)) & LAST_FIVE_BITS] ?? "";
  }
  return count === 0 ? text : text + (ALPHABET[(bits << (BITS_EACH - count)) & LAST_FIVE_BITS] ?? "");
}

function fromBase32(text: string): Buffer {
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
