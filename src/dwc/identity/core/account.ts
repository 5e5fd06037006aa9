// An org's account token: its signing keys and its revocations. Each change of either needs a new token. Only the
// owner's folder makes one, as only the operator's key can sign it.

import { fieldsOf } from "../../../util/json.ts";
import type { Mint } from "../mint.ts";
import { hasTokenExports } from "./account-links.ts";
import type { Operator, Org, Person } from "./state.ts";
import { claimsIn, LAST_SECOND } from "./token.ts";

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
