// A call on its way: leave to send it, and what came of it.

import type { Member, Who } from "./member.ts";

/** Leave to send one call to one incarnation, and the state under which it was given. To be settled once, on every path. */
export interface Ticket {
  /** The very object of the member's row: by it a row that was forgotten is told from the one that replaced it. */
  readonly who: Who;
  readonly epoch: number;
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
  "nobody",
  /** Answered that it takes no more. */
  "draining",
  /** The bus was away or the caller gave up. */
  "nothing",
] as const;
export type Result = (typeof RESULTS)[number];

export const ticketFor = ({ who, breaker: { epoch } }: Member, sentAt: number): Ticket => ({ who, epoch, sentAt });
