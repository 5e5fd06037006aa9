// All outdated credentials of a user, each with its hint: those of the folder's orgs, and the file in NATS_CREDS.

import { createHash } from "node:crypto";
import { coversAnyDate } from "./core/account.ts";
import { notifiesMembers } from "./core/account-links.ts";
import { quoteName, shellWord, validateServiceName } from "./core/names.ts";
import { judgeFile, judgeMember, judgeService, type Outdated } from "./core/outdated.ts";
import { adminPermissions, marketPermissions, servicePermissions } from "./core/permissions.ts";
import type { Org, Person, State } from "./core/state.ts";
import type { ResolvedCredentials } from "./credentials.ts";

interface Listed {
  readonly whose: string;
  readonly why: Outdated;
  readonly renew: string;
}

const RENEW = "bin/dwc renew";

export function outdatedOf(org: Org): readonly Listed[] {
  const isOwner = org.authority.kind === "owner";
  const own = listed(org.me.email, judgeMember(org), isOwner ? RENEW : ownersTask(org));
  const services = org.services.flatMap((service) => listed(service.name, judgeService(org, service), RENEW));
  const isCovered = !isOwner || !notifiesMembers(org) || coversAnyDate(org.accountJwt);
  const revoked = listed("all whose keys were revoked", isCovered ? undefined : "revoked until 2099", RENEW);
  return [...own, ...revoked, ...services, ...org.people.filter(isGrantOutdated).flatMap(listedPerson)];
}

function listedPerson(person: Person): readonly Listed[] {
  const { email } = person;
  return mayAnswerAnywhere(person)
    ? listed(`admin ${email} and of the services that this admin has made`, "answers anywhere", RENEW)
    : listed(email, "other permissions", RENEW);
}

const listed = (whose: string, why: Outdated | undefined, renew: string): readonly Listed[] =>
  why === undefined ? [] : [{ whose, why, renew }];

const ownersTask = ({ name }: Org): string =>
  `ask the owner of ${quoteName(name)} for  ${RENEW} , then type  bin/dwc accept-invitation -  and paste the new invitation`;

/** One entry for each other org of the folder: the worst of its outdated credentials. */
export function outdatedElsewhere({ orgs, currentOrgId }: State): readonly Listed[] {
  return orgs
    .filter(({ id }) => id !== currentOrgId)
    .flatMap((org) => {
      const all = outdatedOf(org);
      const [worst] = WORST_FIRST.flatMap((why) => all.filter((one) => one.why === why));
      if (worst === undefined) return [];
      const { id, me, name } = org;
      const others = all.length === 1 ? "" : ` and ${all.length - 1} more`;
      const renew = `bin/dwc login ${shellWord(me.email)} --org-id ${id} , then  ${RENEW}`;
      return [{ whose: `${worst.whose}${others} in [${id}] ${quoteName(name)}`, why: worst.why, renew }];
    });
}

const WORST_FIRST: readonly Outdated[] = [
  "answers anywhere",
  "no longer admitted",
  "other permissions",
  "revoked until 2099",
  "not notified",
];

/** @param path the value of NATS_CREDS; undefined: the state folder's credentials are used */
export function outdatedFile(
  path: string | undefined,
  found: ResolvedCredentials,
  org: Org | undefined,
): readonly Listed[] {
  if (path === undefined || found.kind === "refused" || found.credentials === undefined) return [];
  const { text, name } = found.credentials;
  const isService = validateServiceName(name) === undefined;
  const again = isService
    ? `bin/dwc service-token ${name} > ${shellWord(path)}`
    : "a new invitation, and leave NATS_CREDS out";
  return listed(
    `${name} in ${path}`,
    judgeFile(text, org),
    `ask the owner of the org for  ${RENEW} , then for  ${again}`,
  );
}

// A digest of the permissions of an invited person. The owner's folder does not have the person's token, so it keeps
// the digest. An admin's digest also covers the permissions of services, as the admin's folder signs those.

type Invited = Pick<Person, "publicKey" | "signingKey">;

/** Any name works: all services get the same permissions. */
const ANY_SERVICE = "service";

export function grantOf({ publicKey, signingKey }: Invited): string {
  const granted =
    signingKey === null
      ? [marketPermissions(publicKey)]
      : [adminPermissions(publicKey), servicePermissions(ANY_SERVICE, publicKey)];
  return createHash("sha256").update(JSON.stringify(granted)).digest("base64url");
}

/**
 * True for an admin who was invited before grants were stored. Services that such an admin signed, or signs with an
 * earlier dwc, may answer anywhere. The owner's folder has none of these credentials.
 */
export const mayAnswerAnywhere = ({ signingKey, grant }: Person): boolean => signingKey !== null && grant === null;

export const isGrantOutdated = (person: Person): boolean => person.grant !== grantOf(person);
