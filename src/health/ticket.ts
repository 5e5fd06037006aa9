// A ticket: the permission to send once to one incarnation. The tracker issues it, and settles it with the result.

import type { Debt } from "./lateness.ts";
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
  /** Where its answer is counted as owed (lateness.ts). Undefined: nowhere, or it is settled. */
  debt: Debt | undefined;
  /** The batch of `debt` that it is of. */
  batch: number;
}

/** The ticket of a retest, and the events that the caller has to emit. */
export interface AdmittedRetest {
  readonly ticket: Ticket;
  readonly events: readonly HealthEvent[];
}

/**
 * The generation of a ticket that is no call, but the message that asks a late instance if it is there. No breaker has
 * it, so the result changes none. Only "no responders" says something: the process is dead.
 */
export const PRESENCE_GENERATION = -1;

export const ticketFor = (member: Member, sentAt: number, operation?: string, debt?: Debt): Ticket => {
  return {
    who: member.who,
    member,
    generation: member.breaker.generation,
    sentAt,
    operation,
    debt,
    batch: debt?.batch ?? 0,
  };
};
