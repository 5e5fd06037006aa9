// An account token from the bus, or from a server's folder. It replaces the folder's token if the operator signed it
// for the same account, and later.

import type { Mint } from "../mint.ts";
import { newerAccount } from "./account.ts";
import { importsOwnTokenOnly } from "./account-links.ts";
import { orgClaims } from "./claims.ts";
import type { Org, State } from "./state.ts";
import { readToken } from "./token.ts";

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
