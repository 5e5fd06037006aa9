// The reason why a pick has found no instance for a call.

import { isOpen } from "./breaker.ts";
import type { Member } from "./member.ts";
import type { Result } from "./result.ts";

export type WhyUnavailable =
  /** No instance is known, or all that were are gone. */
  | "no-instances"
  /** None of those that are there has the operation. */
  | "no-such-operation"
  /** All that have it are leaving. */
  | "draining"
  /** An instance that has the operation and is not leaving has an open breaker, and no other can take the call. */
  | "breakers-open"
  /** The bus does not permit the call to an instance that could take it. */
  | "denied";

/** A call that found no instance. */
export interface StrandedCall {
  readonly operation: string;
  /** By incarnation, how it ended at the instances that it was sent to. */
  readonly excluded: ReadonlyMap<string, { readonly result: Result | undefined }>;
}

/**
 * The reason of the instance that was closest to taking the call. An open breaker is the closest: that instance is
 * there, and has the operation. The search ends with it, because any client of an open bus can make ten thousand.
 * @param isLive up, with a lease that has not expired
 */
export function whyUnavailable(
  members: Iterable<Member>,
  isLive: (member: Member) => boolean,
  call: StrandedCall,
): WhyUnavailable {
  for (const { result } of call.excluded.values()) if (result === "denied") return "denied";
  let closest: WhyUnavailable = "no-instances";
  for (const member of members) {
    const reason = reasonOf(member, isLive, call);
    if (reason === "breakers-open") return reason;
    if (reason === "draining" || closest === "no-instances") closest = reason;
  }
  return closest;
}

function reasonOf(
  member: Member,
  isLive: (member: Member) => boolean,
  { operation, excluded }: StrandedCall,
): Exclude<WhyUnavailable, "denied"> {
  const { membership, operations, who, breaker } = member;
  const isThere = membership.kind === "draining" || (membership.kind === "up" && isLive(member));
  if (!isThere) return "no-instances";
  const result = excluded.get(who.incarnation)?.result;
  if (result === "rejected" || !operations.includes(operation)) return "no-such-operation";
  // Also if a heartbeat has brought it back since this call found it leaving.
  if (membership.kind === "draining" || result === "draining") return "draining";
  return isOpen(breaker) ? "breakers-open" : "no-instances";
}
