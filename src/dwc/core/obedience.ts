// Combines the results of several bus addresses into one SyncResult, its exit code and its JSON.

import type { Obedience } from "../identity/core/obedience.ts";
import type { SyncResult } from "./bus-shapes.ts";
import type { ExitCode } from "./outcome.ts";

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

/** The change is saved here, and no bus is known to obey it. */
export const NOT_OBEYED: ExitCode = 4;

/**
 * @param mustReachBus a bus without the change does harm; one may run elsewhere, so that "not running" is a failure
 */
export function exitCodeOf({ kind, unwritten }: SyncResult, mustReachBus = false): ExitCode {
  // The next server or service starts without the change.
  if (unwritten !== undefined) return NOT_OBEYED;
  switch (kind) {
    case "obeys":
      return 0;
    case "not running":
      return mustReachBus ? NOT_OBEYED : 0;
    case "does not obey":
    case "unknown":
      return NOT_OBEYED;
  }
}

export const syncJson = ({ kind, addresses, unwritten }: SyncResult): Readonly<Record<string, unknown>> => ({
  bus: kind,
  buses: addresses.map((address) => ({
    url: address.url,
    bus: address.kind,
    reason: "reason" in address ? address.reason : null,
    why: "why" in address ? address.why : null,
  })),
  ...(unwritten === undefined ? {} : { unwritten }),
});
