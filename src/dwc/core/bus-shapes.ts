// The result of probing a bus address, and the result of sending a change to it.

import type { Obedience } from "../identity/core/obedience.ts";

export type BusProbe =
  | { readonly kind: "bus"; readonly url: string; readonly secured: boolean }
  /** Another program has the port. */
  | { readonly kind: "not-nats"; readonly url: string; readonly speaks?: "HTTP" }
  /** A program accepted the connection and sent nothing: perhaps a paused bus. */
  | { readonly kind: "silent"; readonly url: string }
  /** A program accepted and closed the connection, such as a proxy whose bus is down. `why` ends in its hint. */
  | { readonly kind: "closed"; readonly url: string; readonly why: string }
  /** A nats-server, on a port that is not for clients. `why` ends in its hint. */
  | { readonly kind: "wrong port"; readonly url: string; readonly why: string }
  /** The host name has no address. `why` ends in its hint. */
  | { readonly kind: "unresolved"; readonly url: string; readonly why: string }
  /** The TLS handshake fails. `why` ends in its hint, if one is known. */
  | { readonly kind: "untrusted"; readonly url: string; readonly why: string }
  | {
      readonly kind: "nothing";
      readonly url: string;
      /** No Market ever starts a server there: src/bus/core/succession.ts. */
      readonly isNeverStarted?: true;
      /** NATS_URL names a user there. */
      readonly namesUser?: true;
    };

/** Whether the servers at all addresses in NATS_URL obey a change. */
export interface SyncResult {
  /** The worst of the addresses. */
  readonly kind: Obedience["kind"];
  readonly addresses: readonly Obedience[];
  /** An owner sends account tokens, a member logs in with credentials. Undefined: account tokens. */
  readonly sent?: "accounts" | "credentials";
  /** Why dwc could not write a file that a server or a service reads at its start; undefined: all are written. */
  readonly unwritten?: string;
}
