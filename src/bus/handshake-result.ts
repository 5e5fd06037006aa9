// The results of a handshake that reaches no NATS server. They are apart from the handshake, whose types need those of
// Node: a user of the library compiles without them.

import type { NotNats, PeerPort } from "./core/greeting.ts";

/** A server that greets after a TLS handshake, which the client has to begin. */
export interface TlsFirst {
  readonly kind: "TLS first";
}

export type Silence = { readonly kind: "silent"; readonly step: "greeting" } | NotNats | TlsFirst;

/** The two steps that may fail: waiting for the greeting, and the TLS handshake. */
export type HandshakeStep = "greeting" | "TLS";

export interface ClosedEarly {
  readonly kind: "closed";
  readonly step: HandshakeStep;
  readonly why: string;
}

export type NotGreeted =
  /** Nothing accepted the connection; `why` is the system's error code, such as ECONNREFUSED. */
  | { readonly kind: "nothing"; readonly why: string }
  /** The host name has no address; `why` is the resolver's error code, such as ENOTFOUND. */
  | { readonly kind: "unresolved"; readonly why: string }
  /** Something greeted, but not as NATS does. */
  | NotNats
  /** A nats-server, but its port is not for clients. */
  | { readonly kind: "wrong port"; readonly port: PeerPort }
  /**
   * Something accepted and sent nothing in this step: a paused server, or one that waits for its client to speak first.
   */
  | { readonly kind: "silent"; readonly step: HandshakeStep }
  | ClosedEarly
  /**
   * The handshake failed, because of the server's certificate or for another reason. `why` is the error code of OpenSSL
   * or Node, `names` are the names in a certificate for another name.
   */
  | { readonly kind: "TLS failed"; readonly why: string; readonly names?: readonly string[] }
  /** A nats:// address whose server expects the client to begin TLS. */
  | TlsFirst
  /** A tls:// address whose server has no TLS. */
  | { readonly kind: "no TLS" };
