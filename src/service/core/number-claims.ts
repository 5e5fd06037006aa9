// Which number an instance takes that was given none: the lowest that is free. Of several that start at the same time, each
// has to get a number of its own. Of several that were given the same number, one has to get it.
//
// Each one claims a number and waits. The claim is the body of a roll call, so those that run answer it with a heartbeat,
// and those that are starting answer it with claims of their own. Of two claims of one number the one with the lower id
// holds, and one that has waited (`isFixed`) holds against all. The other one claims the next number, and waits again. One that
// was given its number waits for the heartbeat of the first, and does not start.

import { fieldsOf, isIntegerIn } from "../../util/json.ts";

export interface Claim {
  /** Random, and unique to this start. */
  readonly id: string;
  readonly instance: number;
  /** Counts its claims: an answer may arrive after a later claim. */
  readonly round: number;
  /** It has waited, and starts with this number. */
  readonly isFixed: boolean;
}

/** Of two claims of one start, the later one. */
export const laterOf = (known: Claim | undefined, received: Claim): Claim =>
  known === undefined || received.round > known.round || (received.round === known.round && received.isFixed)
    ? received
    : known;

const MAX_ROUND = 1_000_000;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** @param value the decoded body of a roll call, or of an answer to one. @returns undefined for any other body */
export function claimIn(value: unknown, maxInstance: number): Claim | undefined {
  const { id, instance, round, isFixed } = fieldsOf(fieldsOf(value)["claim"]);
  if (typeof id !== "string" || !ID.test(id) || !isIntegerIn(instance, 1, maxInstance)) return undefined;
  return isIntegerIn(round, 1, MAX_ROUND) ? { id, instance, round, isFixed: isFixed === true } : undefined;
}

/** Both claim the same number, and the rival holds it. */
export const isAhead = (rival: Claim, own: Claim): boolean =>
  rival.instance === own.instance && (rival.isFixed || rival.id < own.id);

/**
 * @param own the claim that has waited
 * @param taken the numbers of those that run
 * @param rivals the last claim of each other one that is starting
 * @returns the number to claim next. It is that of `own` if `own` holds
 */
export function nextNumber(own: Claim, taken: ReadonlySet<number>, rivals: readonly Claim[]): number {
  const isTaken = (instance: number): boolean =>
    taken.has(instance) || rivals.some((rival) => rival.isFixed && rival.instance === instance);
  const ahead = rivals.filter((rival) => rival.instance === own.instance && rival.id < own.id).length;
  const holds = !isTaken(own.instance);
  if (holds && ahead === 0) return own.instance;
  // All that lose a number look for another one now, and see the same claims: by their rank they choose different ones.
  let toSkip = holds ? ahead - 1 : ahead;
  for (let instance = 1; ; instance += 1) {
    const isFree = instance !== own.instance && !isTaken(instance) && !rivals.some((one) => one.instance === instance);
    if (isFree && toSkip === 0) return instance;
    if (isFree) toSkip -= 1;
  }
}
