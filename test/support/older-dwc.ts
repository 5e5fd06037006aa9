// A state as an earlier dwc left it: tokens with the permissions of that time.

import { withTrust } from "../../src/dwc/identity/core/account-links.ts";
import { adminPermissions, type Permissions, servicePermissions } from "../../src/dwc/identity/core/permissions.ts";
import type { Org, State } from "../../src/dwc/identity/core/state.ts";
import { claimsIn } from "../../src/dwc/identity/core/token.ts";
import { natsMint, type UserSpec } from "../../src/dwc/identity/mint.ts";
import { orgOf, signedToken } from "./identity-fixtures.ts";

export type Rights = Permissions & { readonly resp?: object };

/** A mint of an earlier dwc, with the permissions of that time. */
export const olderMint = (older: (permissions: Permissions) => Rights): typeof natsMint => ({
  ...natsMint,
  creds: (spec: UserSpec) =>
    natsMint.creds({ ...spec, permissions: (publicKey) => older(spec.permissions(publicKey)) as Permissions }),
});

export const answersAnywhere = (permissions: Permissions): Rights => ({ ...permissions, resp: { max: 1, ttl: 1_000 } });
/** Of the time when each service had one operation, `get`. */
export const callsGetAlone = ({ pub, sub }: Permissions): Rights => {
  const older = (rule: string): string => rule.replace(/^([^.]+)\.\*( |\.\*$|$)/, "$1.get$2");
  const isCall = (rule: string): boolean => !/^(health|belief|chaos|account)\./.test(rule);
  const all = (rules: readonly string[]): readonly string[] => rules.map((rule) => (isCall(rule) ? older(rule) : rule));
  return { pub: { allow: all(pub.allow) }, sub: { allow: all(sub.allow) } };
};

export const withPart = (state: State, part: (org: Org) => object): State => ({
  ...state,
  orgs: state.orgs.map((org) => (org.id === state.currentOrgId ? { ...org, ...part(org) } : org)),
});

/**
 * A state as an earlier dwc left it: its tokens, and no record of the permissions of people.
 * @param also `me`: the owner's own token as well
 */
export async function asOf(
  older: (permissions: Permissions) => Rights,
  state: State,
  also: { readonly me?: true } = {},
): Promise<State> {
  const mint = olderMint(older);
  const org = orgOf(state);
  const { authority } = org;
  if (authority.kind === "member") throw new Error("a member signs nothing");
  const signer = authority.kind === "owner" ? authority.accountSeed : authority.signingSeed;
  const services = await Promise.all(
    org.services.map(async (service) => {
      const permissions = (publicKey: string): Permissions =>
        servicePermissions(service.name, publicKey, service.calls);
      const spec = { name: service.name, account: org.account, signer, permissions, expiresAt: service.expiresAt };
      return { ...service, ...(await mint.creds(spec)) };
    }),
  );
  const spec = { name: org.me.email, account: org.account, signer, permissions: adminPermissions, expiresAt: null };
  const me = also.me === true ? { ...org.me, ...(await mint.creds(spec)) } : org.me;
  return withPart(state, () => ({ services, me, people: org.people.map((person) => ({ ...person, grant: null })) }));
}

/** The system account exports nothing, and the org imports nothing. */
export async function asMadeEarlier(state: State): Promise<State> {
  const { operator } = state;
  if (operator === null) throw new Error("the folder has no operator");
  const claims = claimsIn(operator.trust.systemAccountJwt);
  const { exports: _exports, ...nats } = claims["nats"] as Record<string, unknown>;
  const said = { ...claims, iat: Number(claims["iat"]) - 1, nats };
  const trust = { ...operator.trust, systemAccountJwt: signedToken(said, operator.seed) };
  const orgs = await Promise.all(
    state.orgs.map(async (org) => {
      const spec = { name: org.name, account: org.account, signingKeys: [], revokedKeys: [] };
      return { ...org, accountJwt: await natsMint.accountJwt(operator.seed, { kind: "org", ...spec }) };
    }),
  );
  return withTrust({ ...state, orgs }, trust);
}
