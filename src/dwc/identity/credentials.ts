// As whom a program of ours goes to the bus: what NATS_CREDS says, else what the current org of the state folder has for
// it. Read once, at the start.

import type { Access } from "../../bus/credentials.ts";
import { checkCredentials, readCredentialsFile } from "../../bus/credentials-file.ts";
import type { Settings } from "../../settings.ts";
import { shown } from "./names.ts";
import { currentOrg, type Org, type Refusal, refused, type State } from "./state.ts";
import { readState } from "./state-file.ts";

export type Role = { readonly kind: "market" } | { readonly kind: "service"; readonly name: string };

export type FoundIdentity = ({ readonly kind: "found" } & Access) | Refusal;

/** @param settings their NATS_CREDS comes first, then the state folder */
export function findIdentity(settings: Pick<Settings, "stateDir" | "natsCreds">, role: Role): FoundIdentity {
  if (settings.natsCreds !== undefined) return fromFile(settings.natsCreds, role);
  const read = readState(settings.stateDir);
  return read.kind === "unreadable" ? refused("state-unreadable", read.why) : fromState(read.state, role);
}

function fromFile(path: string, role: Role): FoundIdentity {
  const instead = `set it to a file that  bin/dwc service-token${role.kind === "service" ? ` ${role.name}` : ""}  has printed`;
  const how = role.kind === "service" ? instead : "set it to a person.creds file, or not at all";
  const read = readCredentialsFile(path);
  if (read.kind === "bad") return refused("bad-credentials", `NATS_CREDS=${path} ${read.why}: ${how}`);
  return { kind: "found", credentials: read.credentials, cure: cureOfFile(role), isNamed: true };
}

const ANEW = "type  bin/dwc accept-invitation -  with a new invitation";

const cureOfFile = (role: Role): string =>
  role.kind === "service"
    ? `ask for a new file (bin/dwc service-token ${role.name}) and set NATS_CREDS to it`
    : "ask for an invitation, type  bin/dwc accept-invitation CODE , and leave NATS_CREDS out";

const NONE = { credentials: undefined, isNamed: false } as const;

function fromState(state: State, role: Role): FoundIdentity {
  const org = currentOrg(state);
  if (org === undefined) return { kind: "found", ...NONE, cure: cureOfStranger(role) };
  const text = role.kind === "market" ? org.me.creds : org.services.find(({ name }) => name === role.name)?.creds;
  if (text === undefined) return { kind: "found", ...NONE, cure: cureOfMember(org, role) };
  const parsed = checkCredentials(text);
  if (parsed.kind === "bad")
    return refused(
      "bad-credentials",
      `the credentials of ${shown(org.name)} cannot be used, as ${parsed.why}: ${ANEW}`,
    );
  return { kind: "found", credentials: parsed.credentials, cure: cureOfMember(org, role), isNamed: false };
}

const cureOfStranger = (role: Role): string =>
  role.kind === "service"
    ? `set NATS_CREDS to a file that  bin/dwc service-token ${role.name}  has printed, or type  bin/dwc create-org  and  bin/dwc create-service ${role.name}`
    : 'type  bin/dwc accept-invitation CODE , or for a bus of your own  bin/dwc create-org "My Org" "YOUR NAME" YOU@EXAMPLE.ORG';

function cureOfMember(org: Org, role: Role): string {
  const where = `you are in ${shown(org.name)}`;
  if (role.kind === "market") return `${where}: type  bin/dwc status`;
  if (org.authority.kind === "member")
    return `${where}: ask its owner for what  bin/dwc service-token ${role.name}  prints, and set NATS_CREDS to that file`;
  return `${where}: type  bin/dwc create-service ${role.name}`;
}
