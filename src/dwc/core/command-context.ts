// What a command asks of the world: verbs on the identities of one state folder, a look at the bus, a word with the
// person at the terminal. bin/dwc.ts hands in the real ones.

import type { LiveService } from "../live/core/live-types.ts";
import type { BusProbe, SyncResult } from "./bus-shapes.ts";
import type { Refused as RefusedAlone } from "./outcome.ts";
import type { Screen, Terminal } from "./tty.ts";

export interface Org {
  readonly id: string;
  readonly name: string;
  /** The account's public key, as the bus knows the org. */
  readonly publicKey: string;
}

export interface PublicService {
  readonly name: string;
  readonly publicKey: string;
  /** ISO times. */
  readonly issuedAt: string;
  readonly expiresAt?: string | undefined;
}

/** The owner has the keys of the org; an admin may make services; a member runs Markets. */
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

/** `told`: what was done before was handed to the bus again. */
export type Refused = RefusedAlone & { readonly sync?: SyncResult };

type VerbResult<T> = Promise<({ readonly kind: "done" } & T) | Refused>;
/** An answer to a change that the bus has to obey. */
type ChangeResult<T> = VerbResult<T & { readonly sync: SyncResult }>;

/** What `renew` replaced; nothing of it: all was current. */
export interface Renewed {
  readonly person: boolean;
  /** The org's own, so that its members are told of each change. */
  readonly tokens: boolean;
  /** Those that an earlier dwc made until 2099 now cover tokens of any date. */
  readonly revocations: boolean;
  readonly services: readonly string[];
  readonly invitations: readonly {
    readonly email: string;
    readonly role: "admin" | "member";
    readonly code: string;
    /** An ISO time. */
    readonly expiresAt: string;
  }[];
  /** A bus has to obey revocations: of keys that were replaced now, or before. */
  readonly hasRevoked: boolean;
  /** Replaced keys that only the owner can revoke. */
  readonly unrevoked: readonly string[];
  /** The person's own credentials are outdated, and the owner has to replace them. */
  readonly needsInvitation: boolean;
}
/** `person`: revoked before, when its role was forgotten. */
export type RevokedKind = "service" | "member" | "admin" | "person" | "key";

/** What reads or changes the state folder. Nothing throws for what a person may do wrong. */
export interface IdentityService {
  /** Reads only. */
  describe(): VerbResult<{ identity: Identity }>;
  /** `isOutdated`: an earlier dwc issued them, or they count no more. */
  serviceToken(name: string): VerbResult<{ service: PublicService; org: Org; creds: string; isOutdated: boolean }>;
  natsConfig(): VerbResult<{ path: string }>;
  createOrg(org: { name: string; person: string; email: string }): ChangeResult<{ org: Org; email: string }>;
  /** `kept`: it was there before. `renewed`: it was, and its credentials had an end. */
  createService(
    name: string,
  ): ChangeResult<{ service: PublicService; org: Org; credsFile: string; outcome: "made" | "kept" | "renewed" }>;
  /** Replaces what is outdated; `all`: what is current as well. */
  renew(options: { all: boolean }): ChangeResult<{ org: Org; renewed: Renewed }>;
  /** `again`: it was revoked before, and the bus was told once more. */
  revoke(
    name: string,
  ): ChangeResult<{ revoked: { kind: RevokedKind; name: string }; org: Org; outcome: "made" | "again" }>;
  inviteUser(invited: { email: string; admin: boolean }): ChangeResult<{ code: string; org: Org; expiresAt: string }>;
  acceptInvitation(invitation: {
    code: string;
    name: string | undefined;
  }): ChangeResult<{ org: Org; email: string; role: Role }>;
  login(email: string, orgId: string | undefined): VerbResult<{ org: Org; email: string }>;
  /** `told`: whether the bus goes on admitting whom the orgs admitted; undefined: none of them was owned. */
  logout(): VerbResult<{ orgs: number; sync: SyncResult | undefined }>;
  push(): ChangeResult<{ orgs: readonly Org[] }>;
  /** Reads only: whether the bus obeys the orgs that this folder owns; undefined: it owns none. */
  obedience(): Promise<SyncResult | undefined>;
}

export interface CommandContext {
  readonly stateDir: string;
  readonly identity: IdentityService;
  probeBus(): Promise<readonly BusProbe[]>;
  /** What asks the system that runs. */
  readonly live: LiveService;
  readonly terminal: Terminal;
  readonly screen: Screen;
}
