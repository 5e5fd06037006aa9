// The CommandResult of a change of identities, with the bus's reaction as text and as JSON.

import type { SyncResult } from "./bus-shapes.ts";
import type { Refused } from "./command-context.ts";
import { exitCodeOf, strictSyncResult, syncJson } from "./obedience.ts";
import { type CommandResult, type Failed, type IfUnwritten, toFailure } from "./outcome.ts";
import { syncNotes } from "./sync-notes.ts";

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
