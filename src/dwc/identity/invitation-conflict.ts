// Conflicts of a genuine invitation with the state. An invitation never replaces an org that the user owns. An
// operator's trust changes only by a later token of its system account. Only a later invitation of the same person
// replaces a membership.

import type { CheckedInvitation } from "./check-invitation.ts";
import { newerAccount } from "./core/account.ts";
import { isSameTrust } from "./core/bindings.ts";
import { userJwtIn } from "./core/credentials-text.ts";
import { quoteName, sameEmail } from "./core/names.ts";
import { type Org, type Refusal, refused, type State, type Trust } from "./core/state.ts";
import { isLaterTrust } from "./core/system-token.ts";
import { claimsIn } from "./core/token.ts";
import type { Invitation } from "./invitation-code.ts";

type Genuine = Extract<CheckedInvitation, { kind: "genuine" }>;

export function conflictOf(state: State, invitation: Invitation, genuine: Genuine): Refusal | undefined {
  const { org, trust } = invitation;
  if (state.orgs.some(({ id, account }) => id === org.id && account !== org.account))
    return refused(
      "bad-invitation",
      `this invitation is to another org that has an id of yours, ${org.id}: ${ELSEWHERE}`,
    );
  const others = trustsOf(state).filter(
    (known) => known.operatorKey === trust.operatorKey && !isSameTrust(known, trust),
  );
  if (others.some((known) => isLaterTrust(trust, known)))
    return refused(
      "bad-invitation",
      `this invitation has an older token of its operator's system account than this folder: ${RENEWED}`,
    );
  if (others.some((known) => !isLaterTrust(known, trust) || known === state.operator?.trust))
    return refused(
      "bad-invitation",
      `this invitation has another operator token or system account for an operator that this folder knows, and those never change: ${ELSEWHERE}`,
    );
  const known = state.orgs.find(({ account }) => account === org.account);
  return known && conflictWith(known, invitation, genuine);
}

const RENEWED = "ask for a new one (bin/dwc renew)";
const ELSEWHERE = "ask its sender what it is; to join all the same, set DWC_STATE to another folder";

const trustsOf = ({ operator, orgs }: State): readonly Trust[] => [
  ...(operator === null ? [] : [operator.trust]),
  ...orgs.map(({ trust }) => trust),
];

function conflictWith(known: Org, invitation: Invitation, genuine: Genuine): Refusal | undefined {
  const { org, trust, publicKey, email } = invitation;
  // Another person's genuine invitation. Its sender has the key in it, and could read all that these programs receive.
  const isAnothers = !sameEmail(known.me.email, email);
  if (known.authority.kind === "owner" || known.me.publicKey === publicKey || isAnothers)
    return refused(
      "already-there",
      `this folder is in ${quoteName(org.name)} already, as ${known.me.email}: set DWC_STATE to another one`,
    );
  if (known.trust.operatorKey !== trust.operatorKey)
    return refused(
      "bad-invitation",
      `${quoteName(org.name)} has another operator now than when you joined: ${ELSEWHERE}`,
    );
  if (isOutOfDate(known, invitation, genuine))
    return refused(
      "bad-invitation",
      `this invitation to ${quoteName(org.name)} is older than the one that you accepted, or was taken back: ${RENEWED}`,
    );
  return undefined;
}

/** An old code must not replace a valid key by a revoked one. */
function isOutOfDate(known: Org, { org, publicKey, creds }: Invitation, { signingKey }: Genuine): boolean {
  const { revocations, signing_keys: signingKeys } = Object(
    claimsIn(newerAccount(known.accountJwt, org.accountJwt))["nats"],
  );
  const isRevoked = Object.hasOwn(Object(revocations), publicKey);
  const isKnownRevoked = Object.hasOwn(Object(revocations), known.me.publicKey);
  const isWithdrawn = signingKey !== null && !(Array.isArray(signingKeys) && signingKeys.includes(signingKey));
  // After the clock was set back, a later token has an earlier time.
  const isOlder = !isKnownRevoked && issuedAt(userJwtIn(creds)) < issuedAt(userJwtIn(known.me.creds));
  return isRevoked || isWithdrawn || isOlder;
}

function issuedAt(jwt: string): number {
  const { iat } = claimsIn(jwt);
  return typeof iat === "number" ? iat : 0;
}
