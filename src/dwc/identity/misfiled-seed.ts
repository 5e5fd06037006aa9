// Checks the seeds in a state file against their public keys. With the seed of another key each command would report
// success, but no server would accept its signatures. An admin's seed has no public key in the state, so it is not
// checked here.

import { belongsTo } from "../../bus/nkey.ts";
import { userSeedIn } from "./core/credentials-text.ts";
import type { Org, State } from "./core/state.ts";

/**
 * The path of the first seed that does not match its key, such as `orgs.0.authority.accountSeed`; undefined: all match.
 */
export function misfiledSeed({ operator, orgs }: State): string | undefined {
  if (operator !== null && !belongsTo(operator.seed, operator.trust.operatorKey)) return "operator.seed";
  if (operator !== null && !belongsTo(operator.systemSeed, operator.trust.systemAccount)) return "operator.systemSeed";
  for (const [at, org] of orgs.entries()) {
    const part = misfiledSeedIn(org);
    if (part !== undefined) return `orgs.${at}.${part}`;
  }
  return undefined;
}

function misfiledSeedIn({ account, authority, me, services }: Org): string | undefined {
  if (authority.kind === "owner" && !belongsTo(authority.accountSeed, account)) return "authority.accountSeed";
  if (!belongsTo(userSeedIn(me.creds), me.publicKey)) return "me.creds";
  const at = services.findIndex(({ creds, publicKey }) => !belongsTo(userSeedIn(creds), publicKey));
  return at < 0 ? undefined : `services.${at}.creds`;
}
