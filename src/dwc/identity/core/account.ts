// An org's account token: its signing keys and its revocations. Each change of either needs a new token. Only the
// owner's folder makes one, as only the operator's key can sign it.

import { fieldsOf } from "../../../util/json.ts";
import type { Mint } from "../mint.ts";
import { hasTokenExports, importsOwnTokenOnly } from "./account-links.ts";
import type { Operator, Org, Person, State } from "./state.ts";
import { claimsIn, LAST_SECOND, orgClaims, readToken } from "./token.ts";

type Claims = Pick<Org, "name" | "account" | "revoked"> & {
  readonly people: readonly Pick<Person, "signingKey">[];
  /** The previous token; a new org has none. */
  readonly accountJwt?: string;
};

export function signAccount(mint: Mint, operator: Operator, org: Claims): Promise<string> {
  const { trust } = operator;
  const before = org.accountJwt === undefined ? undefined : accountFacts(org.accountJwt);
  // A folder restored from a copy may lack revocations of the token that it received from the bus since.
  const revoked = new Set([...org.revoked.map(({ publicKey }) => publicKey), ...(before?.revoked ?? [])]);
  return mint.accountJwt(operator.seed, {
    kind: "org",
    name: org.name,
    account: org.account,
    signingKeys: org.people.flatMap(({ signingKey }) => signingKey ?? []),
    revokedKeys: [...revoked],
    systemAccount: hasTokenExports(trust) ? trust.systemAccount : undefined,
    issuedAfter: before?.issuedAt,
  });
}

interface AccountFacts {
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly revoked: readonly string[];
  readonly signingKeys: number;
}

function accountFacts(jwt: string): AccountFacts {
  const { iat, nats } = claimsIn(jwt);
  const { revocations, signing_keys: signingKeys } = fieldsOf(nats);
  return {
    issuedAt: typeof iat === "number" ? iat : 0,
    revoked: Object.keys(Object(revocations) as object),
    signingKeys: Object.keys(Object(signingKeys) as object).length,
  };
}

/** Whether an account token refuses the holder of a user's key. */
export const isRevokedBy = (accountJwt: string, publicKey: string): boolean =>
  accountFacts(accountJwt).revoked.includes(publicKey);

/**
 * False for a token of an earlier dwc in an org with admins: its revocations end in 2099, and an admin can date a token
 * later.
 */
export function coversAnyDate(accountJwt: string): boolean {
  const { revocations } = Object(claimsIn(accountJwt)["nats"]) as { revocations?: unknown };
  const isDated = Object.values(Object(revocations) as object).some((until) => until !== LAST_SECOND);
  return accountFacts(accountJwt).signingKeys === 0 || !isDated;
}

/** Keys that `jwt` revokes and `other` does not. No key is ever re-admitted, so `other` is then out of date. */
export function unknownRevocations(jwt: string, other: string): readonly string[] {
  const known = new Set(accountFacts(other).revoked);
  return accountFacts(jwt).revoked.filter((key) => !known.has(key));
}

/**
 * The newer of two tokens of one account. For tokens of the same second, numbers that only grow decide: the revoked
 * keys, then the signing keys.
 */
export function newerAccount(one: string, other: string): string {
  const [first, second] = [ageOf(one), ageOf(other)];
  const differs = first.findIndex((part, place) => part !== second[place]);
  return (first[differs] ?? 0) > (second[differs] ?? 0) ? one : other;
}

function ageOf(jwt: string): readonly number[] {
  const { issuedAt, revoked, signingKeys } = accountFacts(jwt);
  return [issuedAt, revoked.length, signingKeys];
}

// An account token from the bus, or from a server's folder. It replaces the folder's token if the operator signed it
// for the same account, and later.

export type JudgedToken =
  | { readonly kind: "newer" }
  /** The folder has this token. */
  | { readonly kind: "same" }
  | { readonly kind: "older" }
  | { readonly kind: "forged" };

/** Verifying a signature takes 10 ms, so only a newer token is verified. */
export function judgeToken(jwt: string, org: Org, { isSignedBy }: Pick<Mint, "isSignedBy">): JudgedToken {
  if (jwt === org.accountJwt) return { kind: "same" };
  const read = readToken(jwt, orgClaims);
  if (read === undefined) return { kind: "forged" };
  const { claims, signed, signature } = read;
  const { operatorKey, systemAccount } = org.trust;
  const isOurs = claims.sub === org.account && claims.iss === operatorKey && claims.name === org.name;
  if (!isOurs || !importsOwnTokenOnly(claims, systemAccount)) return { kind: "forged" };
  if (newerAccount(jwt, org.accountJwt) !== jwt) return { kind: "older" };
  return { kind: isSignedBy(operatorKey, signed, signature) ? "newer" : "forged" };
}

/** The state with that token, if it is newer than the state's. */
export function withToken(state: State, account: string, jwt: string, mint: Pick<Mint, "isSignedBy">): State {
  const isNewer = (org: Org): boolean => org.account === account && judgeToken(jwt, org, mint).kind === "newer";
  if (!state.orgs.some(isNewer)) return state;
  return { ...state, orgs: state.orgs.map((org) => (isNewer(org) ? { ...org, accountJwt: jwt } : org)) };
}
