// What a command asks of the world: verbs on the identities of one state folder, a look at the bus, a word with the
// person at the terminal. bin/dwc.ts hands in the real ones.

import type { LiveVerbs } from "../live/core/live-world.ts";
import type { BusLook, Told } from "./bus-shapes.ts";
import type { Refused as RefusedAlone } from "./outcome.ts";
import type { Screen, Terminal } from "./person.ts";

export interface Org {
  readonly id: string;
  readonly name: string;
  /** The account's public key, as the bus knows the org. */
  readonly publicKey: string;
}

export interface ServiceShown {
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
        readonly services: readonly ServiceShown[];
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
export type Refused = RefusedAlone & { readonly told?: Told };

type Answer<T> = Promise<({ readonly kind: "done" } & T) | Refused>;
/** An answer to a change that the bus has to obey. */
type Changed<T> = Answer<T & { readonly told: Told }>;

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
export interface IdentityVerbs {
  /** Reads only. */
  describe(): Answer<{ identity: Identity }>;
  /** `isOutdated`: an earlier dwc issued them, or they count no more. */
  serviceToken(name: string): Answer<{ service: ServiceShown; org: Org; creds: string; isOutdated: boolean }>;
  natsConfig(): Answer<{ path: string }>;
  createOrg(org: { name: string; person: string; email: string }): Changed<{ org: Org; email: string }>;
  /** `kept`: it was there before. `renewed`: it was, and its credentials had an end. */
  createService(
    name: string,
  ): Changed<{ service: ServiceShown; org: Org; credsFile: string; outcome: "made" | "kept" | "renewed" }>;
  /** Replaces what is outdated; `all`: what is current as well. */
  renew(options: { all: boolean }): Changed<{ org: Org; renewed: Renewed }>;
  /** `again`: it was revoked before, and the bus was told once more. */
  revoke(name: string): Changed<{ revoked: { kind: RevokedKind; name: string }; org: Org; outcome: "made" | "again" }>;
  inviteUser(invited: { email: string; admin: boolean }): Changed<{ code: string; org: Org; expiresAt: string }>;
  acceptInvitation(invitation: {
    code: string;
    name: string | undefined;
  }): Changed<{ org: Org; email: string; role: Role }>;
  login(email: string, orgId: string | undefined): Answer<{ org: Org; email: string }>;
  /** `told`: whether the bus goes on admitting whom the orgs admitted; undefined: none of them was owned. */
  logout(): Answer<{ orgs: number; told: Told | undefined }>;
  push(): Changed<{ orgs: readonly Org[] }>;
  /** Reads only: whether the bus obeys the orgs that this folder owns; undefined: it owns none. */
  obedience(): Promise<Told | undefined>;
}

export interface World {
  readonly stateDir: string;
  readonly identity: IdentityVerbs;
  lookAtBus(): Promise<readonly BusLook[]>;
  /** What asks the system that runs. */
  readonly live: LiveVerbs;
  readonly terminal: Terminal;
  readonly screen: Screen;
}
