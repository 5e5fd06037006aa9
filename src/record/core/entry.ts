// The format of a record: JSON lines. The first line is the header. Each following line is one event that reached the
// balancer, with its time, the random numbers that were drawn, and the decision. Writing and replaying serialize decisions
// in the same way, so two decisions are equal if their texts are.

import type { PickResult } from "../../health/balancer.ts";
import type { Heartbeat } from "../../health/heartbeat.ts";
import type { HealthEvent } from "../../health/member.ts";
import type { Result } from "../../health/result.ts";
import type { Ticket } from "../../health/ticket.ts";
import type { ReceivedWarning } from "../../health/warnings.ts";
import type { HealthRules } from "../../settings.ts";

export const FORMAT = "datawire-market record";
export const FORMAT_VERSION = 4;

export interface Header {
  readonly format: typeof FORMAT;
  readonly formatVersion: typeof FORMAT_VERSION;
  readonly service: string;
  /** Epoch ms and running ms of the same moment: every later time is converted with them. */
  readonly wallMs: number;
  readonly at: number;
  readonly rules: HealthRules;
}

/** The options of a pick. Defaults are left out. */
export interface RecordedPickOptions {
  readonly operation?: string;
  readonly timeoutMs?: number;
  readonly excluded?: readonly string[];
  readonly idempotent?: boolean;
  readonly deprioritized?: readonly string[];
  readonly isHedge?: boolean;
}

/** An input of the balancer. Service and address of a heartbeat follow from the header and the incarnation. */
export type RecordedEvent =
  | RecordedHeartbeat
  | RecordedPick
  | RecordedSettlement
  | RecordedCheck
  | RecordedOvertaking
  | RecordedQuestion
  | RecordedWarning
  | RecordedWithdrawal
  | OtherEvent;

export interface RecordedHeartbeat {
  readonly kind: "heartbeat";
  /** Operations are left out if they are the default. */
  readonly beat: Omit<Heartbeat, "service" | "address" | "operations"> & Partial<Pick<Heartbeat, "operations">>;
}

export interface RecordedPick extends RecordedPickOptions {
  readonly kind: "picked";
}

/** The call with this ticket has ended. */
export interface RecordedSettlement {
  readonly kind: "settled";
  readonly ticket: number;
  readonly result: Result;
}

/** The answer of this ticket was settled as `unchecked`, and has been checked since. */
export interface RecordedCheck {
  readonly kind: "checked";
  readonly ticket: number;
  readonly result: "answered" | "invalid";
}

/** A hedge has answered the call with this ticket first. */
export interface RecordedOvertaking {
  readonly kind: "overtaken";
  readonly ticket: number;
}

/**
 * An instance was asked if it is there, with the next ticket. `atOnce`: also within a second of the last question. `isEvicted`:
 * its row was in the table no more, and calls to it were still in flight.
 */
export interface RecordedQuestion {
  readonly kind: "asked";
  readonly incarnation: string;
  readonly atOnce?: true;
  readonly isEvicted?: true;
}

/** Another caller has warned of an instance, and the warning counts. */
export interface RecordedWarning extends ReceivedWarning {
  readonly kind: "warned";
  readonly incarnation: string;
}

/** It has taken the warning back. */
export interface RecordedWithdrawal {
  readonly kind: "withdrawn";
  readonly incarnation: string;
  readonly sender: string;
}

type OtherEvent =
  /** Heartbeats cannot be received, or can be again. */
  | { readonly kind: "disconnected" | "reconnected" }
  /** Time passed, and a tick changed something. */
  | { readonly kind: "tick" }
  /** Instances have become late. `upTo`: the time until then counts. Absent: all of it. */
  | { readonly kind: "late-check"; readonly upTo?: number }
  /** Context for the reader, and no input of the balancer: this process did not run; the status of the bus for calls. */
  | { readonly kind: "stall"; readonly stalledMs: number }
  | { readonly kind: "bus"; readonly status: "connected" | "disconnected" | "closed" }
  /** The last line, if it could be written: the Market ended, or the record reached its maximum size. */
  | { readonly kind: "end"; readonly why: WhyEnded; readonly known: number };

export const WHY_ENDED = ["the Market ended", "the record is full"] as const;
export type WhyEnded = (typeof WHY_ENDED)[number];

export type Entry = RecordedEvent & EntryContext;

export interface EntryContext {
  /** Running ms. */
  readonly at: number;
  /** Time of the last tick that changed nothing. Such ticks (5 per second) are not written as entries. */
  readonly lastIdleTickAt?: number;
  /** The random numbers that were drawn for the event, in order. */
  readonly randomDraws?: readonly number[];
  /** The decision. Left out if there was none. */
  readonly decided?: unknown;
}

/** A ticket in a record: its number in the order of issue, its incarnation, and the generation of the breaker. */
export type SerializedTicket = readonly [number: number, incarnation: string, generation: number];

export interface SerializedPick {
  readonly call: SerializedTicket | null;
  readonly retests?: readonly SerializedTicket[];
  readonly newcomerProbes?: readonly SerializedTicket[];
  readonly changes?: readonly object[];
}

/** Changes in a record, or undefined if there are none. An instance is named by its incarnation. */
export function serializeChanges(changes: readonly HealthEvent[]): readonly object[] | undefined {
  return changes.length === 0 ? undefined : changes.map(serializeChange);
}

function serializeChange(change: HealthEvent): object {
  const { who, ...rest } = change;
  return change.kind === "duplicate"
    ? { ...rest, who: who.incarnation, other: change.other.incarnation }
    : { ...rest, who: who.incarnation };
}

/** @param numberOf the number of a ticket in the order of issue. It is called in that order */
export function serializePick(pick: PickResult, numberOf: (ticket: Ticket) => number): SerializedPick {
  const serialize = (ticket: Ticket): SerializedTicket => [numberOf(ticket), ticket.who.incarnation, ticket.generation];
  const changes = serializeChanges(pick.events);
  return {
    call: pick.call === undefined ? null : serialize(pick.call),
    ...(pick.retests.length > 0 && { retests: pick.retests.map(serialize) }),
    ...(pick.newcomerProbes.length > 0 && { newcomerProbes: pick.newcomerProbes.map(serialize) }),
    ...(changes !== undefined && { changes }),
  };
}
