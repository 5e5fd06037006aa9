// Sentences and JSON shapes that several commands have in common.

import type { Org, PublicService } from "./command-context.ts";

/** After a change of which nothing was shown. */
export const SEE_STATUS = "to see it:  bin/dwc status";

/** Who one is, as the original showed it. */
export const personInOrg = (org: Pick<Org, "id">, email: string): string => `[${org.id}]${email}`;

export const loggedIn = (org: Org, email: string): string => `Now logged in as ${personInOrg(org, email)}`;

export const orgJson = ({ id, name, publicKey }: Org): object => ({ id, name, public_key: publicKey });

export const serviceJson = ({ name, publicKey, issuedAt, expiresAt }: PublicService): object => ({
  name,
  public_key: publicKey,
  issued_at: issuedAt,
  expires_at: expiresAt ?? null,
});
