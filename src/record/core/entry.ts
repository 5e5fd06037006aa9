// What a record holds: JSON lines. The first is the head; each after it is one event that reached the core, with the
// time at which it did, the chance that was drawn, and what was decided. The same for writing and replaying:
// two decisions are the same when their texts are.

import type { PickResult } from "../../health/balancer.ts";
import type { Heartbeat } from "../../health/heartbeat.ts";
import type { HealthEvent } from "../../health/member.ts";
import type { Result, Ticket } from "../../health/tracker.ts";
import type { HealthRules } from "../../settings.ts";

export const FORMAT = "datawire-market record";
export const FORMAT_VERSION = 1;

export interface Header {
  readonly format: typeof FORMAT;
  readonly formatVersion: typeof FORMAT_VERSION;
  readonly service: string;
  /** Epoch ms and running ms of the same moment: by them every later time can be shown to people. */
  readonly wallMs: number;
  readonly at: number;
  readonly rules: HealthRules;
}

/** What a choice had to heed; what is left out is as usual. */
export interface ChosenOptions {
  readonly tried?: readonly string[];
  readonly repeatable?: boolean;
  readonly slow?: readonly string[];
  readonly second?: boolean;
}

/** What the core was given. Service and address of a heartbeat follow from the head and the incarnation. */
export type RecordedEvent =
  | { readonly kind: "heard"; readonly beat: Omit<Heartbeat, "service" | "address"> }
  | ({ readonly kind: "chosen" } & ChosenOptions)
  /** The call of that ticket has ended. */
  | { readonly kind: "settled"; readonly ticket: number; readonly result: Result }
  /** Heartbeats can, or cannot, be heard. */
  | { readonly kind: "away" | "back" }
  /** Time passed, and something was noticed of it. */
  | { readonly kind: "tick" }
  /** Did not reach the core, but a reader wants to know: our own process did not run; the way of the calls. */
  | { readonly kind: "stall"; readonly stalledMs: number }
  | { readonly kind: "bus"; readonly status: "connected" | "away" | "closed" }
  /** The last line, if the writer came to write one: the Market ended, or the record was as long as it may be. */
  | { readonly kind: "end"; readonly why: WhyEnded; readonly known: number };

export const WHY_ENDED = ["the Market ended", "the record is full"] as const;
export type WhyEnded = (typeof WHY_ENDED)[number];

export type Entry = RecordedEvent & {
  /** Running ms. */
  readonly at: number;
  /** The last look at the time since the line before in which nothing was noticed: five of those a second are not written. */
  readonly quietAt?: number;
  /** Random numbers that were drawn for it, in order. */
  readonly draws?: readonly number[];
  /** What came of it; left out when nothing did. */
  readonly decided?: unknown;
};

/** A ticket as it is written: its place in the order of all that were handed out, to whom, and under which state. */
export type SerializedTicket = readonly [number: number, incarnation: string, generation: number];

export interface SerializedPick {
  readonly call: SerializedTicket | null;
  readonly retests?: readonly SerializedTicket[];
  readonly trials?: readonly SerializedTicket[];
  readonly changes?: readonly object[];
}

/** Changes as they are written; undefined when there are none. A process is named by its incarnation. */
export function serializeChanges(changes: readonly HealthEvent[]): readonly object[] | undefined {
  return changes.length === 0 ? undefined : changes.map(serializeChange);
}

function serializeChange(change: HealthEvent): object {
  const { who, ...rest } = change;
  return change.kind === "clash"
    ? { ...rest, who: who.incarnation, other: change.other.incarnation }
    : { ...rest, who: who.incarnation };
}

/** @param numberOf the place of a ticket in the order of handing out; asked in that order */
export function serializePick(pick: PickResult, numberOf: (ticket: Ticket) => number): SerializedPick {
  const serialize = (ticket: Ticket): SerializedTicket => [numberOf(ticket), ticket.who.incarnation, ticket.generation];
  const changes = serializeChanges(pick.changes);
  return {
    call: pick.call === undefined ? null : serialize(pick.call),
    ...(pick.retests.length > 0 && { retests: pick.retests.map(serialize) }),
    ...(pick.trials.length > 0 && { trials: pick.trials.map(serialize) }),
    ...(changes !== undefined && { changes }),
  };
}
