// The outcomes of attempts and of calls, as metrics and the board name them.

import type { AttemptOutcome } from "../../service/client-options.ts";

export const OUTCOMES = [
  { name: "ok", meaning: "the instance answered" },
  { name: "error", meaning: "the instance answered with an error of its service" },
  { name: "invalid", meaning: "the instance sent an invalid response; an idempotent call went to another instance" },
  { name: "timeout", meaning: "the instance did not answer within the request timeout" },
  { name: "unreachable", meaning: "no responders: the process is gone; the call went to another instance" },
  {
    name: "draining",
    meaning: "the instance rejected the call because it is leaving; the call went to another instance",
  },
  { name: "rejected", meaning: "the instance lacks the operation; the call went to another instance" },
  { name: "overloaded", meaning: "the instance had no room for the call; if it may, it went to another instance" },
  { name: "abandoned", meaning: "NATS disconnected, or the instance had no time left to answer" },
  { name: "denied", meaning: "NATS denied the call: the credentials of the caller do not permit it" },
  { name: "failed", meaning: "the caller failed by itself; without an instance if it failed before one was picked" },
] as const;
/** The outcome of a call without an attempt. */
export const SHORT_CIRCUITED = {
  name: "short_circuited",
  meaning: "no instance was eligible; it belongs to no instance",
};

export type AttemptOutcomeName = (typeof OUTCOMES)[number]["name"];
export type Attempt = AttemptOutcome & { readonly kind: "attempt" };

export function outcomeOf({ result, isRefusal }: Attempt): AttemptOutcomeName {
  switch (result) {
    case "answered":
      return isRefusal ? "error" : "ok";
    case "no-responders":
      return "unreachable";
    case "inconclusive":
      return "abandoned";
    case "unsent":
    case "unchecked":
      return "failed";
    default:
      return result;
  }
}

/** The other outcomes have no duration: the call was not answered, or the caller did not wait until its end. */
const TIMED: ReadonlySet<AttemptOutcomeName> = new Set(["ok", "error", "invalid", "timeout"]);

export const isTimed = (outcome: AttemptOutcomeName): boolean => TIMED.has(outcome);

export type OutcomeCounts = Record<AttemptOutcomeName, number>;

export const noOutcomes = (): OutcomeCounts => ({
  ...{ ok: 0, error: 0, invalid: 0, timeout: 0 },
  ...{ unreachable: 0, draining: 0, rejected: 0, overloaded: 0, abandoned: 0, denied: 0, failed: 0 },
});
