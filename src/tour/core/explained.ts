// Explanations of what is printed, for a reader who sees it for the first time: of the lines of the digest, and with
// VERBOSE=1 of those of the log.

import type { Activity, PageReport, StateEvent } from "../../activity/core/activity.ts";

/** @returns undefined: what the line says needs no explanation */
export function explanationOf(activity: Activity): string | undefined {
  switch (activity.kind) {
    case "page":
      return pageExplanation(activity.page);
    case "state":
      return stateExplanation(activity.event);
    case "line":
      return activity.line.event === "bus.server" ? BUS : undefined;
    default:
      return undefined;
  }
}

const BUS = "the bus carries every message: none was running, so the Market started one";

function pageExplanation({ calls, things }: PageReport): string {
  if (calls.length === 0) return "no instance can take a call, so the page does not wait";
  if (things.some(({ why }) => why !== undefined))
    return "a call without an answer ends after one second, and the page shows the last known rating";
  return "the arrows are the page's calls, one for each rating: each goes to the next instance that can take it";
}

function stateExplanation(event: StateEvent): string | undefined {
  switch (event.kind) {
    case "joined":
      return "its first heartbeat has arrived: it is one process, with its own address on the bus";
    case "returned":
      return "it was silent for too long, and sends heartbeats again";
    case "draining":
      return "it announces that it leaves, so callers send it no new calls";
    case "left":
      return "it has ended in order: no call was lost";
    case "lost":
      return event.why === "no responders"
        ? "the bus reports no subscriber at its address"
        : "no heartbeat for two intervals: a second signal, beside the breaker";
    case "opened":
      return "one timeout is enough";
    case "retesting":
      return "a copy of a real request, to test the instance";
    case "closed":
      return "it has proved that it works: it takes its turns again";
    default:
      return undefined;
  }
}

const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [/ started nats-server there /, "the bus, which carries every message: none was running, so the Market started one"],
  [/instance \d+ is up: /, "one process, with its own address on the bus"],
  [/^ASK for /, "the page wants this rating"],
  [/DWC resolving ratings/, "before each call: which instances can take it?"],
  [/DWC resolved ratings => \[\]/, "no instance can take a call"],
  [/DWC resolved ratings => \[.+\]/, "the instances that can take a call: each address is one process"],
  [/ratings using instance /, "the instance of this turn: the next number, without instances that hang"],
  [/^BAD \w+: all services are down/, "no instance can take the call, so the page does not wait"],
  [/^BAD \w+: request timed out/, "no answer within the timeout of one second"],
  [/^WAITED /, "the total time that the page waited for its ratings"],
  [/^GET \w+ => \d/, "the other end of a call: the answer of the instance"],
  [/^GOT /, "the rating arrived"],
  [/ joined: /, "its first heartbeat has arrived"],
  [/ returned: /, "it was silent for too long, and sends heartbeats again"],
  [/ is leaving: /, "it announces that it leaves, so callers send it no new calls"],
  [/ left: /, "it has ended in order: no call was lost"],
  [/ lost: .*no responders/, "the bus reports no subscriber at that address: the call goes to another instance"],
  [/ lost: .*no heartbeat/, "no heartbeat for two intervals: a second signal, beside the breaker"],
  [/OPEN breaker/, "one timeout is enough: from now on it gets no calls"],
  [/RETEST breaker/, "a copy of a real request, to test the instance; no shopper waits for it"],
  [/CLOSE breaker/, "it has proved that it works: it takes its turns again"],
  [/resumed after a pause/, "it has measured the time that it did not run"],
  [/dropped \d+ expired/, "requests from before the pause, whose callers no longer wait"],
];

/** Of a line of the log. */
export function explanationOfLine(line: string): string | undefined {
  return EXPLAINED.find(([pattern]) => pattern.test(line))?.[1];
}
