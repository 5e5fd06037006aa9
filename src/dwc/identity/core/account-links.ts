// Links between the system account and each org's account, as the claims of both tokens state them. Through them an org's
// members learn the newest account token. The server lets an account import only its own part of an export, because the
// export's `account_token_position` names the place of the account's key in the subject.
//
// Only nats-server answers the lookup, with the token that it uses. Only the owner of the system account's key can
// publish news.

import { accountNewsSubject, accountTokenSubject } from "../../../contracts/core/subjects.ts";
import type { Mint } from "../mint.ts";
import type { Operator, Org, State, Trust } from "./state.ts";
import { type AccountClaims, claimsIn, readToken, systemClaims } from "./token.ts";

export interface Export {
  readonly name: string;
  readonly subject: string;
  readonly type: "service" | "stream";
  readonly account_token_position: number;
}

export interface Import {
  readonly name: string;
  readonly subject: string;
  readonly account: string;
  readonly type: "service" | "stream";
  readonly local_subject: string;
}

const lookupOf = (account: string): string => `$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`;
/** The subject in the system account for each new token of one account. */
export const newsOf = (account: string): string => `account.news.${account}`;

/**
 * A second import of the lookup in an org's account, under a subject that only one token has. A server lists the
 * subjects of an account (`SUBSZ`), which identifies its token even if it cannot show it (push.ts). No role may publish
 * there.
 */
export const markSubject = (mark: string): string => `account.token.is.${mark}`;
const MARKED = /^account\.token\.is\.([A-Z2-7]{16})$/;

const MARK_NAME = "mark of this token";
const LOOKUP_NAME = "account token";
const NEWS_NAME = "new account tokens";

/** The exports of the system account to each org. */
export const TOKEN_EXPORTS: readonly Export[] = [
  { name: LOOKUP_NAME, subject: lookupOf("*"), type: "service", account_token_position: 4 },
  { name: NEWS_NAME, subject: newsOf("*"), type: "stream", account_token_position: 3 },
];

/** The imports of an org, all about its own token. @param mark undefined: the token has none */
export function tokenImports(account: string, systemAccount: string, mark?: string): readonly Import[] {
  const from = { account: systemAccount } as const;
  const lookup = { subject: lookupOf(account), ...from, type: "service" } as const;
  return [
    ...(mark === undefined ? [] : [{ name: MARK_NAME, ...lookup, local_subject: markSubject(mark) }]),
    { name: LOOKUP_NAME, subject: lookupOf(account), ...from, type: "service", local_subject: accountTokenSubject },
    { name: NEWS_NAME, subject: newsOf(account), ...from, type: "stream", local_subject: accountNewsSubject },
  ];
}

/** False for an operator of an earlier dwc. A server would find no exports for the imports of its orgs. */
export function hasTokenExports({ systemAccountJwt }: Pick<Trust, "systemAccountJwt">): boolean {
  const { exports } = Object(claimsIn(systemAccountJwt)["nats"]) as { exports?: unknown };
  return isSame(exports, TOKEN_EXPORTS);
}

/** Whether an org's account token exports nothing, and imports its own token or, as of an earlier dwc, nothing. */
export function importsOwnTokenOnly({ sub, nats }: AccountClaims, systemAccount: string): boolean {
  const { imports, exports, limits } = nats;
  if (exports !== undefined || limits.imports !== (imports?.length ?? 0)) return false;
  return imports === undefined || isSame(imports, tokenImports(sub, systemAccount, markIn(imports)));
}

/** The mark of an account token; undefined: it has none. */
export const markOf = (accountJwt: string): string | undefined => {
  const { imports } = Object(claimsIn(accountJwt)["nats"]) as { imports?: unknown };
  return markIn(imports);
};

function markIn(imports: unknown): string | undefined {
  const [first] = Array.isArray(imports) ? (imports as readonly unknown[]) : [];
  const { local_subject: subject } = Object(first) as { local_subject?: unknown };
  return MARKED.exec(typeof subject === "string" ? subject : "")?.[1];
}

/** A system account imports nothing. An earlier dwc had it export nothing of its own. */
export const exportsTokensOnly = (trust: Pick<Trust, "systemAccountJwt">, { nats }: AccountClaims): boolean =>
  nats.limits.imports === 0 && nats.imports === undefined && (nats.exports === undefined || hasTokenExports(trust));

/** Whether the members of an org can read its newest token, as both tokens say. */
export const notifiesMembers = ({ trust, accountJwt }: Pick<Org, "trust" | "accountJwt">): boolean =>
  hasTokenExports(trust) && Object.hasOwn(Object(claimsIn(accountJwt)["nats"]) as object, "imports");

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

// The token of the system account, whose exports let members receive their org's newest token. An earlier dwc made it
// without these exports. The owner's folder signs it again; other folders accept a later token of the same operator.

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
