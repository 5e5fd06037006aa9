// Shapes: the obedience of the server at one address to an org of this state folder.

/** Whether what is at one address obeys the org as it is now. The kinds are words of the JSON output: they stay. */
export type Obedience =
  /** Its servers say that they use what the state has. */
  | { readonly kind: "obeys"; readonly url: string }
  /** Nothing answers: a bus that is started with this state folder reads what it needs there. */
  | {
      readonly kind: "not running";
      readonly url: string;
      /** The host name has no address: nothing is known of the bus. */
      readonly reason?: "unresolved";
      /** Ends, behind the last colon, in what to change. */
      readonly why?: string;
    }
  /** It goes on as before, or asks nobody who they are. */
  | {
      readonly kind: "does not obey";
      readonly url: string;
      readonly reason: Reason;
      readonly why: string;
      /** The account token that it uses, where that is newer than the folder's. */
      readonly token?: string;
      /** The servers of a cluster that did not take the token, or use another than the others. */
      readonly servers?: readonly string[];
    }
  | {
      readonly kind: "unknown";
      readonly url: string;
      /**
       * `silent`: it is there, and did not say: paused, cut off, or slow. `limited`: it has no room for dwc. `untrusted`: TLS
       * does not come about. `closed`: it ends each connection before it greets. `wrong port`: the port takes no
       * clients. `unresolved`: the host name has no address.
       */
      readonly reason: "silent" | "limited" | "untrusted" | "closed" | "wrong port" | "unresolved";
      /** Of all but `silent` it ends, behind the last colon, in what to change. */
      readonly why: string;
      /** The servers of a cluster that answer, and do not say which token they keep. */
      readonly servers?: readonly string[];
    };

export type Reason =
  /** It lets everybody in. */
  | "open"
  /** It believes another operator, or is no NATS server. */
  | "foreign"
  /** It refuses credentials that this folder has, and the folder does not own their org. */
  | "refused"
  /** It uses an older account token, or has none of this org. */
  | "older"
  /** It uses a newer one: the state folder is an old copy. */
  | "newer"
  /** It takes no account token from dwc. */
  | "fixed"
  /** The keys that could change it are deleted. */
  | "forgotten";
