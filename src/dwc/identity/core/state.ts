// What one state folder knows: the local operator, the orgs, and in each who this person is. Never changed in
// place: a decider takes a state and gives the next one.
//
// An org is a NATS account; its services and people are users of that account. The operator signs accounts, an
// account (or an admin's signing key) signs users, and the server believes nobody else.

export interface State {
  /** Made with the first org of this folder; orgs that were only joined need none. */
  readonly operator: Operator | null;
  readonly orgs: readonly Org[];
  readonly currentOrgId: string | null;
}

export interface Operator {
  readonly seed: string;
  /** Signs the short-lived user that tells a running bus of a change. */
  readonly systemSeed: string;
  readonly trust: Trust;
}

/** All that a server needs to know whom to believe; nothing of it is secret. */
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
  /** Those that were invited from here; the owner is `me`. */
  readonly people: readonly Person[];
  readonly services: readonly Service[];
  readonly revoked: readonly Revoked[];
}

/** What this person may sign. */
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
  /** An admin's own key to sign services with; null: a member. */
  readonly signingKey: string | null;
  /** Epoch seconds, as all times here. */
  readonly invitedAt: number;
  /** A digest of the permissions that the person has; null: invited before this was kept. */
  readonly grant: string | null;
}

export interface Service {
  readonly name: string;
  readonly publicKey: string;
  readonly creds: string;
  readonly createdAt: number;
  /** Null: never. */
  readonly expiresAt: number | null;
}

export interface Revoked {
  /** The service's name or the person's address, or the key itself if that is all that was known. */
  readonly what: string;
  readonly publicKey: string;
  readonly at: number;
}

export const EMPTY_STATE: State = { operator: null, orgs: [], currentOrgId: null };

/** Letters and digits of the account's key: never the same twice, and short enough to read out. */
const ID_CHARACTERS = 10;

/** An org's id follows from its account: nothing that arrives can name another one. */
export const orgIdOf = (account: string): string => account.slice(1, 1 + ID_CHARACTERS);

export function currentOrg(state: State): Org | undefined {
  return state.orgs.find(({ id }) => id === state.currentOrgId);
}

/**
 * The state with `org` in the place of its former self, or added; and current.
 *
 * @throws Error for another org of the same id, and for one that takes an owner's keys away: deciders refuse both first
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

/** How a decision ends. `done` may give the same state: then there is nothing to write. */
export type Decision<Result extends object> = (Result & { readonly kind: "done"; readonly state: State }) | Refusal;

/** Why something was not done. */
export interface Refusal {
  readonly kind: "refused";
  /** For programs: it stays the same when the words change. */
  readonly code: RefusalCode;
  /** A sentence for a person, with what to type. */
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
  | "state-unwritable";

export const refused = (code: RefusalCode, why: string): Refusal => ({ kind: "refused", code, why });

export const NOT_LOGGED_IN =
  'you are in no org yet: type  bin/dwc create-org "My Org" "YOUR NAME" YOU@EXAMPLE.ORG  or  bin/dwc accept-invitation CODE';

const MS_PER_SECOND = 1_000;
/** Tokens count in seconds. */
export const toSeconds = (wallMs: number): number => Math.floor(wallMs / MS_PER_SECOND);
