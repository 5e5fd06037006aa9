// Revocation of a token: the server closes its connections and refuses it from then on.

import type { Mint } from "../mint.ts";
import { newerAccount, signAccount, unknownRevocations } from "./account.ts";
import { quoteName, sameEmail, shellWord, validateEmail, validateServiceName } from "./names.ts";
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
  type State,
  toSeconds,
  withOrg,
} from "./state.ts";
import { claimsIn } from "./token.ts";

export interface RevocationResult {
  readonly org: Org;
  readonly revoked: Revoked;
  /** The services of a revoked admin are revoked as well, as their signature is no longer valid. */
  readonly kindOf: "service" | "member" | "admin" | "person" | "key";
  /** `again`: it was revoked before, so the state is unchanged. */
  readonly outcome: "made" | "again";
}

const USER_KEY = /^U[A-Z2-7]{55}$/;

/**
 * @param target a service's name, a person's address, or the public key of a token that was made elsewhere
 * @param now epoch ms
 */
export async function revoke(
  state: State,
  target: string,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<Decision<RevocationResult>> {
  const org = currentOrg(state);
  if (org === undefined) return refused("not-logged-in", NOT_LOGGED_IN);
  const owned = requireOwner(state, org, `bin/dwc revoke ${keyOf(org, target) ?? asTyped(target)}`);
  if (owned.kind === "refused") return owned;
  const meant = find(org, target, toSeconds(now));
  if (meant.kind === "refused") return meant;
  if (meant.outcome === "again") return { ...meant, kind: "done", state, org };
  const { services, people } = without(org, meant.revoked.publicKey);
  const claims = { ...org, services, people, revoked: [...org.revoked, meant.revoked] };
  const next = { ...claims, accountJwt: await signAccount(mint, owned.operator, claims) };
  return { ...meant, kind: "done", state: withOrg(state, next), org: next };
}

export type Owned = { readonly kind: "owned"; readonly operator: Operator; readonly accountSeed: string } | Refusal;

/**
 * Returns the owner's keys, or a refusal: only the folder that made the org has them.
 * @param ask the owner's command
 */
export function requireOwner(state: State, org: Org, ask: string): Owned {
  if (org.authority.kind === "owner" && state.operator !== null)
    return { kind: "owned", operator: state.operator, accountSeed: org.authority.accountSeed };
  return refused("not-allowed", `only the owner of ${quoteName(org.name)} can do that: ask for  ${ask}`);
}

/** Only a valid target may appear in a command to copy. */
const asTyped = (target: string): string =>
  [validateEmail(target), validateServiceName(target)].includes(undefined) || USER_KEY.test(target)
    ? shellWord(target)
    : "SERVICE";

function keyOf(org: Org, target: string): string | undefined {
  return org.services.find(({ name }) => name === target)?.publicKey;
}

type Found = ({ readonly kind: "found" } & Omit<RevocationResult, "org">) | Refusal;

const found = (
  kindOf: RevocationResult["kindOf"],
  revoked: Revoked,
  outcome: RevocationResult["outcome"] = "made",
): Found => ({ kind: "found", kindOf, revoked, outcome });

function find(org: Org, target: string, at: number): Found {
  const service = org.services.find(({ name, publicKey }) => name === target || publicKey === target);
  if (service !== undefined) return found("service", { what: service.name, publicKey: service.publicKey, at });
  const person = org.people.find(({ email, publicKey }) => sameEmail(email, target) || publicKey === target);
  if (person !== undefined) return found(roleOf(person), { what: person.email, publicKey: person.publicKey, at });
  return findKey(org, target, at);
}

function findKey(org: Org, target: string, at: number): Found {
  if (sameEmail(org.me.email, target) || org.me.publicKey === target)
    return refused("not-allowed", `you cannot revoke yourself: ${quoteName(org.name)} could not be changed after that`);
  // The newest one: a service of that name may have been revoked several times.
  const before = org.revoked.findLast(({ what, publicKey }) => isCalled(what, target) || publicKey === target);
  if (before !== undefined) return found(kindOfRevoked(before), before, "again");
  if (USER_KEY.test(target)) return found("key", { what: target, publicKey: target, at });
  return refused(
    "no-such-name",
    `${quoteName(org.name)} has no service and no person ${quoteName(target)}: type  bin/dwc status  to see them`,
  );
}

/** A service name is case-sensitive, an address is not. */
const isCalled = (what: string, target: string): boolean =>
  what === target || (what.includes("@") && sameEmail(what, target));

/** The list of revocations stores no kind, only the name. */
function kindOfRevoked({ what }: Revoked): RevocationResult["kindOf"] {
  if (USER_KEY.test(what)) return "key";
  return what.includes("@") ? "person" : "service";
}

/**
 * Adds the revocations of the bus's account token to the state of an old copy, and signs a later token: members accept
 * no earlier one, and their servers would re-admit keys that are revoked here. Ignores the token of another account,
 * and one that the operator has not signed.
 */
export async function withRevocationsOf(
  state: State,
  jwt: string,
  { mint, now }: { readonly mint: Mint; readonly now: number },
): Promise<State> {
  const { sub, iss } = claimsIn(jwt);
  const { operator } = state;
  const org = state.orgs.find(({ account, authority }) => account === sub && authority.kind === "owner");
  if (operator === null || org === undefined || iss !== operator.trust.operatorKey) return state;
  const keys = unknownRevocations(jwt, org.accountJwt).filter((key) => USER_KEY.test(key));
  const [header, payload, signature = ""] = jwt.split(".");
  const signed = Buffer.from(`${header}.${payload}`);
  const isLater = jwt !== org.accountJwt && newerAccount(jwt, org.accountJwt) === jwt;
  if ((keys.length === 0 && !isLater) || !mint.isSignedBy(iss, signed, Buffer.from(signature, "base64url")))
    return state;
  const revoked = keys.map((publicKey) => ({ what: nameOf(org, publicKey), publicKey, at: toSeconds(now) }));
  const left = { services: withoutKeys(org.services, keys), people: withoutKeys(org.people, keys) };
  const claims = { ...org, ...left, revoked: [...org.revoked, ...revoked] };
  const issuedAfter = { ...claims, accountJwt: newerAccount(jwt, org.accountJwt) };
  const next = { ...claims, accountJwt: await signAccount(mint, operator, issuedAfter) };
  return { ...state, orgs: state.orgs.map((one) => (one === org ? next : one)) };
}

function nameOf({ services, people }: Org, key: string): string {
  const service = services.find(({ publicKey }) => publicKey === key);
  return service?.name ?? people.find(({ publicKey }) => publicKey === key)?.email ?? key;
}

const withoutKeys = <T extends { readonly publicKey: string }>(all: readonly T[], keys: readonly string[]): T[] =>
  all.filter(({ publicKey }) => !keys.includes(publicKey));

const roleOf = ({ signingKey }: Person): "admin" | "member" => (signingKey === null ? "member" : "admin");

function without(org: Org, publicKey: string): Pick<Org, "services" | "people"> {
  return {
    services: org.services.filter((service) => service.publicKey !== publicKey),
    people: org.people.filter((person) => person.publicKey !== publicKey),
  };
}
