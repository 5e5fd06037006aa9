// A ticket: the permission to send once to one incarnation. The tracker issues it, and settles it with the result.

import type { Debt } from "./debt.ts";
import type { HealthEvent, InstanceRef, Member } from "./member.ts";

/** Permission to send once to one incarnation, in one generation of its breaker. Must be settled exactly once. */
export interface Ticket {
  readonly who: InstanceRef;
  /** The row it was issued for: to find it again among 10,000 would take longer than the pick did. */
  readonly member: Member;
  readonly generation: number;
  readonly sentAt: number;
  /** Undefined: a pick for no certain operation, or no call (`PRESENCE_GENERATION`). */
  readonly operation: string | undefined;
  /** The debt of its member when it was sent. */
  sentWith: Debt | undefined;
  /** Where its answer is counted as owed. Undefined: nowhere, or it is settled. */
  debt: Debt | undefined;
  /** How long its answer may be owed, in ms. Undefined: for as long as the call has. */
  limitMs: number | undefined;
  /** The calls that are owed, sent before it and after it. */
  earlier: Ticket | undefined;
  later: Ticket | undefined;
}

/** The ticket of a retest, and the events that the caller has to emit. */
export interface AdmittedRetest {
  readonly ticket: Ticket;
  readonly events: readonly HealthEvent[];
}

/**
 * The generation of a ticket that is no call, but the message that asks an instance if it is there. No breaker has
 * it, so the result changes none. Only "no responders" says something: the process is dead.
 */
export const PRESENCE_GENERATION = -1;

/** The ticket of a call that is sent now. @param generation of the breaker */
export function newTicket(
  member: Member,
  sentAt: number,
  operation?: string,
  generation = member.breaker.generation,
): Ticket {
  // All fields at once, so that the tickets of all calls have one hidden class.
  return {
    who: member.who,
    member,
    generation,
    sentAt,
    operation,
    sentWith: undefined,
    debt: undefined,
    limitMs: undefined,
    earlier: undefined,
    later: undefined,
  };
}
