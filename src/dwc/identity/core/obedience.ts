// The verdict on a server: does it use the tokens that this state folder has? The verdicts on several addresses make one
// result.

/** The verdict on the server at one address. The kinds are published in the JSON output. */
export type Obedience = Obeys | NotRunning | NotObeying | UnknownObedience;

/** Its servers report that they use the token of the state. */
export interface Obeys {
  readonly kind: "obeys";
  readonly url: string;
}

/** No server answers. One that starts with this state folder reads the token there. */
export interface NotRunning {
  readonly kind: "not running";
  readonly url: string;
  /** The host name has no address, so nothing is known of the bus. */
  readonly reason?: "unresolved";
  /** Its hint follows the last colon. */
  readonly why?: string;
}

/** It uses another token, or requires no login. */
export interface NotObeying {
  readonly kind: "does not obey";
  readonly url: string;
  readonly reason: Reason;
  readonly why: string;
  /** The account token that it uses, if that is newer than the folder's. */
  readonly token?: string;
  /** The servers of a cluster that rejected the token, or use another one. */
  readonly servers?: readonly string[];
}

export interface UnknownObedience {
  readonly kind: "unknown";
  readonly url: string;
  /**
   * `silent`: it did not report its token: paused, cut off, or slow. `limited`: its connection limit is reached.
   * `untrusted`: the TLS handshake fails. `closed`: it closes each connection before its greeting. `wrong port`: the
   * port is not for clients. `unresolved`: the host name has no address.
   */
  readonly reason: "silent" | "limited" | "untrusted" | "closed" | "wrong port" | "unresolved";
  /** For all reasons but `silent` its hint follows the last colon. */
  readonly why: string;
  /** The servers of a cluster that answer without naming the token that they store. */
  readonly servers?: readonly string[];
}

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

/** The worst address counts. An address without a server counts only if none has one. */
const WORST_FIRST = [
  "does not obey",
  "unknown",
  "obeys",
  "not running",
] as const satisfies readonly Obedience["kind"][];

export function syncResultOf(addresses: readonly Obedience[]): SyncResult {
  const kind = WORST_FIRST.find((one) => addresses.some((address) => address.kind === one)) ?? "not running";
  return { kind, addresses };
}

/**
 * Counts a server that does not answer as unknown if another one does: it may be cut off, or restart with its old
 * tokens.
 * @param sync of a change without which a bus does harm
 */
export function strictSyncResult(sync: SyncResult): SyncResult {
  const isBusThere = sync.addresses.some(({ kind }) => kind !== "not running");
  if (!isBusThere) return sync;
  return {
    ...sync,
    ...syncResultOf(
      sync.addresses.map((address): Obedience => {
        if (address.kind !== "not running") return address;
        const { url, reason = "silent", why = MAY_COME_BACK } = address;
        return { kind: "unknown", url, reason, why };
      }),
    ),
  };
}

const MAY_COME_BACK = "nothing answers there: it is cut off, or comes back with what it had";

/**
 * A bus that admits the credentials of a deleted org does so until it is stopped. A bus that refuses them is fine.
 * @param found for each org, whether the buses admit its credentials
 */
export function logoutSyncResult(found: readonly SyncResult[]): SyncResult {
  const judged = found.map(({ addresses }) => addresses.map(afterLogout));
  return syncResultOf((judged[0] ?? []).map((address, at) => worstOf(judged.map((all) => all[at] ?? address))));
}

function afterLogout(address: Obedience): Obedience {
  const { url, kind } = address;
  const why = "it still admits users of the deleted orgs";
  if (kind === "obeys") return { kind: "does not obey", url, reason: "forgotten", why };
  return kind === "does not obey" && (address.reason === "foreign" || address.reason === "refused")
    ? { kind: "obeys", url }
    : address;
}

function worstOf(addresses: readonly Obedience[]): Obedience {
  const { kind } = syncResultOf(addresses);
  const [first] = addresses;
  const worst = addresses.find((address) => address.kind === kind) ?? first;
  if (worst === undefined) throw new Error("obedience: of no address there is no worst");
  return worst;
}
