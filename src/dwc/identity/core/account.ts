// An org's account token: whose signatures count in it, and whose do not any more. Made anew at every change of either,
// by the owner's folder alone, as only the operator's key can sign it.

import type { Mint } from "../mint.ts";
import { hasTokenExports } from "./account-links.ts";
import type { Operator, Org, Person } from "./state.ts";
import { claimsIn, LAST_SECOND } from "./token.ts";

type Claims = Pick<Org, "name" | "account" | "revoked"> & {
  readonly people: readonly Pick<Person, "signingKey">[];
  /** The token before; a new org has none. */
  readonly accountJwt?: string;
};

export function signAccount(mint: Mint, operator: Operator, org: Claims): Promise<string> {
  const { trust } = operator;
  const before = org.accountJwt === undefined ? undefined : accountFacts(org.accountJwt);
  // A folder that was put back from a copy may know less than the token that it has learned from the bus since.
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
  const { revocations, signing_keys: signingKeys } = Object(nats) as Record<string, unknown>;
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

/** Keys that one token revokes and another one does not: no key is ever admitted again, so the other knows less. */
export function unknownRevocations(jwt: string, other: string): readonly string[] {
  const known = new Set(accountFacts(other).revoked);
  return accountFacts(jwt).revoked.filter((key) => !known.has(key));
}

/**
 * Of two tokens of one account the newer one. Tokens of the same second are told apart by what only ever grows: the keys
 * that are revoked, then those that may sign.
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
