// The invitation code: one word with the compressed parts and the org's signature. No part of a code is used before its
// signature is verified, and no part gets into an error, as a code is a secret.

import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { parseJson } from "../../util/json.ts";
import { accountSeed, creds, keys, orgFields, trustSchema } from "./core/parse-state.ts";
import { literal, nullable, object, parse, seconds, text } from "./core/schema.ts";
import type { Org, Trust } from "./core/state.ts";

export interface Invitation {
  readonly org: Pick<Org, "id" | "name" | "account" | "accountJwt">;
  readonly trust: Trust;
  readonly email: string;
  readonly publicKey: string;
  readonly creds: string;
  /** An admin's seed for signing services; null: a member. */
  readonly signingSeed: string | null;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** All parts but the person's token and its key, which the token itself names. */
export type BoundParts = Pick<Invitation, "org" | "trust" | "email" | "expiresAt"> & {
  /** The public key of `signingSeed`. */
  readonly signingKey: string | null;
};

const BOUND_TAG = "dwc-invitation:";

/** A tag in the person's token: a digest of all other parts, so that no part can move to another invitation. */
export function boundTag({ org, trust, email, expiresAt, signingKey }: BoundParts): string {
  const parts = [org.id, org.name, org.account, org.accountJwt]
    .concat([trust.operatorKey, trust.operatorJwt, trust.systemAccount, trust.systemAccountJwt])
    .concat([email, String(expiresAt), signingKey ?? ""]);
  return BOUND_TAG + createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

export const isBoundTag = (tag: string): boolean => tag.startsWith(BOUND_TAG);

export type ReadCode =
  | { readonly kind: "read"; readonly invitation: Invitation }
  | { readonly kind: "bad"; readonly why: string };

/** Identifies an invitation code and its version. */
const MARK = "dwc1";
/** An account token grows by about 100 bytes with each revoked key: this is enough for tens of thousands. */
export const MAX_CODE_LENGTH = 4_194_304;
const MAX_UNPACKED_BYTES = 2 * MAX_CODE_LENGTH;

const schema = object<Invitation & { readonly version: 1 }>({
  version: literal(1),
  org: object<Invitation["org"]>(orgFields),
  trust: trustSchema,
  email: text(/^[^@\s]+@[^@\s]+$/),
  publicKey: keys.user,
  creds,
  signingSeed: nullable(accountSeed),
  expiresAt: seconds,
});

/** @param sign with the org's own key */
export function codeOf(invitation: Invitation, sign: (bytes: Uint8Array) => Uint8Array): string {
  const packed = deflateRawSync(JSON.stringify({ ...invitation, version: 1 })).toString("base64url");
  return [MARK, packed, Buffer.from(sign(Buffer.from(packed))).toString("base64url")].join(".");
}

/** @param isSigned whether that account has signed these bytes */
export function readCode(
  code: string,
  isSigned: (account: string, bytes: Uint8Array, signature: Uint8Array) => boolean,
): ReadCode {
  const word = code.trim();
  if (word.length > MAX_CODE_LENGTH) return bad(`this is longer than any invitation (${MAX_CODE_LENGTH} characters)`);
  const [mark, packed, signature, ...more] = word.split(".");
  if (mark !== MARK) return bad("this is no invitation of dwc");
  if (packed === undefined || signature === undefined || more.length > 0) return bad("this invitation is not whole");
  const parts = unpack(packed);
  if (parts === undefined) return bad(DAMAGED);
  const read = parse(schema, parseJson(Buffer.from(parts).toString("utf8")));
  if (read.kind === "mismatch") return bad(DAMAGED);
  const { version: _version, ...invitation } = read.value;
  const signed = Buffer.from(signature, "base64url");
  // Decoding ignores the spare bits in the last character of a signature, so it is encoded again and compared.
  const isWhole = signed.toString("base64url") === signature;
  // The signature covers the compressed text, so that not even a bit that decompression ignores can change.
  const isGenuine = isWhole && isSigned(invitation.org.account, Buffer.from(packed), signed);
  return isGenuine ? { kind: "read", invitation } : bad(DAMAGED);
}

const DAMAGED = "this invitation has been cut short or changed on its way";

function unpack(packed: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(packed)) return undefined;
  try {
    return inflateRawSync(Buffer.from(packed, "base64url"), { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    return undefined;
  }
}

const bad = (why: string): ReadCode => ({ kind: "bad", why });
