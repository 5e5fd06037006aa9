// The seeds in a state file against the public keys that they are filed under. A seed of another key would sign what no server
// believes, and each command would say that it was done. An admin's seed is filed under no key, so it is not checked here.

import { belongsTo } from "../../bus/nkey.ts";
import { userSeedIn } from "./core/credentials-text.ts";
import type { Org, State } from "./core/state.ts";

/** Undefined: each seed is that of its key; else the part that is not, as `orgs.0.authority.accountSeed`. */
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
