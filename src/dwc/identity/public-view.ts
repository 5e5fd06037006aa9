// The view of a state folder that a command has: person, org, services and people, without any secret; and the service
// that reads and changes them.

import { isoTime } from "../../clock.ts";
import type { SyncResult } from "./core/obedience.ts";
import { type Authority, currentOrg, type Org, type Service, type State } from "./core/state.ts";

export interface PublicOrg {
  readonly id: string;
  readonly name: string;
  /** The account's public key, by which the bus knows the org. */
  readonly publicKey: string;
}

export interface PublicService {
  readonly name: string;
  readonly publicKey: string;
  /** ISO times. */
  readonly issuedAt: string;
  readonly expiresAt?: string | undefined;
  /** The services that it may call. */
  readonly calls: readonly string[];
}

/** The owner has the keys of the org. An admin may create services. A member runs Markets. */
export type Role = "owner" | "admin" | "member";

export interface Identity {
  readonly current?:
    | {
        readonly org: PublicOrg;
        readonly person: { readonly name: string; readonly email: string; readonly role: Role };
        readonly capabilities: readonly string[];
        readonly services: readonly PublicService[];
        readonly people: readonly { readonly email: string; readonly role: Role; readonly invitedAt: string }[];
      }
    | undefined;
  readonly orgs: readonly {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly isCurrent: boolean;
  }[];
}

export interface Refused {
  readonly kind: "refused";
  readonly code: string;
  /** A sentence whose hint follows the last colon. */
  readonly why: string;
  /** dwc sent an earlier change to the bus again. */
  readonly sync?: SyncResult;
}

export interface CreatedService {
  readonly service: PublicService;
  readonly org: PublicOrg;
  readonly credsFile: string;
  /** `kept`: it existed. `renewed`: with credentials that expire. `changed`: it called other services. */
  readonly outcome: "made" | "kept" | "renewed" | "changed";
  /** Services that it may call and that this folder has not made. */
  readonly unknownCalls: readonly string[];
  /** The replaced key, which only the owner can revoke. */
  readonly unrevoked: string | undefined;
}

type VerbResult<T> = Promise<({ readonly kind: "done" } & T) | Refused>;
/** The result of a change that the bus has to obey. */
type ChangeResult<T> = VerbResult<T & { readonly sync: SyncResult }>;

/** What `renew` replaced. */
export interface Renewed {
  readonly person: boolean;
  /** The org's own tokens, so that the bus notifies its members of each change. */
  readonly tokens: boolean;
  /** Revocations by an earlier dwc ended in 2099; they now cover tokens of any date. */
  readonly revocations: boolean;
  readonly services: readonly string[];
  readonly invitations: readonly {
    readonly email: string;
    readonly role: "admin" | "member";
    readonly code: string;
    /** An ISO time. */
    readonly expiresAt: string;
  }[];
  /** A bus has to obey revocations of keys that were replaced now or earlier. */
  readonly hasRevoked: boolean;
  /** Replaced keys that only the owner can revoke. */
  readonly unrevoked: readonly string[];
  /** The person's own credentials are outdated, and the owner has to replace them. */
  readonly needsInvitation: boolean;
}
/** `person`: a person whose role the state no longer knows, as the revocation happened earlier. */
export type RevokedKind = "service" | "member" | "admin" | "person" | "key";

/** Reads and changes the state folder. A user's mistake is a refusal, not an exception. */
export interface IdentityService {
  /** Reads only. */
  describe(): VerbResult<{ identity: Identity }>;
  /** `isOutdated`: an earlier dwc issued them, or the bus no longer accepts them. */
  serviceToken(
    name: string,
  ): VerbResult<{ service: PublicService; org: PublicOrg; creds: string; isOutdated: boolean }>;
  natsConfig(): VerbResult<{ path: string }>;
  createOrg(org: { name: string; person: string; email: string }): ChangeResult<{ org: PublicOrg; email: string }>;
  /** @param calls the services that it may call; undefined: as before, and a new service calls none */
  createService(name: string, calls?: readonly string[] | undefined): ChangeResult<CreatedService>;
  /** Replaces outdated credentials; `all`: current ones as well. */
  renew(options: { all: boolean }): ChangeResult<{ org: PublicOrg; renewed: Renewed }>;
  /** `again`: it was revoked before, and dwc sent the revocation to the bus again. */
  revoke(
    name: string,
  ): ChangeResult<{ revoked: { kind: RevokedKind; name: string }; org: PublicOrg; outcome: "made" | "again" }>;
  inviteUser(invited: {
    email: string;
    admin: boolean;
  }): ChangeResult<{ code: string; org: PublicOrg; expiresAt: string }>;
  acceptInvitation(invitation: {
    code: string;
    name: string | undefined;
  }): ChangeResult<{ org: PublicOrg; email: string; role: Role }>;
  login(email: string, orgId: string | undefined): VerbResult<{ org: PublicOrg; email: string }>;
  /** `sync`: whether the bus still admits users of the deleted orgs; undefined: the user owned none of them. */
  logout(): VerbResult<{ orgs: number; sync: SyncResult | undefined }>;
  push(): ChangeResult<{ orgs: readonly PublicOrg[] }>;
  /** Reads only: whether the bus obeys the orgs that this folder owns; undefined: the folder owns none. */
  obedience(): Promise<SyncResult | undefined>;
}

export function describe(state: State): Identity {
  const org = currentOrg(state);
  return {
    ...(org === undefined ? {} : { current: describeOrg(org) }),
    orgs: state.orgs.map(({ id, name, me }) => ({ id, name, email: me.email, isCurrent: id === state.currentOrgId })),
  };
}

const CAPABILITIES: Readonly<Record<Authority["kind"], readonly string[]>> = {
  owner: ["run Markets", "create services", "invite people", "revoke services and people"],
  admin: ["run Markets", "create services"],
  member: ["run Markets"],
};

function describeOrg(org: Org): NonNullable<Identity["current"]> {
  const { name, email } = org.me;
  const role = org.authority.kind;
  return {
    org: publicOrg(org),
    person: { name, email, role },
    capabilities: CAPABILITIES[role],
    services: org.services.map(publicService).sort((one, other) => (one.name < other.name ? -1 : 1)),
    people: org.people.map((person) => ({
      email: person.email,
      role: person.signingKey === null ? "member" : "admin",
      invitedAt: isoSeconds(person.invitedAt),
    })),
  };
}

const MS_PER_SECOND = 1_000;

/** Tokens count in seconds; people and programs read ISO times. */
export const isoSeconds = (seconds: number): string => isoTime(seconds * MS_PER_SECOND);

export const publicOrg = ({ id, name, account }: Org): PublicOrg => ({ id, name, publicKey: account });

export const publicService = ({ name, publicKey, calls, createdAt, expiresAt }: Service): PublicService => ({
  ...{ name, publicKey, calls },
  issuedAt: isoSeconds(createdAt),
  expiresAt: expiresAt === null ? undefined : isoSeconds(expiresAt),
});
