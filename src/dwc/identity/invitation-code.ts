// The invitation code: one word with the compressed parts and the org's signature. No part of a code is used before its
// signature is verified and its parts are checked, and no part gets into an error, as a code is a secret.

import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as v from "valibot";
import { parseCredentials } from "../../bus/core/credentials.ts";
import { parseJson } from "../../util/json.ts";
import { exportsTokensOnly, importsOwnTokenOnly } from "./core/account-links.ts";
import { validateEmail, validateText } from "./core/names.ts";
import { orgFields, trustSchema } from "./core/parse-state.ts";
import { accountSeed, CREDENTIALS, creds, keys, parse, type Schema, seconds, text } from "./core/schema.ts";
import { type Org, orgIdOf, type Trust } from "./core/state.ts";
import {
  type AccountClaims,
  operatorClaims,
  orgClaims,
  readToken,
  systemClaims,
  type Token,
  type UserClaims,
  userClaims,
} from "./core/token.ts";
import type { Mint } from "./mint.ts";

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

const schema: Schema<Invitation & { readonly version: 1 }> = v.strictObject({
  version: v.literal(1),
  org: v.strictObject(orgFields),
  trust: trustSchema,
  email: text(/^[^@\s]+@[^@\s]+$/),
  publicKey: keys.user,
  creds,
  signingSeed: v.nullable(accountSeed),
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

// Checks the parts of an invitation. The operator's key signs the operator token and both account tokens. The org's
// account signs the person's token, which names all other parts. The org's id is derived from the account.
//
// The code's own signature proves only that the account made it. Without these checks its maker could put a key of
// another org beside it, and have the reader file it there.

export interface GenuineInvitation {
  readonly kind: "genuine";
  /** The public one of the invitation's seed. */
  readonly signingKey: string | null;
}

export type RejectedInvitation =
  /** Made by an earlier dwc, with the permissions of that time. */
  | { readonly kind: "outdated" }
  /** `what`: the wrong part. */
  | { readonly kind: "forged"; readonly what: string };

export type CheckedInvitation = GenuineInvitation | RejectedInvitation;

type Keys = Pick<Mint, "isSignedBy" | "publicKeyOf">;

export function checkInvitation(invitation: Invitation, mint: Keys): CheckedInvitation {
  const { org, trust, creds } = invitation;
  const [, userJwt = "", seed = ""] = CREDENTIALS.exec(creds) ?? [];
  const operator = readToken(trust.operatorJwt, operatorClaims);
  const system = readToken(trust.systemAccountJwt, systemClaims);
  const account = readToken(org.accountJwt, orgClaims);
  const user = readToken(userJwt, userClaims);
  if (operator === undefined) return forged("its operator token holds more or less than dwc puts in one");
  if (system === undefined) return forged("its system account token holds more or less than dwc puts in one");
  if (account === undefined) return forged("its account token holds more or less than dwc puts in one");
  if (user === undefined) return forged("its credentials hold more or less than dwc puts in them");
  const wrong =
    problemOfNames(invitation) ??
    problemOfTrust(invitation, operator.claims, system.claims) ??
    problemOfAccount(invitation, account.claims) ??
    problemOfUser(invitation, user.claims, account.claims) ??
    problemOfKeys(invitation, seed, account.claims, mint);
  if (wrong !== undefined) return forged(wrong);
  const unsigned = [operator, system, account, user].some((token) => !isSigned(token, mint));
  if (unsigned) return forged("one of its tokens is not signed by the key that it names");
  return checkTag(invitation, user.claims, mint);
}

const forged = (what: string): CheckedInvitation => ({ kind: "forged", what });

/** Names appear in messages and in commands to copy, so they follow the same rules as typed names. */
function problemOfNames({ org, email }: Invitation): string | undefined {
  return validateText("org", org.name) ?? validateEmail(email);
}

function problemOfTrust(
  { org, trust }: Invitation,
  operator: { readonly iss: string; readonly sub: string; readonly nats: { readonly system_account: string } },
  system: AccountClaims,
): string | undefined {
  if (operator.sub !== trust.operatorKey || operator.iss !== trust.operatorKey)
    return "its operator token is another operator's";
  if (operator.nats.system_account !== trust.systemAccount) return "its operator token names another system account";
  if (!exportsTokensOnly(trust, system)) return "its system account token exports or imports more than dwc has it do";
  if (system.sub !== trust.systemAccount || system.iss !== trust.operatorKey)
    return "its system account token is another account's, or another operator's";
  // Its token would replace the system account's, and its members would be users of that account.
  return org.account === trust.systemAccount ? "its account is the system account" : undefined;
}

function problemOfAccount({ org, trust }: Invitation, account: AccountClaims): string | undefined {
  if (org.id !== orgIdOf(org.account)) return "its id is another org's";
  if (account.sub !== org.account || account.iss !== trust.operatorKey)
    return "its account token is another org's, or another operator's";
  if (!importsOwnTokenOnly(account, trust.systemAccount))
    return "its account token exports or imports more than dwc has it do";
  return account.name === org.name ? undefined : "its account token has another name";
}

function problemOfUser(
  { org, email, publicKey }: Invitation,
  user: UserClaims,
  account: AccountClaims,
): string | undefined {
  const { issuer_account: signedFor } = user.nats;
  const isOfAccount = user.iss === org.account && signedFor === undefined;
  const isOfSigningKey = account.nats.signing_keys.includes(user.iss) && signedFor === org.account;
  if (!isOfAccount && !isOfSigningKey) return "its credentials are another org's";
  if (user.sub !== publicKey) return "its credentials are another person's";
  if (user.name !== email) return "its credentials are for another address";
  return Object.hasOwn(account.nats.revocations, publicKey) ? "its credentials have been revoked" : undefined;
}

function problemOfKeys(
  { publicKey, signingSeed }: Invitation,
  seed: string,
  { nats }: AccountClaims,
  mint: Keys,
): string | undefined {
  if (mint.publicKeyOf(seed) !== publicKey) return "its key does not fit its credentials";
  if (signingSeed === null) return undefined;
  const signingKey = mint.publicKeyOf(signingSeed);
  return signingKey !== undefined && nats.signing_keys.includes(signingKey)
    ? undefined
    : "its key to sign services with is none of the org's";
}

function isSigned({ claims, signed, signature }: Token<{ readonly iss: string }>, mint: Keys): boolean {
  return mint.isSignedBy(claims.iss, signed, signature);
}

function checkTag(invitation: Invitation, user: UserClaims, mint: Keys): CheckedInvitation {
  const tags = (user.nats.tags ?? []).filter(isBoundTag);
  const parsed = parseCredentials(invitation.creds);
  if (tags.length === 0 || (parsed.kind === "good" && parsed.credentials.isOutdated)) return { kind: "outdated" };
  const { signingSeed } = invitation;
  const signingKey = signingSeed === null ? null : (mint.publicKeyOf(signingSeed) ?? null);
  return tags.length === 1 && tags[0] === boundTag({ ...invitation, signingKey })
    ? { kind: "genuine", signingKey }
    : forged("its parts are those of several invitations");
}
