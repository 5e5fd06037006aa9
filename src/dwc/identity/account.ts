// An org's account token: whose signatures count in it, and whose do not any more. Made anew at every change of either,
// by the owner's folder alone, as only the operator's key can sign it.

import type { Mint } from "./mint.ts";
import type { Operator, Org } from "./state.ts";

type Claims = Pick<Org, "name" | "account" | "people" | "revoked">;

export function signAccount(mint: Mint, operator: Operator, org: Claims): Promise<string> {
  return mint.accountJwt(operator.seed, {
    kind: "org",
    name: org.name,
    account: org.account,
    signingKeys: org.people.flatMap(({ signingKey }) => signingKey ?? []),
    revokedKeys: org.revoked.map(({ publicKey }) => publicKey),
  });
}
