// Makes an org: a NATS account whose owner is the user. The first org of a folder also makes its operator.

import type { Mint } from "../mint.ts";
import { signAccount } from "./account.ts";
import { sameEmail, shellWord, validateEmail, validateText } from "./names.ts";
import { adminPermissions } from "./permissions.ts";
import { type Decision, type Operator, type Org, orgIdOf, refused, type State, withOrg } from "./state.ts";
import { SYSTEM_ACCOUNT_NAME } from "./system-token.ts";

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
