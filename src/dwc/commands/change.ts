// The result of a command that changes identities: the bus's reaction as text, as JSON and as an exit code; and the
// sentences and JSON fields that these commands share.

import { type CommandResult, type ExitCode, type Failed, type IfUnwritten, toFailure } from "../cli/core/result.ts";
import { type SyncResult, strictSyncResult } from "../identity/core/obedience.ts";
import { syncNotes } from "../identity/core/sync-notes.ts";
import type { PublicOrg, PublicService, Refused } from "../identity/public-view.ts";

export interface Change {
  readonly ifUnwritten: IfUnwritten;
  readonly sync: SyncResult;
  readonly lines: readonly string[];
  /** Notes that do not concern the bus, and what to type next. */
  readonly notes: readonly string[];
  /** See CommandResult. */
  readonly resultNotes?: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  /** The command that sends the change to a bus again. */
  readonly again?: string;
  /** See NoteOptions. */
  readonly isForNextBus?: boolean;
  /** A bus without this change does harm, so that no answer at all is not good enough. */
  readonly mustReachBus?: boolean;
}

export function changed({ ifUnwritten, ...change }: Change): CommandResult {
  const { sync: found, lines, notes, resultNotes, json, again, isForNextBus, mustReachBus } = change;
  const sync = mustReachBus === true ? strictSyncResult(found) : found;
  return {
    kind: "done",
    lines,
    notes: [...syncNotes(sync, { again, isForNextBus }), ...notes],
    resultNotes: resultNotes ?? [],
    json: { ...json, ...syncJson(sync) },
    exitCode: exitCodeOf(sync, mustReachBus),
    ifUnwritten,
  };
}

/** Nothing changed here, but dwc may have sent the earlier change to the bus again. */
export function unchanged(refused: Refused): Failed {
  const failed = toFailure(refused);
  const { sync } = refused;
  return sync === undefined
    ? failed
    : { ...failed, notes: syncNotes(sync, { isForNextBus: true }), details: syncJson(sync) };
}

// Combines the results of several bus addresses into one SyncResult, its exit code and its JSON.

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

// Sentences and JSON fields that several commands share.

/** The hint after a change whose result could not be written. */
export const SEE_STATUS = "to see it:  bin/dwc status";

/** A person in an org, in the format of the original dwc. */
export const formatPerson = (org: Pick<PublicOrg, "id">, email: string): string => `[${org.id}]${email}`;

export const loggedIn = (org: PublicOrg, email: string): string => `Now logged in as ${formatPerson(org, email)}`;

export const orgJson = ({ id, name, publicKey }: PublicOrg): object => ({ id, name, public_key: publicKey });

export const serviceJson = ({ name, publicKey, issuedAt, expiresAt, calls }: PublicService): object => ({
  name,
  public_key: publicKey,
  issued_at: issuedAt,
  expires_at: expiresAt ?? null,
  calls,
});
