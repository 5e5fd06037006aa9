// Describes a state for the user: person, org, services and people, without any secret.

import type { Identity } from "./core/command-context.ts";
import { type Authority, currentOrg, type Org, type State } from "./identity/core/state.ts";
import { isoSeconds, publicOrg, publicService } from "./public-view.ts";

export function describe(state: State): Identity {
  const org = currentOrg(state);
  return {
    ...(org === undefined ? {} : { current: describeOrg(org) }),
    orgs: state.orgs.map(({ id, name, me }) => ({ id, name, email: me.email, isCurrent: id === state.currentOrgId })),
  };
}

const CAPABILITIES: Readonly<Record<Authority["kind"], readonly string[]>> = {
  owner: ["run Markets", "create services", "invite people", "revoke services and people"],
  admin: ["run Markets", "create services"],
  member: ["run Markets"],
};

function describeOrg(org: Org): NonNullable<Identity["current"]> {
  const { name, email } = org.me;
  const role = org.authority.kind;
  return {
    org: publicOrg(org),
    person: { name, email, role },
    capabilities: CAPABILITIES[role],
    services: org.services.map(publicService).sort((one, other) => (one.name < other.name ? -1 : 1)),
    people: org.people.map((person) => ({
      email: person.email,
      role: person.signingKey === null ? "member" : "admin",
      invitedAt: isoSeconds(person.invitedAt),
    })),
  };
}
