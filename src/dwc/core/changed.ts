// How a change of who may be on the bus ends for a person and for a program: with what the bus makes of it.

import { busNotes } from "./bus-notes.ts";
import type { Told } from "./bus-shapes.ts";
import { exitCodeOf, toldJson, toldOfHarm } from "./obedience.ts";
import { type Failed, failedBy, type IfUnwritten, type Outcome } from "./outcome.ts";
import type { Refused } from "./world.ts";

export interface Change {
  readonly ifUnwritten: IfUnwritten;
  readonly told: Told;
  readonly lines: readonly string[];
  /** What to know beside the bus, and what to type next. */
  readonly said: readonly string[];
  /** See Outcome. */
  readonly ofResult?: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
  /** Hands the change to a bus once more. */
  readonly again?: string;
  /** See NoteOptions. */
  readonly isForNextBus?: boolean;
  /** A bus that goes on without it does harm. */
  readonly mustBeHeard?: boolean;
}

export function changed({ ifUnwritten, ...change }: Change): Outcome {
  const { told: found, lines, said, ofResult, json, again, isForNextBus, mustBeHeard } = change;
  const told = mustBeHeard === true ? toldOfHarm(found) : found;
  return {
    kind: "done",
    lines,
    said: [...busNotes(told, { again, isForNextBus }), ...said],
    ofResult: ofResult ?? [],
    json: { ...json, ...toldJson(told) },
    exitCode: exitCodeOf(told, mustBeHeard),
    ifUnwritten,
  };
}

/** What was done before is handed to the bus again all the same. */
export function unchanged(refused: Refused): Failed {
  const failed = failedBy(refused);
  const { told } = refused;
  return told === undefined
    ? failed
    : { ...failed, said: busNotes(told, { isForNextBus: true }), details: toldJson(told) };
}
