// The context of a command: the identities of one state folder, the bus probe, the live service, screen and terminal.
// bin/dwc-run.ts passes in the real ones.

import type { LiveService } from "../live/core/live-types.ts";
import type { BusProbe, SyncResult } from "./bus-shapes.ts";
import type { Refused as RefusedAlone } from "./outcome.ts";
import type { Screen, Terminal } from "./tty.ts";

export interface Org {
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
}

/** The owner has the keys of the org. An admin may create services. A member runs Markets. */
export type Role = "owner" | "admin" | "member";

export interface Identity {
  readonly current?:
    | {
        readonly org: Org;
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

/** `sync`: dwc sent an earlier change to the bus again. */
export type Refused = RefusedAlone & { readonly sync?: SyncResult };

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
  serviceToken(name: string): VerbResult<{ service: PublicService; org: Org; creds: string; isOutdated: boolean }>;
  natsConfig(): VerbResult<{ path: string }>;
  createOrg(org: { name: string; person: string; email: string }): ChangeResult<{ org: Org; email: string }>;
  /** `kept`: it existed. `renewed`: it existed with credentials that expire. */
  createService(
    name: string,
  ): ChangeResult<{ service: PublicService; org: Org; credsFile: string; outcome: "made" | "kept" | "renewed" }>;
  /** Replaces outdated credentials; `all`: current ones as well. */
  renew(options: { all: boolean }): ChangeResult<{ org: Org; renewed: Renewed }>;
  /** `again`: it was revoked before, and dwc sent the revocation to the bus again. */
  revoke(
    name: string,
  ): ChangeResult<{ revoked: { kind: RevokedKind; name: string }; org: Org; outcome: "made" | "again" }>;
  inviteUser(invited: { email: string; admin: boolean }): ChangeResult<{ code: string; org: Org; expiresAt: string }>;
  acceptInvitation(invitation: {
    code: string;
    name: string | undefined;
  }): ChangeResult<{ org: Org; email: string; role: Role }>;
  login(email: string, orgId: string | undefined): VerbResult<{ org: Org; email: string }>;
  /** `sync`: whether the bus still admits users of the deleted orgs; undefined: the user owned none of them. */
  logout(): VerbResult<{ orgs: number; sync: SyncResult | undefined }>;
  push(): ChangeResult<{ orgs: readonly Org[] }>;
  /** Reads only: whether the bus obeys the orgs that this folder owns; undefined: the folder owns none. */
  obedience(): Promise<SyncResult | undefined>;
}

export interface CommandContext {
  readonly stateDir: string;
  readonly identity: IdentityService;
  probeBus(): Promise<readonly BusProbe[]>;
  /** Queries to the running system. */
  readonly live: LiveService;
  readonly terminal: Terminal;
  readonly screen: Screen;
}
