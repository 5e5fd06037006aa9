// A call on its way: leave to send it, and what came of it.

import type { InstanceRef, Member } from "./member.ts";

/** Leave to send one call to one incarnation, and the state under which it was given. To be settled once, on every path. */
export interface Ticket {
  readonly who: InstanceRef;
  /** The very row that it was given for: to look for it again among ten thousand takes longer than to choose it. */
  readonly member: Member;
  readonly generation: number;
  readonly sentAt: number;
}

/** How a call ended, as far as it says anything about the instance. */
export const RESULTS = [
  /** Any answer in time, an error of the service among them. */
  "answered",
  /** An answer in time that is none: alive, and of no use. */
  "nonsense",
  "timeout",
  /** Delivered to nobody: dead, not hung. */
  "no-responders",
  /** Answered that it takes no more. */
  "draining",
  /** An answer in time that the caller's own check failed on: alive, and no more is known. */
  "unchecked",
  /** The bus was away or the caller gave up. */
  "inconclusive",
  /** It never left the caller. */
  "unsent",
  /** The bus does not permit the call. */
  "denied",
] as const;
export type Result = (typeof RESULTS)[number];

export const ticketFor = (member: Member, sentAt: number): Ticket => ({
  who: member.who,
  member,
  generation: member.breaker.generation,
  sentAt,
});
