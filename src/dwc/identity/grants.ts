// The permissions granted to an invited person: the owner's folder has no token of theirs, and so keeps a digest of the permissions.
// An admin's also covers the permissions of services, as the admin's folder signs those.

import { createHash } from "node:crypto";
import { adminPermissions, marketPermissions, servicePermissions } from "./core/permissions.ts";
import type { Person } from "./core/state.ts";

type Invited = Pick<Person, "publicKey" | "signingKey">;

/** Any name will do: what is granted to one service is granted to each. */
const ANY_SERVICE = "service";

export function grantOf({ publicKey, signingKey }: Invited): string {
  const granted =
    signingKey === null
      ? [marketPermissions(publicKey)]
      : [adminPermissions(publicKey), servicePermissions(ANY_SERVICE, publicKey)];
  return createHash("sha256").update(JSON.stringify(granted)).digest("base64url");
}

/**
 * True for an admin who was invited before grants were kept. What such an admin has signed, or signs with an earlier dwc, may
 * answer anywhere. The owner's folder has none of these credentials.
 */
export const mayAnswerAnywhere = ({ signingKey, grant }: Person): boolean => signingKey !== null && grant === null;

export const isGrantOutdated = (person: Person): boolean => person.grant !== grantOf(person);
