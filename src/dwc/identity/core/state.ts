// The state of one folder: the local operator, the orgs, and the user's role in each. A state is immutable: a decider
// takes one and returns the next one.
//
// An org is a NATS account; its services and people are users of that account. The operator signs accounts, an account
// (or an admin's signing key) signs users, and the server accepts no other signatures.

export interface State {
  /** Created with the first org of this folder. A folder that only joined orgs has none. */
  readonly operator: Operator | null;
  readonly orgs: readonly Org[];
  readonly currentOrgId: string | null;
}

export interface Operator {
  readonly seed: string;
  /** Signs the short-lived user that pushes a change to a running bus. */
  readonly systemSeed: string;
  readonly trust: Trust;
}

/** All that a server needs to verify accounts. Nothing of it is secret. */
export interface Trust {
  readonly operatorKey: string;
  readonly operatorJwt: string;
  readonly systemAccount: string;
  readonly systemAccountJwt: string;
}

export interface Org {
  readonly id: string;
  readonly name: string;
  /** The account's public key. */
  readonly account: string;
  readonly accountJwt: string;
  readonly trust: Trust;
  readonly authority: Authority;
  readonly me: Me;
  /** People invited from this folder; the owner is `me`. */
  readonly people: readonly Person[];
  readonly services: readonly Service[];
  readonly revoked: readonly Revoked[];
}

/** What the user of this folder may sign. */
export type Authority =
  | { readonly kind: "owner"; readonly accountSeed: string }
  | { readonly kind: "admin"; readonly signingSeed: string }
  | { readonly kind: "member" };

export interface Me {
  readonly name: string;
  readonly email: string;
  readonly publicKey: string;
  readonly creds: string;
}

export interface Person {
  readonly email: string;
  readonly publicKey: string;
  /** An admin's key for signing services; null: a member. */
  readonly signingKey: string | null;
  /** Epoch seconds, as all times here. */
  readonly invitedAt: number;
  /** A digest of the person's permissions; null: invited before digests were stored. */
  readonly grant: string | null;
}

export interface Service {
  readonly name: string;
  readonly publicKey: string;
  readonly creds: string;
  /** The services that it may call, by name in order. */
  readonly calls: readonly string[];
  readonly createdAt: number;
  /** Null: never. */
  readonly expiresAt: number | null;
}

export interface Revoked {
  /**
   * The service's name, the person's address, or the key itself if neither was known. The state file has this field.
   */
  readonly what: string;
  readonly publicKey: string;
  readonly at: number;
}

export const EMPTY_STATE: State = { operator: null, orgs: [], currentOrgId: null };

/** Characters of the account's key: unique, and short enough to read out. */
const ID_CHARACTERS = 10;

/** An org's id is derived from its account, so that no invitation can claim the id of another org. */
export const orgIdOf = (account: string): string => account.slice(1, 1 + ID_CHARACTERS);

export function currentOrg(state: State): Org | undefined {
  return state.orgs.find(({ id }) => id === state.currentOrgId);
}

/**
 * The state with `org` added or replaced, and current.
 *
 * @throws Error for another org of the same id, and for one that would remove an owner's keys: deciders refuse both
 * first
 */
export function withOrg(state: State, org: Org): State {
  const before = state.orgs.find(({ id }) => id === org.id);
  if (before !== undefined && before.account !== org.account) throw new Error("state: another org has this id");
  if (before?.authority.kind === "owner" && org.authority.kind !== "owner")
    throw new Error("state: an owner's org would be replaced");
  const orgs =
    before !== undefined ? state.orgs.map((known) => (known.id === org.id ? org : known)) : [...state.orgs, org];
  return { ...state, orgs, currentOrgId: org.id };
}

/** The result of a decision. `done` with the same state: there is nothing to write. */
export type Decision<Result extends object> = (Result & { readonly kind: "done"; readonly state: State }) | Refusal;

/** Why a command was not carried out. */
export interface Refusal {
  readonly kind: "refused";
  /** For programs: stable, even if the text changes. */
  readonly code: RefusalCode;
  /** A sentence for the user, with what to type. */
  readonly why: string;
}

export type RefusalCode =
  | "already-there"
  | "ambiguous"
  | "bad-credentials"
  | "bad-invitation"
  | "bad-name"
  | "expired-invitation"
  | "invitation-too-long"
  | "no-such-name"
  | "no-such-service"
  | "not-allowed"
  | "not-logged-in"
  | "state-busy"
  | "state-unreadable"
  | "state-unwritable"
  | "too-many-calls";

export const refused = (code: RefusalCode, why: string): Refusal => ({ kind: "refused", code, why });

export const NOT_LOGGED_IN =
  'you are in no org yet: type  bin/dwc create-org "My Org" "YOUR NAME" YOU@EXAMPLE.ORG  or  bin/dwc accept-invitation CODE';

const MS_PER_SECOND = 1_000;
/** Tokens count in seconds. */
export const toSeconds = (wallMs: number): number => Math.floor(wallMs / MS_PER_SECOND);
