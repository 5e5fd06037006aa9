// The orgs of a folder: an org is made, becomes the current one, or is removed with all others. An org is a NATS account
// whose owner is the user. The first org of a folder also makes its operator.

import type { Mint } from "../mint.ts";
import { signAccount } from "./account.ts";
import { SYSTEM_ACCOUNT_NAME } from "./account-links.ts";
import { quoteName, sameEmail, shellWord, validateEmail, validateText } from "./names.ts";
import { adminPermissions } from "./permissions.ts";
import { type Decision, EMPTY_STATE, type Operator, type Org, orgIdOf, refused, type State, withOrg } from "./state.ts";

export interface NewOrg {
  readonly name: string;
  readonly person: string;
  readonly email: string;
}

/** Makes it the current org. Refuses an invalid name, and an org that exists already. */
export async function createOrg(
  state: State,
  wanted: NewOrg,
  { mint }: { readonly mint: Mint },
): Promise<Decision<{ readonly org: Org }>> {
  const problem = problemOf(wanted);
  if (problem !== undefined)
    return refused("bad-name", `${problem}: type  bin/dwc create-org "My Org" "Anna Example" anna@example.org`);
  const known = state.orgs.find(
    (org) => isOwn(org) && org.name === wanted.name && sameEmail(org.me.email, wanted.email),
  );
  if (known !== undefined)
    return refused(
      "already-there",
      `you have that org already, as ${known.id}: type  bin/dwc login ${shellWord(known.me.email)} --org-id ${known.id}`,
    );
  const operator = state.operator ?? (await createOperator(mint));
  const org = await createAccount(mint, operator, wanted);
  return { kind: "done", state: { ...withOrg(state, org), operator }, org };
}

/** An org of another owner may have the same name; it does not count as existing. */
const isOwn = ({ authority }: Org): boolean => authority.kind === "owner";

function problemOf({ name, person, email }: NewOrg): string | undefined {
  return validateText("org", name) ?? validateText("person", person) ?? validateEmail(email);
}

async function createOperator(mint: Mint): Promise<Operator> {
  const operator = mint.newKey("operator");
  const system = mint.newKey("account");
  const [operatorJwt, systemAccountJwt] = await Promise.all([
    mint.operatorJwt(operator.seed, system.publicKey),
    mint.accountJwt(operator.seed, {
      ...{ kind: "system", name: SYSTEM_ACCOUNT_NAME, account: system.publicKey },
      ...{ signingKeys: [], revokedKeys: [] },
    }),
  ]);
  const trust = { operatorKey: operator.publicKey, operatorJwt, systemAccount: system.publicKey, systemAccountJwt };
  return { seed: operator.seed, systemSeed: system.seed, trust };
}

async function createAccount(mint: Mint, operator: Operator, { name, person, email }: NewOrg): Promise<Org> {
  const account = mint.newKey("account");
  const claims = { name, account: account.publicKey, people: [], services: [], revoked: [] };
  const [accountJwt, user] = await Promise.all([
    signAccount(mint, operator, claims),
    mint.creds({
      ...{ name: email, account: account.publicKey, signer: account.seed },
      ...{ permissions: adminPermissions, expiresAt: null },
    }),
  ]);
  return {
    ...claims,
    id: orgIdOf(account.publicKey),
    accountJwt,
    trust: operator.trust,
    authority: { kind: "owner", accountSeed: account.seed },
    me: { name: person, email, ...user },
  };
}

// Login: the current org of the folder. Logout: removes all orgs.

/** Switches to the org of this folder in which the user has that address. */
export function login(
  state: State,
  { email, orgId }: { readonly email: string; readonly orgId?: string | undefined },
): Decision<{ readonly org: Org }> {
  const problem = validateEmail(email);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  ${knownLogins(state)}`);
  const theirs = state.orgs.filter(({ me }) => sameEmail(me.email, email));
  const meant = orgId === undefined ? theirs : theirs.filter(({ id }) => id === orgId);
  const [org, another] = meant;
  if (org === undefined) return refused("no-such-name", unknownLoginSentence(state, email, orgId));
  if (another !== undefined) {
    const choices = meant
      .map(({ id, name }) => `bin/dwc login ${shellWord(email)} --org-id ${id}  (${quoteName(name)})`)
      .join("  or  ");
    return refused("ambiguous", `${email} is in several orgs: type  ${choices}`);
  }
  return { kind: "done", state: org.id === state.currentOrgId ? state : { ...state, currentOrgId: org.id }, org };
}

function unknownLoginSentence({ orgs }: State, email: string, orgId: string | undefined): string {
  const where = orgId === undefined ? "" : ` in org ${quoteName(orgId)}`;
  return `this folder has no login ${email}${where}: type  ${knownLogins({ orgs })}`;
}

function knownLogins({ orgs }: Pick<State, "orgs">): string {
  const known = orgs.map(({ id, me }) => `bin/dwc login ${shellWord(me.email)} --org-id ${id}`).join("  or  ");
  return known === "" ? 'bin/dwc create-org "My Org" "YOUR NAME" YOU@EXAMPLE.ORG' : known;
}

/** Removes everything with its keys. An owner can never change the org again. */
export function logout(state: State): Decision<{ readonly forgotten: readonly Org[] }> {
  return { kind: "done", state: EMPTY_STATE, forgotten: state.orgs };
}
