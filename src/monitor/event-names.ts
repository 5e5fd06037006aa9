// The one list of what can happen, by the name under which the log, the board, the metrics and every program that listens
// know it. docs/observing.md prints it, and a test compares. A name, once published, means the same for good.

import type { ClientEvent } from "../service/client-options.ts";

export const EVENTS = [
  { name: "breaker.opened", meaning: "an instance did not answer in time: no call goes to it until it is closed" },
  { name: "breaker.retesting", meaning: "a copy of a call has been sent to it, to see whether it answers again" },
  { name: "breaker.closed", meaning: "it takes its turns again: it beat, or it answered the retest" },
  { name: "instance.joined", meaning: "a new process was heard for the first time" },
  { name: "instance.returned", meaning: "one that was lost beats again" },
  { name: "instance.draining", meaning: "it said goodbye: it finishes what it has and takes nothing new" },
  { name: "instance.left", meaning: "it has ended in order" },
  { name: "instance.lost", meaning: "it ended without a word: no heartbeat in time, or no responders" },
  { name: "instance.duplicate", meaning: "two processes run under one number, and both are used" },
  { name: "instance.rejected", meaning: "a newcomer found the table full" },
  { name: "instance.invalid_response", meaning: "it answered, but nothing that the caller could use" },
  { name: "instance.faults", meaning: "one that takes faults (CHAOS=1) says which are on now" },
  { name: "heartbeat.unreadable", meaning: "somebody sent what is no heartbeat" },
  { name: "heartbeat.throttled", meaning: "more strangers beat than are listened to" },
  { name: "heartbeat.interrupted", meaning: "heartbeats could not be heard for a while, though the bus was there" },
  { name: "bus.connected", meaning: "the bus is there" },
  { name: "bus.disconnected", meaning: "the bus is not there: nobody can be asked" },
  { name: "bus.closed", meaning: "the Market itself has left the bus" },
  { name: "events.suppressed", meaning: "so many more of one kind were not told one by one" },
] as const satisfies readonly { readonly name: string; readonly meaning: string }[];

export type EventName = (typeof EVENTS)[number]["name"];

const NAMES = {
  opened: "breaker.opened",
  retesting: "breaker.retesting",
  closed: "breaker.closed",
  joined: "instance.joined",
  returned: "instance.returned",
  draining: "instance.draining",
  left: "instance.left",
  lost: "instance.lost",
  duplicate: "instance.duplicate",
  "table-full": "instance.rejected",
  "invalid-response": "instance.invalid_response",
  faults: "instance.faults",
  "unreadable-heartbeat": "heartbeat.unreadable",
  "newcomers-throttled": "heartbeat.throttled",
  "heartbeats-interrupted": "heartbeat.interrupted",
} as const satisfies Readonly<Record<Exclude<ClientEvent["kind"], "bus" | StepKind>, EventName>>;

/** Steps of every call: printed, and counted where they end, but no change of anything. */
type StepKind = "resolving" | "resolved" | "using" | "hedging";

/** The name of an event; undefined for a step of a call. */
export function eventName(event: ClientEvent): EventName | undefined {
  switch (event.kind) {
    case "resolving":
    case "resolved":
    case "using":
    case "hedging":
      return undefined;
    case "bus":
      return `bus.${event.status}`;
    default:
      return NAMES[event.kind];
  }
}
