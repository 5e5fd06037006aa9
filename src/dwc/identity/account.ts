// An org's account token: whose signatures count in it, and whose do not any more. Made anew at every change of either,
// by the owner's folder alone, as only the operator's key can sign it.

import type { Mint } from "./mint.ts";
import type { Operator, Org, Person } from "./state.ts";
import { claimsIn } from "./token.ts";

type Claims = Pick<Org, "name" | "account" | "revoked"> & { readonly people: readonly Pick<Person, "signingKey">[] };

export function signAccount(mint: Mint, operator: Operator, org: Claims): Promise<string> {
  return mint.accountJwt(operator.seed, {
    kind: "org",
    name: org.name,
    account: org.account,
    signingKeys: org.people.flatMap(({ signingKey }) => signingKey ?? []),
    revokedKeys: org.revoked.map(({ publicKey }) => publicKey),
  });
}

/**
 * Of two tokens of one account the newer one. Tokens of the same second are told apart by what only ever grows: the keys
 * that are revoked, then those that may sign.
 */
export function newerAccount(one: string, other: string): string {
  const [first, second] = [one, other].map(ageOf);
  const differs = first?.findIndex((part, place) => part !== second?.[place]) ?? -1;
  return differs >= 0 && (first?.[differs] ?? 0) > (second?.[differs] ?? 0) ? one : other;
}

function ageOf(jwt: string): readonly number[] {
  const { iat, nats } = claimsIn(jwt);
  const { revocations, signing_keys: signingKeys } = Object(nats) as Record<string, unknown>;
  const counts = [revocations, signingKeys].map((all) => Object.keys(Object(all) as object).length);
  return [typeof iat === "number" ? iat : 0, ...counts];
}
