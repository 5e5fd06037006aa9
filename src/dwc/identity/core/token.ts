// A NATS token (a JWT): its claims, and the bytes that its issuer signed. This file verifies no signature.

import * as v from "valibot";
import { type Fields, isJsonObject, parseJson } from "../../../util/json.ts";
import { integer, keys, parse, type Schema, seconds } from "./schema.ts";

export interface Token<Claims> {
  readonly claims: Claims;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * The last second that a server can parse, 2^63 - 1, rounded to the 53 bits of a number here. A server refuses a token
 * with a later date, so a revocation until then covers all tokens of a key.
 */
export const LAST_SECOND = 2 ** 63;
const LAST_SECOND_TEXT = "9223372036854775807";
/** The rounded number in JSON, after a user's key. A server cannot parse it. */
const ROUNDED = new RegExp(`("U[A-Z2-7]{55}":)${LAST_SECOND}(?=[,}])`, "g");

/** The JSON of a token's claims. The last second of a revocation is written exactly. */
export const claimsText = (claims: unknown): string => JSON.stringify(claims).replace(ROUNDED, `$1${LAST_SECOND_TEXT}`);

/** The only algorithm that dwc signs with; the older one leaves the header unsigned. */
const HEADER = '{"typ":"JWT","alg":"ed25519-nkey"}';

/**
 * Undefined: the token is not encoded as dwc encodes tokens. Each text must have one meaning: nats-server's JSON
 * ignores the case of names, so it could read a repeated or differently spelled claim in another way than this program.
 */
export function readToken<Claims>(jwt: string, schema: Schema<Claims>): Token<Claims> | undefined {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const text = decode(payload);
  if (jwt.split(".").length !== 3 || decode(header) !== HEADER || text === undefined) return undefined;
  const signatureBytes = Buffer.from(signature, "base64url");
  if (signatureBytes.toString("base64url") !== signature) return undefined;
  const json = parseJson(text);
  const read = parse(schema, json);
  if (read.kind === "mismatch" || !isOnlyTextOf(json, text)) return undefined;
  return {
    claims: read.value,
    signed: Buffer.from(`${header}.${payload}`),
    signature: signatureBytes,
  };
}

/** The unchecked claims of any token; an empty object if it has none. */
export function claimsIn(jwt: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = jwt.split(".");
  return Object(parseJson(Buffer.from(payload, "base64url").toString("utf8"))) as Record<string, unknown>;
}

/** Undefined: the encoding is not canonical, or the bytes are not UTF-8. */
function decode(part: string): string | undefined {
  const bytes = Buffer.from(part, "base64url");
  const text = bytes.toString("utf8");
  return bytes.toString("base64url") === part && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** False as well for a value that is nested too deeply for JSON.stringify. */
function isOnlyTextOf(json: unknown, text: string): boolean {
  try {
    return claimsText(json) === text;
  } catch {
    return false;
  }
}

// Schemas for the claims of the three kinds of token, exactly as the mint writes them. A received token with any other
// claim is refused: such a claim would let its issuer do more than grant membership (docs/operating.md, "Accepting an
// invitation").

const common = { aud: v.literal("NATS"), jti: v.string(), iat: seconds, name: v.string() } as const;
const version = v.literal(2);

export type OperatorClaims = v.InferOutput<typeof operatorClaims>;
export const operatorClaims = v.strictObject({
  ...common,
  ...{ iss: keys.operator, sub: keys.operator },
  nats: v.strictObject({ system_account: keys.account, type: v.literal("operator"), version }),
});

/** The time of a revocation. An earlier dwc wrote a second of the year 2099. */
const revokedUntil = v.union([v.literal(LAST_SECOND), integer]);

/** By the user's key. Checked before `record`, which leaves out the names of Object's own fields. */
const revocations = v.pipe(
  v.custom<Fields>((value) => isJsonObject(value) && Object.keys(value).every((key) => v.is(keys.user, key))),
  v.record(v.string(), revokedUntil),
);

/** account-links.ts compares it as a whole. */
const anyList = v.array(v.unknown());

/**
 * A system account exports what the server itself exports from it, and to each org its own token. An org exports
 * nothing and imports its own token.
 */
const accountClaims = (exports: number, wildcards: boolean) =>
  v.strictObject({
    ...common,
    ...{ iss: keys.operator, sub: keys.account },
    nats: v.strictObject({
      limits: v.strictObject({
        ...{ conn: integer, subs: integer, data: integer, payload: integer },
        ...{ imports: integer, exports: v.literal(exports), leaf: v.literal(0) },
        ...{ wildcards: v.literal(wildcards), disallow_bearer: v.literal(true) },
      }),
      ...{ signing_keys: v.array(keys.account), revocations },
      ...{ exports: v.optional(anyList), imports: v.optional(anyList) },
      ...{ type: v.literal("account"), version },
    }),
  });

export type AccountClaims = v.InferOutput<typeof orgClaims>;
export const orgClaims = accountClaims(0, false);
export const systemClaims = accountClaims(-1, true);

const subjects = v.strictObject({ allow: v.array(v.string()), deny: v.optional(v.array(v.string())) });

export type UserClaims = v.InferOutput<typeof userClaims>;
/** A person's token: no expiry, no right to answer anywhere, and no login without the key. */
export const userClaims = v.strictObject({
  ...common,
  ...{ iss: keys.account, sub: keys.user },
  nats: v.strictObject({
    ...{ data: integer, payload: integer, subs: integer },
    ...{ pub: subjects, sub: subjects },
    allowed_connection_types: v.array(v.literal("STANDARD")),
    tags: v.optional(v.array(v.string())),
    /** The account, if one of its signing keys signed the token. */
    issuer_account: v.optional(keys.account),
    ...{ type: v.literal("user"), version },
  }),
});
