// The text of each change of state, for a terminal: short, as its line begins with the time and the instance. The log
// has its own, with addresses (src/monitor/events.ts).

import { faultText } from "../../protocol.ts";
import { countWords, formatDuration } from "../../util/format.ts";
import type { FailingCalls, StateEvent } from "./activity.ts";

/** Undefined: text as it is. */
export type Tone = "good" | "warning" | "bad" | "faint";

export interface StateText {
  readonly text: string;
  readonly tone: Tone | undefined;
}

type EventOf<K extends StateEvent["kind"]> = Extract<StateEvent, { readonly kind: K }>;

/** A row for each kind: an event without one is a compile error. */
const TEXTS: { readonly [K in StateEvent["kind"]]: (event: EventOf<K>) => StateText } = {
  joined: () => good("is up"),
  returned: () => good("is back: it sends heartbeats again"),
  draining: () => warning("is leaving: it finishes its calls, and gets no new ones"),
  left: () => ({ text: "has left", tone: "faint" }),
  lost: ({ why, silentMs }) =>
    why === "no heartbeat"
      ? bad(`is silent: no heartbeat for ${formatDuration(silentMs)}`)
      : bad("is dead: no responders, so its calls go on to others"),
  late: ({ owes, quietMs }) =>
    warning(
      `is late: it owes ${countWords(owes, "answer")} for ${formatDuration(quietMs)}, and others are called first`,
    ),
  "on-time": () => good("has answered, and is late no more"),
  warned: ({ by }) => warning(`is late for ${by}: others are called first`),
  "warning-over": ({ why }) => good(`is warned of no more: ${OVER[why]}`),
  opened: ({ why, retestInMs }) =>
    bad(`breaker opened: ${why}; it gets no calls, next retest in ${formatDuration(retestInMs)}`),
  retesting: () => warning("breaker retesting: a copy of a call is sent to it, and no page waits for it"),
  closed: ({ why }) => good(`breaker closed: ${why === "heartbeat" ? "a heartbeat came" : why}`),
  duplicate: () => warning("runs twice, and both get calls"),
  "table-full": ({ limit }) => warning(`is not accepted: the table is full with ${limit} instances`),
  "invalid-response": () => warning("sent an invalid answer: the call went on to another"),
  faults: ({ faults }) =>
    faults.length === 0
      ? good("has no fault on any more")
      : warning(`has a fault on: ${faults.map(faultText).join("; ")}`),
  "unreadable-heartbeat": ({ subject, why }) => warning(`a heartbeat is unreadable: ${why} (on ${subject})`),
  "unreadable-warning": ({ subject, why }) => warning(`a warning is unreadable: ${why} (on ${subject})`),
  "newcomers-throttled": () => warning("too many new instances at once: some heartbeats were dropped"),
  "heartbeats-interrupted": ({ interruptedMs }) =>
    warning(`no heartbeats were received for ${formatDuration(interruptedMs)}: more were sent than could be read`),
  bus: ({ status }) =>
    status === "connected"
      ? good("connected")
      : bad(`${status}: no instance can be called until it is back; pages show last known ratings`),
};

const OVER = {
  answered: "it has answered",
  withdrawn: "the caller that warned took it back",
  expired: "the time of the warning is over",
  refuted: "the caller that warned was wrong about another instance",
} as const;

const good = (text: string): StateText => ({ text, tone: "good" });
const warning = (text: string): StateText => ({ text, tone: "warning" });
const bad = (text: string): StateText => ({ text, tone: "bad" });

/** The compiler does not see that the row belongs to the event: hence the cast. */
export const stateText = (event: StateEvent): StateText => (TEXTS[event.kind] as (one: StateEvent) => StateText)(event);

export function failingText(calls: FailingCalls | undefined): StateText {
  if (calls === undefined) return good("fails no longer");
  const { succeeded, errors, lastError } = calls;
  const last = lastError === null ? "" : ` (the last: ${lastError})`;
  return bad(`is failing: ${errors} of ${succeeded + errors} calls in the last minute failed${last}`);
}
