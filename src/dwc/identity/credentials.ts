// As whom a program of ours goes to the bus: what NATS_CREDS says, else what the current org of the state folder has for
// it. Read once, at the start.

import { readFileSync, statSync } from "node:fs";
import { type Credentials, LONGEST_CREDENTIALS, parseCredentials } from "../../bus/credentials.ts";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../settings.ts";
import { paths, whyOf } from "./folder.ts";
import { shown } from "./names.ts";
import { currentOrg, type Decision, type Org, type Refusal, refused, type State } from "./state.ts";
import { changeState, readState } from "./state-file.ts";

export type Role = { readonly kind: "market" } | { readonly kind: "service"; readonly name: string };

export interface Identity {
  /** Undefined: there are none, which an open bus does not mind. */
  readonly credentials: Credentials | undefined;
  /** What to type when the bus refuses us. */
  readonly cure: string;
}

export type FoundIdentity = ({ readonly kind: "found" } & Identity) | Refusal;

/** @param settings their NATS_CREDS comes first, then the state folder */
export function findIdentity(settings: Pick<Settings, "stateDir" | "natsCreds">, role: Role): FoundIdentity {
  if (settings.natsCreds !== undefined) return fromFile(settings.natsCreds, role);
  const read = readState(settings.stateDir);
  return read.kind === "unreadable" ? refused(read.why) : fromState(read.state, role);
}

function fromFile(path: string, role: Role): FoundIdentity {
  const instead = `set it to a file that  dwc service-token${role.kind === "service" ? ` ${role.name}` : ""}  has printed`;
  const how = role.kind === "service" ? instead : "set it to a person.creds file, or not at all";
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return refused(`NATS_CREDS=${path} is not a file: ${how}`);
    if (stat.size > LONGEST_CREDENTIALS) return refused(`NATS_CREDS=${path} holds no credentials: ${how}`);
    const parsed = parseCredentials(readFileSync(path, "utf8"));
    if (parsed.kind === "bad") return refused(`NATS_CREDS=${path} cannot be used, as ${parsed.why}: ${how}`);
    return { kind: "found", credentials: parsed.credentials, cure: cureOfFile(role) };
  } catch (error) {
    return refused(`NATS_CREDS=${path} cannot be read (${whyOf(error)}): ${how}`);
  }
}

const cureOfFile = (role: Role): string =>
  role.kind === "service"
    ? `ask for a new file (dwc service-token ${role.name}) and set NATS_CREDS to it`
    : "ask for an invitation, type  dwc accept-invitation CODE , and leave NATS_CREDS out";

function fromState(state: State, role: Role): FoundIdentity {
  const org = currentOrg(state);
  if (org === undefined) return { kind: "found", credentials: undefined, cure: cureOfStranger(role) };
  const text = role.kind === "market" ? org.me.creds : org.services.find(({ name }) => name === role.name)?.creds;
  if (text === undefined) return { kind: "found", credentials: undefined, cure: cureOfMember(org, role) };
  const parsed = parseCredentials(text);
  if (parsed.kind === "bad") return refused(`the credentials of ${shown(org.name)} cannot be used: ${parsed.why}`);
  return { kind: "found", credentials: parsed.credentials, cure: cureOfMember(org, role) };
}

const cureOfStranger = (role: Role): string =>
  role.kind === "service"
    ? `set NATS_CREDS to a file that  dwc service-token ${role.name}  has printed, or type  dwc create-org  and  dwc create-service ${role.name}`
    : 'type  dwc accept-invitation CODE , or for a bus of your own  dwc create-org "My Org" "YOUR NAME" YOU@EXAMPLE.ORG';

function cureOfMember(org: Org, role: Role): string {
  const where = `you are in ${shown(org.name)}`;
  if (role.kind === "market") return `${where}: type  dwc status`;
  if (org.authority.kind === "member")
    return `${where}: ask its owner for what  dwc service-token ${role.name}  prints, and set NATS_CREDS to that file`;
  return `${where}: type  dwc create-service ${role.name}`;
}

/** The configuration for a server that is started here, written anew; undefined: no org, so the bus is open. */
export async function serverConfigFile(
  { stateDir }: Pick<Settings, "stateDir">,
  clock: Clock,
): Promise<{ readonly kind: "ready"; readonly path: string | undefined } | Refusal> {
  const read = readState(stateDir);
  if (read.kind === "unreadable") return refused(read.why);
  // Nobody has an org here: then the folder is not ours to write in.
  if (currentOrg(read.state) === undefined) return { kind: "ready", path: undefined };
  const derived = await changeState({ folder: stateDir, clock }, asItIs);
  if (derived.kind === "refused") return derived;
  const org = currentOrg(derived.state);
  return { kind: "ready", path: org && paths.serverConfig(stateDir, org.trust.operatorKey) };
}

/** Changes nothing, and so makes what is derived from the state agree with it. */
const asItIs = (state: State): Decision<object> => ({ kind: "done", state });
