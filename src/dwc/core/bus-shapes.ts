// Shapes: the server at a bus's address, and its obedience to a change.

import type { Obedience } from "../identity/core/obedience.ts";

export type BusProbe =
  | { readonly kind: "bus"; readonly url: string; readonly secured: boolean }
  /** Something else has the port. */
  | { readonly kind: "stranger"; readonly url: string; readonly speaks?: "HTTP" }
  /** Something accepted and said nothing: perhaps a bus that is paused. */
  | { readonly kind: "silent"; readonly url: string }
  /** Something accepted and ended the connection, such as a proxy whose bus is away. `why` ends in its cure. */
  | { readonly kind: "closed"; readonly url: string; readonly why: string }
  /** A nats-server, and not its port for clients. `why` ends in its cure. */
  | { readonly kind: "wrong port"; readonly url: string; readonly why: string }
  /** The host name has no address. `why` ends in its cure. */
  | { readonly kind: "unresolved"; readonly url: string; readonly why: string }
  /** TLS does not come about. `why` ends in its cure, where one is known. */
  | { readonly kind: "untrusted"; readonly url: string; readonly why: string }
  | {
      readonly kind: "nothing";
      readonly url: string;
      /** No Market ever starts a server there: src/bus/core/succession.ts. */
      readonly isNeverStarted?: true;
      /** NATS_URL names a user there. */
      readonly namesUser?: true;
    };

/** The same of all addresses in NATS_URL. */
export interface SyncResult {
  /** Of several the worst. */
  readonly kind: Obedience["kind"];
  readonly addresses: readonly Obedience[];
  /** What the bus was shown: account tokens by an owner, or the credentials of a member; undefined: account tokens. */
  readonly sent?: "accounts" | "credentials";
  /** Why a file was not written that a server, or a service, reads at its start; undefined: all were. */
  readonly unwritten?: string;
}
