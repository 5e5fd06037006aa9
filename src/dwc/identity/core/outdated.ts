// Outdated credentials. A token keeps the permissions that it was issued with, so a change of permissions.ts has no
// effect until the token is replaced. This file compares permissions, and names no subject.

import { callsIn } from "../../../bus/core/credentials.ts";
import { fieldsOf } from "../../../util/json.ts";
import { notifiesMembers } from "./account-links.ts";
import { validateServiceName } from "./names.ts";
import { adminPermissions, marketPermissions, type Permissions, servicePermissions } from "./permissions.ts";
import { userJwtIn } from "./schema.ts";
import type { Org, Service } from "./state.ts";
import { claimsIn } from "./token.ts";

export type Outdated =
  /** The server lets the holder publish to every reply subject that it receives: a security hole. */
  | "answers anywhere"
  | "other permissions"
  /** The account token revokes the key, or no longer lists the key that signed it. */
  | "no longer admitted"
  /** The bus does not notify the holder of changes: an earlier dwc made the org's tokens. */
  | "not notified"
  /** An earlier dwc revoked them until 2099, and an admin can date a token later than that. */
  | "revoked until 2099";

type Account = Pick<Org, "account" | "accountJwt">;
type Judged = Outdated | undefined;

/** The person's own credentials. */
export const judgePerson = (org: Org): Judged => judgeToken(org.me.creds, org, roleOf(org));

/** The same, and whether the org's own tokens let the bus notify the person. */
export const judgeMember = (org: Org): Judged =>
  judgePerson(org) ?? (notifiesMembers(org) ? undefined : "not notified");

export const judgeService = (org: Org, { name, creds, calls }: Pick<Service, "name" | "creds" | "calls">): Judged =>
  judgeToken(creds, org, (publicKey) => servicePermissions(name, publicKey, calls));

const roleOf = ({ authority }: Org): ((publicKey: string) => Permissions) =>
  authority.kind === "member" ? marketPermissions : adminPermissions;

/** Credentials in a file, which may come from any tool. A token without permissions is not from dwc. */
export function judgeFile(creds: string, org: Account | undefined): Judged {
  const { name, sub, nats } = claimsIn(userJwtIn(creds));
  if (typeof sub !== "string" || !isRestricted(nats)) return undefined;
  const isService = typeof name === "string" && validateServiceName(name) === undefined;
  const roles = isService
    ? [(publicKey: string) => servicePermissions(name, publicKey, callsIn(creds))]
    : [marketPermissions, adminPermissions];
  const judged = roles.map((role) => judgeToken(creds, org, role));
  return judged.includes(undefined) ? undefined : judged[0];
}

function judgeToken(creds: string, org: Account | undefined, role: (publicKey: string) => Permissions): Judged {
  const { sub, iss, nats } = claimsIn(userJwtIn(creds));
  const granted = permissionsOf(nats);
  if (granted.answersAnywhere) return "answers anywhere";
  if (JSON.stringify(granted) !== JSON.stringify(permissionsOf(role(String(sub))))) return "other permissions";
  const { issuer_account: signedFor = iss } = Object(nats) as { issuer_account?: unknown };
  if (org === undefined || signedFor !== org.account) return undefined;
  return isAdmitted(org, String(sub), iss) ? undefined : "no longer admitted";
}

/** Whether the folder's account token admits the holder. */
export function admits(org: Account, creds: string): boolean {
  const { sub, iss } = claimsIn(userJwtIn(creds));
  return isAdmitted(org, String(sub), iss);
}

function isAdmitted(org: Account, publicKey: string, issuer: unknown): boolean {
  const { revocations } = Object(claimsIn(org.accountJwt)["nats"]) as Record<string, unknown>;
  const isSigner = issuer === org.account || isSigningKey(org, issuer);
  return isSigner && !Object.hasOwn(Object(revocations) as object, publicKey);
}

/** One of the keys that may sign users beside the account itself. */
export function isSigningKey({ accountJwt }: Pick<Org, "accountJwt">, publicKey: unknown): boolean {
  const { signing_keys: signingKeys } = Object(claimsIn(accountJwt)["nats"]) as Record<string, unknown>;
  return Array.isArray(signingKeys) && signingKeys.includes(publicKey);
}

const isRestricted = (nats: unknown): boolean =>
  ["pub", "sub", "resp"].some((part) => Object.hasOwn(Object(nats) as object, part));

interface Granted {
  readonly subjects: readonly (readonly string[])[];
  readonly answersAnywhere: boolean;
}

/** Sorted lists: their order has no meaning to the server, and a missing list is an empty one. */
function permissionsOf(claims: unknown): Granted {
  const { pub, sub, resp } = fieldsOf(claims);
  const lists = [pub, sub].flatMap((part) => {
    const { allow, deny } = fieldsOf(part);
    return [allow, deny].map((list) => (Array.isArray(list) ? list.map(String).sort() : []));
  });
  return { subjects: lists, answersAnywhere: resp !== undefined };
}
