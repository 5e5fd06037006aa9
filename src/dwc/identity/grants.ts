// A digest of the permissions of an invited person. The owner's folder does not have the person's token, so it keeps
// the digest. An admin's digest also covers the permissions of services, as the admin's folder signs those.

import { createHash } from "node:crypto";
import { adminPermissions, marketPermissions, servicePermissions } from "./core/permissions.ts";
import type { Person } from "./core/state.ts";

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
