// The token of the system account, whose exports let members receive their org's newest token. An earlier dwc made it
// without these exports. The owner's folder signs it again; other folders accept a later token of the same operator.

import type { Mint } from "../mint.ts";
import { exportsTokensOnly, hasTokenExports } from "./account-links.ts";
import { systemClaims } from "./claims.ts";
import type { Operator, State, Trust } from "./state.ts";
import { claimsIn, readToken } from "./token.ts";

export const SYSTEM_ACCOUNT_NAME = "SYS";

/** The operator's trust with today's exports, in a later token by the same key. */
export async function renewedTrust(mint: Mint, { seed, trust }: Pick<Operator, "seed" | "trust">): Promise<Trust> {
  if (hasTokenExports(trust)) return trust;
  const systemAccountJwt = await mint.accountJwt(seed, {
    ...{ kind: "system", name: SYSTEM_ACCOUNT_NAME, account: trust.systemAccount },
    ...{ signingKeys: [], revokedKeys: [], issuedAfter: issuedAt(trust.systemAccountJwt) },
  });
  return { ...trust, systemAccountJwt };
}

/** True if the second trust differs from the first only in a later token of the system account. */
export function isLaterTrust(known: Trust, trust: Trust): boolean {
  const [before, after] = [claimsIn(known.systemAccountJwt), claimsIn(trust.systemAccountJwt)];
  const isSameOperator =
    known.operatorKey === trust.operatorKey &&
    known.operatorJwt === trust.operatorJwt &&
    known.systemAccount === trust.systemAccount;
  const isSameAccount = before["sub"] === trust.systemAccount && after["sub"] === trust.systemAccount;
  const isLater = issuedAt(trust.systemAccountJwt) > issuedAt(known.systemAccountJwt);
  return isSameOperator && isSameAccount && isLater && hasTokenExports(trust);
}

/** The trust with a later token of the system account; undefined: it is not later, or that operator did not sign it. */
export function trustWith(known: Trust, jwt: string, { isSignedBy }: Pick<Mint, "isSignedBy">): Trust | undefined {
  const trust = { ...known, systemAccountJwt: jwt };
  const read = readToken(jwt, systemClaims);
  if (read === undefined || !isLaterTrust(known, trust)) return undefined;
  const { claims, signed, signature } = read;
  const isOurs = claims.sub === known.systemAccount && claims.iss === known.operatorKey;
  const isLimited = isOurs && exportsTokensOnly(trust, claims);
  return isLimited && isSignedBy(known.operatorKey, signed, signature) ? trust : undefined;
}

/** The state with that trust in each place of the same operator. */
export function withTrust(state: State, trust: Trust): State {
  const { operatorKey } = trust;
  const { operator } = state;
  return {
    ...state,
    operator: operator?.trust.operatorKey === operatorKey ? { ...operator, trust } : operator,
    orgs: state.orgs.map((org) => (org.trust.operatorKey === operatorKey ? { ...org, trust } : org)),
  };
}

function issuedAt(jwt: string): number {
  const { iat } = claimsIn(jwt);
  return typeof iat === "number" ? iat : 0;
}
