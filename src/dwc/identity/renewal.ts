// `dwc renew`: replaces credentials that were issued with earlier permissions, and revokes the replaced ones.

import { coversAnyDate, signAccount } from "./core/account.ts";
import { notifiesMembers, renewedTrust, withTrust } from "./core/account-links.ts";
import { quoteName } from "./core/names.ts";
import { admits, isSigningKey, judgePerson, judgeService, type Outdated } from "./core/outdated.ts";
import { adminPermissions } from "./core/permissions.ts";
import { requireOwner } from "./core/revocations.ts";
import { mintService } from "./core/services.ts";
import {
  currentOrg,
  type Decision,
  NOT_LOGGED_IN,
  type Operator,
  type Org,
  type Person,
  type Refusal,
  type Revoked,
  refused,
  type Service,
  type State,
  toSeconds,
  withOrg,
} from "./core/state.ts";
import { type InvitationResult, mintInvitation } from "./invitations.ts";
import type { Mint } from "./mint.ts";
import { isGrantOutdated } from "./outdated-list.ts";

interface RenewalTools {
  readonly mint: Mint;
  /** Epoch ms. */
  readonly now: number;
}

export interface RenewalResult {
  readonly org: Org;
  /** The credentials of the folder's user. */
  readonly person: boolean;
  /** The tokens by which the bus notifies members of changes. An org of an earlier dwc lacks them. */
  readonly tokens: boolean;
  /** Revocations that ended in 2099. */
  readonly revocations: boolean;
  /** By name. */
  readonly services: readonly string[];
  readonly invitations: readonly RenewedInvitation[];
  /** The org's account token revokes keys, from this renewal or earlier. */
  readonly hasRevoked: boolean;
  /** Keys that the bus still admits until the owner revokes them; an owner's renewal leaves none. */
  readonly unrevoked: readonly string[];
  /** The person's own credentials are outdated, and only the owner can replace them. */
  readonly needsInvitation: boolean;
}

export interface RenewedInvitation extends Pick<InvitationResult, "code" | "expiresAt"> {
  readonly email: string;
  readonly role: "admin" | "member";
}

/** The outdated credentials of one org. */
interface WantedRenewals {
  readonly person: boolean;
  readonly tokens: boolean;
  readonly revocations: boolean;
  readonly services: readonly Service[];
  readonly people: readonly Person[];
}

/** @param all current credentials as well */
export async function renew(
  state: State,
  { all }: { readonly all: boolean },
  tools: RenewalTools,
): Promise<Decision<RenewalResult>> {
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const wanted = wantedOf(org, all);
  if (
    !wanted.tokens &&
    !wanted.revocations &&
    !wanted.person &&
    wanted.services.length === 0 &&
    wanted.people.length === 0
  )
    return { kind: "done", state, ...nothingOf(org) };
  const owned = requireOwner(state, org, "bin/dwc renew");
  if (owned.kind === "owned") return renewOwned(state, org, wanted, owned, tools);
  return renewServices(state, org, wanted, tools);
}

const nothingOf = (org: Org): RenewalResult => ({
  ...{
    org,
    person: false,
    tokens: false,
    revocations: false,
    services: [],
    invitations: [],
    unrevoked: [],
    needsInvitation: false,
  },
  hasRevoked: org.revoked.length > 0,
});

function wantedOf(org: Org, all: boolean): WantedRenewals {
  const isWanted = (judged: Outdated | undefined): boolean => all || judged !== undefined;
  const tokens = !notifiesMembers(org);
  return {
    tokens,
    revocations: org.authority.kind === "owner" && !coversAnyDate(org.accountJwt),
    person: isWanted(judgePerson(org)),
    services: org.services.filter((service) => isWanted(judgeService(org, service))),
    // An invitation brings the token of the system account as well.
    people: org.people.filter((person) => all || isGrantOutdated(person) || tokens),
  };
}

interface Owner {
  readonly operator: Operator;
  readonly accountSeed: string;
}

async function renewOwned(
  before: State,
  orgBefore: Org,
  wanted: WantedRenewals,
  { operator, accountSeed }: Owner,
  tools: RenewalTools,
): Promise<Decision<RenewalResult>> {
  const { mint, now } = tools;
  const trust = await renewedTrust(mint, operator);
  const [state, org] = [withTrust(before, trust), { ...orgBefore, trust }];
  const owner = { operator: { ...operator, trust }, accountSeed };
  const services = await Promise.all(
    wanted.services.map((service) => reissueService(org, owner.accountSeed, service, tools)),
  );
  const me = wanted.person ? { ...org.me, ...(await mintOwner(org, owner.accountSeed, mint)) } : org.me;
  const withoutOld: Org = {
    ...{ ...org, me, services: replaced(org.services, services) },
    people: org.people.filter((person) => !wanted.people.includes(person)),
    revoked: [...org.revoked, ...revokedBy(org, wanted, toSeconds(now))],
  };
  const { invitations, org: invitedAgain } = await inviteAgain(withoutOld, wanted.people, owner, tools);
  const next = { ...invitedAgain, accountJwt: await signAccount(mint, owner.operator, invitedAgain) };
  return {
    ...{ kind: "done", state: withOrg(state, next), ...nothingOf(next) },
    ...{
      person: wanted.person,
      tokens: wanted.tokens,
      revocations: wanted.revocations,
      services: services.map(({ name }) => name),
      invitations,
    },
  };
}

async function inviteAgain(
  before: Org,
  people: readonly Person[],
  owner: Owner,
  tools: RenewalTools,
): Promise<{ readonly org: Org; readonly invitations: readonly RenewedInvitation[] }> {
  let org = before;
  const invitations: RenewedInvitation[] = [];
  for (const { email, signingKey } of people) {
    const admin = signingKey !== null;
    const made = await mintInvitation(org, owner, { email, admin }, tools);
    org = made.org;
    invitations.push({ email, role: admin ? "admin" : "member", code: made.code, expiresAt: made.expiresAt });
  }
  return { org, invitations };
}

const mintOwner = ({ me, account }: Org, signer: string, mint: Mint): ReturnType<Mint["creds"]> =>
  mint.creds({ ...{ name: me.email, account, signer }, ...{ permissions: adminPermissions, expiresAt: null } });

function revokedBy({ me }: Org, { person, services, people }: WantedRenewals, at: number): readonly Revoked[] {
  return [
    ...(person ? [{ what: me.email, publicKey: me.publicKey, at }] : []),
    ...services.map(({ name, publicKey }) => ({ what: name, publicKey, at })),
    ...people.map(({ email, publicKey }) => ({ what: email, publicKey, at })),
  ];
}

/** An admin's renewal: only the services, as only the owner's folder can revoke and invite. */
async function renewServices(
  state: State,
  org: Org,
  wanted: WantedRenewals,
  tools: RenewalTools,
): Promise<Decision<RenewalResult>> {
  const { authority } = org;
  if (authority.kind !== "admin" || wanted.services.length === 0) return ownersTask(org);
  // The server refuses what a key signs that the account no longer lists.
  if (!isSigningKey(org, tools.mint.publicKeyOf(authority.signingSeed))) return ownersTask(org);
  const services = await Promise.all(
    wanted.services.map((service) => reissueService(org, authority.signingSeed, service, tools)),
  );
  const next = { ...org, services: replaced(org.services, services) };
  return {
    ...{ kind: "done", state: withOrg(state, next), ...nothingOf(next) },
    services: services.map(({ name }) => name),
    // The bus already refuses what a revoked key has signed, so only the others need a revocation.
    unrevoked: wanted.services.filter(({ creds }) => admits(org, creds)).map(({ publicKey }) => publicKey),
    needsInvitation: wanted.person || wanted.tokens,
  };
}

const ownersTask = ({ name }: Org): Refusal =>
  refused(
    "not-allowed",
    `only the owner of ${quoteName(name)} can renew your credentials, with  bin/dwc renew , which prints a new invitation for you: type  bin/dwc accept-invitation -  and paste that`,
  );

/** The same service with a new key and the same lifetime. */
function reissueService(
  org: Org,
  signer: string,
  { name, calls, createdAt, expiresAt }: Service,
  tools: RenewalTools,
): Promise<Service> {
  const holdsSeconds = expiresAt === null ? null : expiresAt - createdAt;
  return mintService(org, signer, { name, calls, holdsSeconds }, tools);
}

const replaced = (before: readonly Service[], services: readonly Service[]): readonly Service[] =>
  before.map((service) => services.find(({ name }) => name === service.name) ?? service);
