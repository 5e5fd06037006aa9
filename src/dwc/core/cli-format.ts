// Sentences and JSON fields that several commands share.

import type { Org, PublicService } from "./command-context.ts";

/** The hint after a change whose result could not be written. */
export const SEE_STATUS = "to see it:  bin/dwc status";

/** A person in an org, in the format of the original dwc. */
export const formatPerson = (org: Pick<Org, "id">, email: string): string => `[${org.id}]${email}`;

export const loggedIn = (org: Org, email: string): string => `Now logged in as ${formatPerson(org, email)}`;

export const orgJson = ({ id, name, publicKey }: Org): object => ({ id, name, public_key: publicKey });

export const serviceJson = ({ name, publicKey, issuedAt, expiresAt }: PublicService): object => ({
  name,
  public_key: publicKey,
  issued_at: issuedAt,
  expires_at: expiresAt ?? null,
});
