// The public part of orgs and services: never a signing key, never credentials.

import { isoTime } from "../clock.ts";
import type { Org, PublicService } from "./core/command-context.ts";
import type { Org as OrgState, Service } from "./identity/core/state.ts";

const MS_PER_SECOND = 1_000;

/** Tokens count in seconds; people and programs read ISO times. */
export const isoSeconds = (seconds: number): string => isoTime(seconds * MS_PER_SECOND);

export const publicOrg = ({ id, name, account }: OrgState): Org => ({ id, name, publicKey: account });

export const publicService = ({ name, publicKey, createdAt, expiresAt }: Service): PublicService => ({
  name,
  publicKey,
  issuedAt: isoSeconds(createdAt),
  expiresAt: expiresAt === null ? undefined : isoSeconds(expiresAt),
});
