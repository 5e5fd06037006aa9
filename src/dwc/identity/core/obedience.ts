// The verdict on a server: does it use the tokens that this state folder has?

/** The verdict on the server at one address. The kinds are published in the JSON output. */
export type Obedience =
  /** Its servers report that they use the token of the state. */
  | { readonly kind: "obeys"; readonly url: string }
  /** No server answers. One that starts with this state folder reads the token there. */
  | {
      readonly kind: "not running";
      readonly url: string;
      /** The host name has no address, so nothing is known of the bus. */
      readonly reason?: "unresolved";
      /** Its hint follows the last colon. */
      readonly why?: string;
    }
  /** It uses another token, or requires no login. */
  | {
      readonly kind: "does not obey";
      readonly url: string;
      readonly reason: Reason;
      readonly why: string;
      /** The account token that it uses, if that is newer than the folder's. */
      readonly token?: string;
      /** The servers of a cluster that rejected the token, or use another one. */
      readonly servers?: readonly string[];
    }
  | {
      readonly kind: "unknown";
      readonly url: string;
      /**
       * `silent`: it did not report its token: paused, cut off, or slow. `limited`: its connection limit is reached.
       * `untrusted`: the TLS handshake fails. `closed`: it closes each connection before its greeting. `wrong port`:
       * the port is not for clients. `unresolved`: the host name has no address.
       */
      readonly reason: "silent" | "limited" | "untrusted" | "closed" | "wrong port" | "unresolved";
      /** For all reasons but `silent` its hint follows the last colon. */
      readonly why: string;
      /** The servers of a cluster that answer without naming the token that they store. */
      readonly servers?: readonly string[];
    };

export type Reason =
  /** It requires no login. */
  | "open"
  /** It trusts another operator, or is not a NATS server. */
  | "foreign"
  /** It refuses the folder's credentials of an org that the folder does not own. */
  | "refused"
  /** It uses an older account token, or has no token of this org. */
  | "older"
  /** It uses a newer one: the state folder is an old copy. */
  | "newer"
  /** It accepts no account token from dwc. */
  | "fixed"
  /** The keys that could change it are deleted. */
  | "forgotten";
