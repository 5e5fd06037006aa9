// How a change of who may be on the bus ends for a person and for a program: with what the bus makes of it.

import type { SyncResult } from "./bus-shapes.ts";
import type { Refused } from "./command-context.ts";
import { exitCodeOf, strictSyncResult, syncJson } from "./obedience.ts";
import { type CommandResult, type Failed, type IfUnwritten, toFailure } from "./outcome.ts";
import { syncNotes } from "./sync-notes.ts";

export interface Change {
  readonly ifUnwritten: IfUnwritten;
  readonly sync: SyncResult;
  readonly lines: readonly string[];
  /** What to know beside the bus, and what to type next. */
  readonly notes: readonly string[];
  /** See Outcome. */
  readonly resultNotes?: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  /** Hands the change to a bus once more. */
  readonly again?: string;
  /** See NoteOptions. */
  readonly isForNextBus?: boolean;
  /** A bus that goes on without it does harm. */
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

/** What was done before is handed to the bus again all the same. */
export function unchanged(refused: Refused): Failed {
  const failed = toFailure(refused);
  const { sync } = refused;
  return sync === undefined
    ? failed
    : { ...failed, notes: syncNotes(sync, { isForNextBus: true }), details: syncJson(sync) };
}
