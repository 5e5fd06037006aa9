// Schemas for the claims of the three kinds of token, exactly as the mint writes them. A received token with any other
// claim is refused: such a claim would let its issuer do more than grant membership (docs/operating.md, "Accepting an
// invitation").

import { keys } from "./parse-state.ts";
import { array, integer, literal, object, optional, record, type Schema, seconds, text } from "./schema.ts";
import { LAST_SECOND } from "./token.ts";

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
