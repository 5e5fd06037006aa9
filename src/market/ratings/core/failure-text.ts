// The text for a rating that is not fresh, in the log and on the page. The wording is fixed: the original had it.

import type { Unanswered, UnansweredReason } from "../../../connect/index.ts";

/** No instance can take a request, whatever the reason. */
export const ALL_DOWN = "all services are down";
export const BUS_AWAY = "the bus is disconnected";

const allDown = (): string => ALL_DOWN;

const TEXTS: { readonly [R in UnansweredReason]: (outcome: Unanswered) => string } = {
  timeout: () => "request timed out",
  cancelled: () => "the caller gave up",
  disconnected: () => BUS_AWAY,
  "no-instances": allDown,
  "no-such-operation": allDown,
  draining: allDown,
  "breakers-open": allDown,
  overloaded: allDown,
  denied: () => "not permitted",
  "invalid-response": ({ tried }) => {
    const liar = tried.findLast(({ result }) => result === "invalid");
    return liar === undefined ? "no rating was returned" : `instance ${liar.instance.instance} returned no rating`;
  },
  failed: ({ detail }) => detail ?? "the call failed",
};

export const failureText = (outcome: Unanswered): string => TEXTS[outcome.reason](outcome);
