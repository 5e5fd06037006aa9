// What a command asks of the world: verbs on the identities of one state folder, a look at the bus, a word with the
// person at the terminal. bin/dwc.ts hands in the real ones.

import type { RequestOptions } from "../bus/bus.ts";
import type { LiveVerbs } from "./live/live-world.ts";
import type { Refused } from "./outcome.ts";

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

type Answer<T> = Promise<({ readonly kind: "done" } & T) | Refused>;
/** An answer to a change that the bus has to hear of. */
type Changed<T> = Answer<T & { readonly told: Told }>;

/** What reads or changes the state folder. Nothing throws for what a person may do wrong. */
export interface IdentityVerbs {
  /** Reads only. */
  describe(): Answer<{ identity: Identity }>;
  serviceToken(name: string): Answer<{ service: ServiceShown; org: Org; creds: string }>;
  natsConfig(): Answer<{ path: string }>;
  createOrg(org: { name: string; person: string; email: string }): Changed<{ org: Org; email: string }>;
  /** `kept`: it was there before. `renewed`: it was, and its credentials had expired. */
  createService(
    name: string,
  ): Changed<{ service: ServiceShown; org: Org; credsFile: string; outcome: "made" | "kept" | "renewed" }>;
  revoke(name: string): Changed<{ revoked: { kind: "service" | "member" | "admin" | "key"; name: string }; org: Org }>;
  inviteUser(invited: { email: string; admin: boolean }): Changed<{ code: string; org: Org; expiresAt: string }>;
  acceptInvitation(invitation: {
    code: string;
    name: string | undefined;
  }): Changed<{ org: Org; email: string; role: Role }>;
  login(email: string, orgId: string | undefined): Answer<{ org: Org; email: string }>;
  logout(): Answer<{ orgs: number }>;
}

export type BusLook =
  | { readonly kind: "bus"; readonly url: string; readonly secured: boolean }
  /** Something else has the port. */
  | { readonly kind: "stranger"; readonly url: string }
  /** Something accepted and said nothing: perhaps a bus that is paused. */
  | { readonly kind: "silent"; readonly url: string }
  | { readonly kind: "nothing"; readonly url: string };

/** Whether the bus that runs knows of a change. */
export type Told =
  | { readonly kind: "told" }
  | { readonly kind: "no-bus" }
  /** It asks nobody who they are. */
  | { readonly kind: "open"; readonly url: string }
  /** It goes on as before. */
  | { readonly kind: "untold"; readonly url: string; readonly why: string };

export interface World {
  readonly stateDir: string;
  readonly identity: IdentityVerbs;
  lookAtBus(): Promise<readonly BusLook[]>;
  /** What asks the system that runs. */
  readonly live: LiveVerbs;
  readonly terminal: Terminal;
  readonly screen: Screen;
}

/** An abort signal, as the bus has it too. */
export type Gone = NonNullable<RequestOptions["signal"]>;

/** Where a result goes that does not come all at once. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Aborted once nobody reads any more, or a taken screen was left. */
  readonly gone: Gone;
  write(text: string): void;
  /** To stderr. */
  say(sentence: string): void;
  size(): { readonly rows: number; readonly columns: number };
  /** Replaces what the taken screen shows. */
  draw(lines: readonly string[]): void;
  /** Takes the whole screen, and the keys. */
  take(options: TakeOptions): Taken;
}

export interface TakeOptions {
  key(key: string): void;
  redraw(): void;
}

export interface Taken {
  /** Gives the screen back, for good. */
  leave(): void;
  /** Gives it back and stops, as ^Z does; takes it again when the process goes on. */
  stop(): void;
}

export interface Terminal {
  /** Whether somebody is there who could answer. */
  readonly answers: boolean;
  /** Asks on stderr; undefined: the end of the input. */
  ask(question: string): Promise<string | undefined>;
  /** The same, and what is typed is not shown. */
  askSecret(question: string): Promise<string | undefined>;
  /** The first line of stdin, for what must not stand in an argument. */
  readLine(): Promise<string | undefined>;
}
