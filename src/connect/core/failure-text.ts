// The message of a call that failed, for a person: what happened, at which instance, and whether the call may have been
// executed.

import type { InstanceRef } from "../../health/member.ts";
import type { ErrorOutcome, Tried, Unanswered, UnansweredReason } from "../../service/outcome.ts";

const REASONS: Readonly<Record<UnansweredReason, string>> = {
  timeout: "no instance answered in time",
  cancelled: "its caller gave up",
  disconnected: "the bus is disconnected",
  "no-instances": "no instance is known",
  "no-such-operation": "no instance has the operation",
  draining: "all instances are leaving, or not ready",
  "breakers-open": "the breakers of all instances are open",
  overloaded: "all instances are overloaded",
  denied: "the bus does not permit it",
  "invalid-response": "the answer was invalid",
  failed: "it failed on its caller's side",
};

/** `reserve of inventory failed: no instance answered in time (tried: instance 1: timeout). It may have been executed.` */
export function failureText(service: string, operation: string, outcome: ErrorOutcome | Unanswered): string {
  const what = `${operation} of ${service}`;
  if (outcome.kind === "error")
    return `${what} was answered with ${outcome.code} by ${nameOf(outcome.instance)}: ${outcome.message}`;
  const { reason, detail, tried, mayHaveExecuted } = outcome;
  const why = detail === undefined ? REASONS[reason] : `${REASONS[reason]}: ${detail}`;
  const who = tried.length === 0 ? "" : ` (tried: ${tried.map(triedText).join(", ")})`;
  return `${what} failed: ${why}${who}. It ${mayHaveExecuted ? "may have been" : "was not"} executed.`;
}

const triedText = ({ instance, result }: Tried): string => `${nameOf(instance)}: ${result}`;

const nameOf = ({ instance, incarnation }: InstanceRef): string => `instance ${instance} (${incarnation})`;
