// An account token that arrives from the bus, or lies where a server has put it. It takes the place of the one that this
// folder has when the operator has signed it for the same account, and later.

import type { Mint } from "../mint.ts";
import { newerAccount } from "./account.ts";
import { importsOwnTokenOnly } from "./account-links.ts";
import { orgClaims } from "./claims.ts";
import type { Org, State } from "./state.ts";
import { readToken } from "./token.ts";

export type JudgedToken =
  | { readonly kind: "newer" }
  /** It is the one that is known. */
  | { readonly kind: "same" }
  | { readonly kind: "older" }
  | { readonly kind: "forged" };

/** A signature takes 10 ms to check: only that of a newer token is. */
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

/** The state with that token, where it is newer than the one that it has. */
export function withToken(state: State, account: string, jwt: string, mint: Pick<Mint, "isSignedBy">): State {
  const isNewer = (org: Org): boolean => org.account === account && judgeToken(jwt, org, mint).kind === "newer";
  if (!state.orgs.some(isNewer)) return state;
  return { ...state, orgs: state.orgs.map((org) => (isNewer(org) ? { ...org, accountJwt: jwt } : org)) };
}
