// The credentials with which the Market or a service logs in: those in NATS_CREDS, else those of the current org in the
// state folder. They are read at the start, where unusable ones are refused, and again before each login.

import type { BusLogin, Credentials, CredentialsSource } from "../../bus/core/credentials.ts";
import {
  checkCredentials,
  credentialsSource,
  outdatedMessage,
  readCredentialsFile,
} from "../../bus/credentials-file.ts";
import type { Settings } from "../../settings.ts";
import { quoteName, shellWord } from "./core/names.ts";
import { currentOrg, type Org, type Refusal, refused } from "./core/state.ts";
import { readState } from "./state-file.ts";

export type LoginRole = { readonly kind: "market" } | { readonly kind: "service"; readonly name: string };

export type ResolvedCredentials = ({ readonly kind: "found" } & BusLogin) | Refusal;

/** @param settings NATS_CREDS takes precedence over the state folder */
export function resolveCredentials(
  settings: Pick<Settings, "stateDir" | "natsCreds">,
  role: LoginRole,
): ResolvedCredentials {
  if (settings.natsCreds !== undefined) return fromFile(settings.natsCreds, role);
  const read = readState(settings.stateDir);
  if (read.kind === "unreadable") return refused("state-unreadable", read.why);
  const org = currentOrg(read.state);
  const found = fromOrg(org, role, "current");
  return found.kind === "refused" ? found : { ...found, readAgain: stateSource(settings.stateDir, role, org?.id) };
}

/**
 * @param orgId the org at the start of this process. The process stays with it even if another one is current by now. A
 * process that started without an org takes the current one as soon as there is one.
 */
function stateSource(folder: string, role: LoginRole, orgId: string | undefined): CredentialsSource {
  return () => {
    const read = readState(folder);
    if (read.kind === "unreadable") return read;
    const current = currentOrg(read.state);
    const org = orgId === undefined ? current : read.state.orgs.find(({ id }) => id === orgId);
    const found = fromOrg(org, role, org === current ? "current" : "other");
    if (found.kind === "refused") return { kind: "unreadable", why: found.why };
    return found.credentials?.isOutdated === true
      ? { kind: "unreadable", why: outdatedWhy(found.credentials, RENEW) }
      : { ...found, kind: "read" };
  };
}

/** The credentials are those of NATS_CREDS, and the folder has no org: the bus of theirs is started where its folder is. */
export const isOrgElsewhere = ({ stateDir, natsCreds }: Pick<Settings, "stateDir" | "natsCreds">): boolean => {
  if (natsCreds === undefined) return false;
  const read = readState(stateDir);
  return read.kind === "read" && currentOrg(read.state) === undefined;
};

/** The same for a login. Credentials of an earlier version are refused, with a hint that replaces them. */
export function loginIdentity(
  settings: Pick<Settings, "stateDir" | "natsCreds">,
  role: LoginRole,
): ResolvedCredentials {
  const found = resolveCredentials(settings, role);
  if (found.kind === "refused" || found.credentials?.isOutdated !== true) return found;
  return refused("bad-credentials", outdatedWhy(found.credentials, found.isNamed ? undefined : RENEW));
}

const RENEW = "type  bin/dwc renew";

const outdatedWhy = ({ name }: Pick<Credentials, "name">, replace?: string): string =>
  outdatedMessage(`the credentials of ${name} were`, replace);

function fromFile(path: string, role: LoginRole): ResolvedCredentials {
  const how =
    role.kind === "service"
      ? `set it to a file that  bin/dwc service-token ${role.name}  has printed`
      : "set it to a person.creds file, or not at all";
  const read = readCredentialsFile(path);
  if (read.kind === "bad") return refused("bad-credentials", `NATS_CREDS=${path} ${read.why}: ${how}`);
  const readAgain = credentialsSource(path, `NATS_CREDS=${path}`);
  return { kind: "found", credentials: read.credentials, hint: hintForFile(role), isNamed: true, readAgain };
}

const REJOIN_HINT = "type  bin/dwc accept-invitation -  with a new invitation";

const hintForFile = (role: LoginRole): string =>
  role.kind === "service"
    ? `ask for a new file (bin/dwc service-token ${role.name}) and set NATS_CREDS to it`
    : "ask for an invitation, type  bin/dwc accept-invitation -  to paste it, and leave NATS_CREDS out";

const NONE = { credentials: undefined, isNamed: false } as const;

/** @param standing whether `dwc` commands act on this org, or need a login first */
function fromOrg(org: Org | undefined, role: LoginRole, standing: "current" | "other"): ResolvedCredentials {
  if (org === undefined) return { kind: "found", ...NONE, hint: hintForOutsider(role) };
  const text = role.kind === "market" ? org.me.creds : org.services.find(({ name }) => name === role.name)?.creds;
  const hint = standing === "current" ? hintForMember(org, role) : `${goBackTo(org)}; ${hintForMember(org, role)}`;
  if (text === undefined) return { kind: "found", ...NONE, hint };
  const parsed = checkCredentials(text);
  if (parsed.kind === "bad")
    return refused(
      "bad-credentials",
      `the credentials of ${quoteName(org.name)} cannot be used, as ${parsed.why}: ${REJOIN_HINT}`,
    );
  return { kind: "found", credentials: parsed.credentials, hint, isNamed: false };
}

const hintForOutsider = (role: LoginRole): string =>
  role.kind === "service"
    ? `ask the owner of its org for what  bin/dwc service-token ${role.name}  prints, and set NATS_CREDS to that file`
    : "ask the owner of its org for an invitation (bin/dwc invite-user EMAIL), and type  bin/dwc accept-invitation -  to paste it";

const goBackTo = ({ id, me }: Org): string => `type  bin/dwc login ${shellWord(me.email)} --org-id ${id}`;

function hintForMember(org: Org, role: LoginRole): string {
  const where = `you are in ${quoteName(org.name)}`;
  // The owner is never revoked. A bus that refuses the owner has no token of the org, or an old one.
  if (role.kind === "market" && org.authority.kind === "owner") return `${where}: type  bin/dwc push`;
  if (role.kind === "market")
    return `${where}: ask its owner for a new invitation (bin/dwc invite-user ${shellWord(org.me.email)}), and type  bin/dwc accept-invitation -  to paste it`;
  if (org.authority.kind === "member")
    return `${where}: ask its owner for what  bin/dwc service-token ${role.name}  prints, and set NATS_CREDS to that file`;
  return `${where}: type  bin/dwc create-service ${role.name}`;
}
