// Invitations: made in the owner's folder, accepted in another person's. The code holds the person's key to the bus and
// is signed by the org, so that a changed or shortened code is detected before any part of it is used.

import { isoTime } from "../../clock.ts";
import { newerAccount, signAccount } from "./core/account.ts";
import { isLaterTrust, withTrust } from "./core/account-links.ts";
import { quoteName, sameEmail, shellWord, validateEmail, validateText } from "./core/names.ts";
import { isSameTrust } from "./core/parse-state.ts";
import { adminPermissions, marketPermissions } from "./core/permissions.ts";
import { requireOwner } from "./core/revocations.ts";
import { userJwtIn } from "./core/schema.ts";
import {
  type Authority,
  currentOrg,
  type Decision,
  NOT_LOGGED_IN,
  type Operator,
  type Org,
  type Refusal,
  refused,
  type State,
  type Trust,
  toSeconds,
  withOrg,
} from "./core/state.ts";
import { claimsIn } from "./core/token.ts";
import {
  boundTag,
  checkInvitation,
  codeOf,
  type GenuineInvitation,
  type Invitation,
  MAX_CODE_LENGTH,
  type RejectedInvitation,
  readCode,
} from "./invitation-code.ts";
import type { Mint } from "./mint.ts";
import { grantOf } from "./outdated-list.ts";

/**
 * A week, long enough for a reader on holiday. Only the code expires, not the key in it: an expiring key would shut out
 * a person who has joined, until the owner signs another one. An old code is a secret until its address is revoked.
 */
export const INVITATION_HOLDS_SECONDS = 604_800;

interface InvitationTools {
  readonly mint: Mint;
  /** Epoch ms. */
  readonly now: number;
}

export interface InvitationResult {
  readonly org: Org;
  /** A secret: anyone who has it can accept it. Send it like a password. */
  readonly code: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

export async function inviteUser(
  state: State,
  { email, admin }: { readonly email: string; readonly admin: boolean },
  { mint, now }: InvitationTools,
): Promise<Decision<InvitationResult>> {
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const refusal = refusalOf(org, email);
  if (refusal !== undefined) return refusal;
  const owned = requireOwner(state, org, `bin/dwc invite-user ${shellWord(email)}`);
  if (owned.kind === "refused") return owned;
  const made = await mintInvitation(org, owned, { email, admin }, { mint, now });
  if (made.code.length > MAX_CODE_LENGTH) return refused("invitation-too-long", tooLongSentence(org));
  return { kind: "done", ...made, state: withOrg(state, made.org) };
}

/** Makes a person's key, token and code. The returned org lists the person. */
export async function mintInvitation(
  org: Org,
  { operator, accountSeed }: { readonly operator: Operator; readonly accountSeed: string },
  { email, admin }: { readonly email: string; readonly admin: boolean },
  { mint, now }: InvitationTools,
): Promise<InvitationResult> {
  const signing = admin ? mint.newKey("account") : undefined;
  const signingKey = signing?.publicKey ?? null;
  const invitedAt = toSeconds(now);
  const expiresAt = invitedAt + INVITATION_HOLDS_SECONDS;
  // The account token comes first: the person's token names it.
  const claims = { ...org, people: [...org.people, { signingKey }] };
  const accountJwt = await signAccount(mint, operator, claims);
  const parts = { ...invitationTo({ ...org, accountJwt }), email, expiresAt };
  const { publicKey, creds } = await mint.creds({
    ...{ name: email, account: org.account, signer: accountSeed, tags: [boundTag({ ...parts, signingKey })] },
    ...{ permissions: admin ? adminPermissions : marketPermissions, expiresAt: null },
  });
  const invitation = { ...parts, publicKey, creds, signingSeed: signing?.seed ?? null };
  const code = codeOf(invitation, (bytes) => mint.sign(accountSeed, bytes));
  const grant = grantOf({ publicKey, signingKey });
  const people = [...org.people, { email, publicKey, signingKey, invitedAt, grant }];
  return { org: { ...org, people, accountJwt }, code, expiresAt };
}

function refusalOf(org: Org, email: string): Refusal | undefined {
  const problem = validateEmail(email);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  bin/dwc invite-user ben@example.org`);
  if (sameEmail(org.me.email, email)) return refused("already-there", `${email} is you: type  bin/dwc status`);
  if (!org.people.some((person) => sameEmail(person.email, email))) return undefined;
  return refused(
    "already-there",
    `${email} has been invited before, and can be again once that is taken back: type  bin/dwc revoke ${shellWord(email)}  and then  bin/dwc invite-user ${shellWord(email)}`,
  );
}

/** The list of revoked keys never shrinks, as no key is admitted again. Only a new org starts with an empty list. */
const tooLongSentence = ({ name, revoked }: Org): string =>
  `${quoteName(name)} has revoked ${revoked.length} keys, and its invitations have become longer than dwc reads: for a new org, type  bin/dwc create-org ORG NAME EMAIL`;

function invitationTo({ id, name, account, accountJwt, trust }: Org): Pick<Invitation, "org" | "trust"> {
  return { org: { id, name, account, accountJwt }, trust };
}

/** Joins the org that the code names, and makes it the current one. */
export function acceptInvitation(
  state: State,
  { code, name }: { readonly code: string; readonly name?: string | undefined },
  { mint, now }: InvitationTools,
): Decision<{ readonly org: Org }> {
  const read = readCode(code, (account, bytes, signature) => mint.isSignedBy(account, bytes, signature));
  if (read.kind === "bad")
    return refused(
      "bad-invitation",
      `${read.why}, so ask for it again: type  bin/dwc accept-invitation -  and paste it`,
    );
  const { invitation } = read;
  const checked = checkInvitation(invitation, mint);
  if (checked.kind !== "genuine") return notGenuine(checked);
  if (invitation.expiresAt <= toSeconds(now)) return expired(invitation, now);
  const conflict = conflictOf(state, invitation, checked);
  if (conflict !== undefined) return conflict;
  const before = state.orgs.find(({ account }) => account === invitation.org.account);
  const called = name ?? before?.me.name ?? invitation.email;
  const problem = validateText("person", called);
  if (problem !== undefined)
    return refused("bad-name", `${problem}: type  bin/dwc accept-invitation 'CODE' --name "Ben Example"`);
  const joined = joinedOrg(invitation, called, before);
  return { kind: "done", state: withOrg(withTrust(state, joined.trust), joined), org: joined };
}

function notGenuine(checked: RejectedInvitation): Refusal {
  if (checked.kind === "outdated")
    return refused(
      "bad-invitation",
      `an earlier dwc made this invitation, and its permissions are not today's; its sender types  bin/dwc renew , which prints a new one: ${ACCEPT}`,
    );
  return refused(
    "bad-invitation",
    `this invitation is not genuine (${checked.what}); nothing of it was taken, so ask its sender for a new one: ${ACCEPT}`,
  );
}

const ACCEPT = "type  bin/dwc accept-invitation -  and paste it";

/** The message names this machine's clock, as it may be wrong. dwc does not query a server for its time. */
const expired = ({ org, email, expiresAt }: Invitation, now: number): Refusal =>
  refused(
    "expired-invitation",
    `this invitation to ${quoteName(org.name)} was good until ${isoTime(expiresAt * MS_PER_SECOND)}, and this machine's clock says ${isoTime(now)}, so it has expired: ask for a new one (bin/dwc invite-user ${shellWord(email)})`,
  );

const MS_PER_SECOND = 1_000;

/** An admin's services stay; `dwc renew` signs them with the new key. */
function joinedOrg(
  { org, trust, email, publicKey, creds, signingSeed }: Invitation,
  called: string,
  before: Org | undefined,
): Org {
  const authority: Authority = signingSeed === null ? { kind: "member" } : { kind: "admin", signingSeed };
  return {
    ...{ ...org, trust, me: { name: called, email, publicKey, creds }, authority },
    accountJwt: before === undefined ? org.accountJwt : newerAccount(before.accountJwt, org.accountJwt),
    ...{ people: [], services: signingSeed === null ? [] : (before?.services ?? []), revoked: [] },
  };
}

// Conflicts of a genuine invitation with the state. An invitation never replaces an org that the user owns. An
// operator's trust changes only by a later token of its system account. Only a later invitation of the same person
// replaces a membership.

export function conflictOf(state: State, invitation: Invitation, genuine: GenuineInvitation): Refusal | undefined {
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

function conflictWith(known: Org, invitation: Invitation, genuine: GenuineInvitation): Refusal | undefined {
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
function isOutOfDate(known: Org, { org, publicKey, creds }: Invitation, { signingKey }: GenuineInvitation): boolean {
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
