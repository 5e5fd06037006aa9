// A second person: invited in the owner's folder, accepted in another. The code that goes between them is the person's
// key to the bus, signed by the org, so that a changed or shortened one is noticed before anything is believed of it.

import { signAccount } from "./account.ts";
import { codeOf, type Invitation, readCode } from "./invitation-code.ts";
import type { Mint } from "./mint.ts";
import { problemOfEmail, problemOfText, sameEmail, shown } from "./names.ts";
import { adminPermissions, marketPermissions } from "./permissions.ts";
import { ownedBy } from "./revocations.ts";
import {
  currentOrg,
  type Decision,
  NOT_LOGGED_IN,
  type Org,
  type Refusal,
  refused,
  type State,
  toSeconds,
  withOrg,
} from "./state.ts";

/**
 * A week: long enough for a letter that is read after the holidays. It ends the code, not the key in it: with an end of
 * its own that would throw out who has joined, and to give them another key later somebody would have to be there who can
 * sign it. An old code is a secret until its address is revoked.
 */
export const INVITATION_HOLDS_SECONDS = 604_800;

interface Tools {
  readonly mint: Mint;
  /** Epoch ms. */
  readonly now: number;
}

export interface ToldInvitation {
  readonly org: Org;
  /** Whoever has it can accept it: it is to be sent as a password would be. */
  readonly code: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

export async function inviteUser(
  state: State,
  { email, admin }: { readonly email: string; readonly admin: boolean },
  { mint, now }: Tools,
): Promise<Decision<ToldInvitation>> {
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const turnedAway = refusalOf(org, email);
  if (turnedAway !== undefined) return turnedAway;
  const owned = ownedBy(state, org, `bin/dwc invite-user ${email}`);
  if (owned.kind === "refused") return owned;
  const signing = admin ? mint.newKey("account") : undefined;
  const { publicKey, creds } = await mint.creds({
    ...{ name: email, account: org.account, signer: owned.accountSeed },
    ...{ permissions: admin ? adminPermissions : marketPermissions, expiresAt: null },
  });
  const invitedAt = toSeconds(now);
  const person = { email, publicKey, signingKey: signing?.publicKey ?? null, invitedAt };
  const claims = { ...org, people: [...org.people, person] };
  const next = { ...claims, accountJwt: await signAccount(mint, owned.operator, claims) };
  const expiresAt = invitedAt + INVITATION_HOLDS_SECONDS;
  const invitation = { ...invitationTo(next), email, publicKey, creds, signingSeed: signing?.seed ?? null, expiresAt };
  const code = codeOf(invitation, (bytes) => mint.sign(owned.accountSeed, bytes));
  return { kind: "done", state: withOrg(state, next), org: next, code, expiresAt };
}

function refusalOf(org: Org, email: string): Refusal | undefined {
  const problem = problemOfEmail(email);
  if (problem !== undefined) return refused("bad-name", `${problem}: type  bin/dwc invite-user ben@example.org`);
  if (sameEmail(org.me.email, email)) return refused("already-there", `${email} is you: type  bin/dwc status`);
  if (!org.people.some((person) => sameEmail(person.email, email))) return undefined;
  return refused(
    "already-there",
    `${email} has been invited before, and can be again once that is taken back: type  bin/dwc revoke ${email}`,
  );
}

function invitationTo({ id, name, account, accountJwt, trust }: Org): Pick<Invitation, "org" | "trust"> {
  return { org: { id, name, account, accountJwt }, trust };
}

/** Joins the org that the code names, and makes it the current one. */
export function acceptInvitation(
  state: State,
  { code, name }: { readonly code: string; readonly name?: string | undefined },
  { mint, now }: Tools,
): Decision<{ readonly org: Org }> {
  const read = readCode(code, (account, bytes, signature) => mint.isSignedBy(account, bytes, signature));
  if (read.kind === "bad")
    return refused(
      "bad-invitation",
      `${read.why}, so ask for it again: type  bin/dwc accept-invitation -  and paste it`,
    );
  const { org, trust, email, publicKey, creds, signingSeed, expiresAt } = read.invitation;
  if (expiresAt <= toSeconds(now))
    return refused(
      "expired-invitation",
      `this invitation to ${shown(org.name)} has expired: ask for a new one (bin/dwc invite-user ${email})`,
    );
  const known = state.orgs.find(({ account }) => account === org.account);
  // A new invitation takes the place of one that was revoked; the same one again, or one to its own owner, does not.
  if (known !== undefined && (known.authority.kind === "owner" || known.me.publicKey === publicKey))
    return refused(
      "already-there",
      `this folder is in ${shown(org.name)} already, as ${known.me.email}: set DWC_STATE to another one`,
    );
  const called = name ?? email;
  const problem = problemOfText("person", called);
  if (problem !== undefined)
    return refused("bad-name", `${problem}: type  bin/dwc accept-invitation 'CODE' --name "Ben Example"`);
  const joined: Org = {
    ...{ ...org, trust, me: { name: called, email, publicKey, creds } },
    authority: signingSeed === null ? { kind: "member" } : { kind: "admin", signingSeed },
    ...{ people: [], services: [], revoked: [] },
  };
  return { kind: "done", state: withOrg(state, joined), org: joined };
}
