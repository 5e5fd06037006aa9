// A NATS token (a JWT): its claims, and the bytes that its issuer signed. This file verifies no signature.

import { parseJson } from "../../../util/json.ts";
import {
  array,
  integer,
  keys,
  literal,
  object,
  optional,
  parse,
  record,
  type Schema,
  seconds,
  text,
} from "./schema.ts";

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

interface Common {
  readonly aud: "NATS";
  readonly jti: string;
  readonly iat: number;
  readonly iss: string;
  readonly sub: string;
  readonly name: string;
}

export interface OperatorClaims extends Common {
  readonly nats: { readonly system_account: string; readonly type: "operator"; readonly version: 2 };
}

interface Limits {
  readonly conn: number;
  readonly subs: number;
  readonly data: number;
  readonly payload: number;
  readonly imports: number;
  readonly exports: number;
  readonly leaf: number;
  readonly wildcards: boolean;
  readonly disallow_bearer: boolean;
}

export interface AccountClaims extends Common {
  readonly nats: {
    readonly limits: Limits;
    readonly signing_keys: readonly string[];
    readonly revocations: Readonly<Record<string, number>>;
    /** account-links.ts compares both as a whole. */
    readonly exports?: readonly object[] | undefined;
    readonly imports?: readonly object[] | undefined;
    readonly type: "account";
    readonly version: 2;
  };
}

interface Subjects {
  readonly allow: readonly string[];
  readonly deny?: readonly string[] | undefined;
}

export interface UserClaims extends Common {
  readonly nats: {
    readonly data: number;
    readonly payload: number;
    readonly subs: number;
    readonly pub: Subjects;
    readonly sub: Subjects;
    readonly allowed_connection_types: readonly string[];
    readonly tags?: readonly string[] | undefined;
    /** The account, if one of its signing keys signed the token. */
    readonly issuer_account?: string | undefined;
    readonly type: "user";
    readonly version: 2;
  };
}

const anyText = text(/^[\s\S]*$/);
const common = { aud: literal("NATS"), jti: anyText, iat: seconds, name: anyText } as const;
const version = literal(2);

export const operatorClaims: Schema<OperatorClaims> = object<OperatorClaims>({
  ...common,
  ...{ iss: keys.operator, sub: keys.operator },
  nats: object<OperatorClaims["nats"]>({ system_account: keys.account, type: literal("operator"), version }),
});

/** The time of a revocation. An earlier dwc wrote a second of the year 2099. */
const revokedUntil: Schema<number> = (value, where) => (value === LAST_SECOND ? value : integer(value, where));

/** A list that is compared elsewhere. */
const anyList: Schema<readonly object[]> = array((value) => Object(value) as object);

/**
 * A system account exports what the server itself exports from it, and to each org its own token. An org exports
 * nothing and imports its own token.
 */
const accountClaims = (limits: Pick<Limits, "exports" | "wildcards">): Schema<AccountClaims> =>
  object<AccountClaims>({
    ...common,
    ...{ iss: keys.operator, sub: keys.account },
    nats: object<AccountClaims["nats"]>({
      limits: object<Limits>({
        ...{ conn: integer, subs: integer, data: integer, payload: integer },
        ...{ imports: integer, exports: literal(limits.exports), leaf: literal(0) },
        ...{ wildcards: literal(limits.wildcards), disallow_bearer: literal(true) },
      }),
      signing_keys: array(keys.account),
      revocations: record(keys.user, revokedUntil),
      ...{ exports: optional(anyList), imports: optional(anyList) },
      ...{ type: literal("account"), version },
    }),
  });

export const orgClaims = accountClaims({ exports: 0, wildcards: false });
export const systemClaims = accountClaims({ exports: -1, wildcards: true });

const subjects = object<Subjects>({ allow: array(anyText), deny: optional(array(anyText)) });

/** A person's token: no expiry, no right to answer anywhere, and no login without the key. */
export const userClaims: Schema<UserClaims> = object<UserClaims>({
  ...common,
  ...{ iss: keys.account, sub: keys.user },
  nats: object<UserClaims["nats"]>({
    ...{ data: integer, payload: integer, subs: integer },
    ...{ pub: subjects, sub: subjects },
    allowed_connection_types: array(literal("STANDARD")),
    ...{ tags: optional(array(anyText)), issuer_account: optional(keys.account) },
    ...{ type: literal("user"), version },
  }),
});
