// Login: the current org of the folder. Logout: removes all orgs.

import { quoteName, sameEmail, shellWord, validateEmail } from "./names.ts";
import { type Decision, EMPTY_STATE, type Org, refused, type State } from "./state.ts";

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
