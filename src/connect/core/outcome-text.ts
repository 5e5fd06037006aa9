// An outcome in words, for a person: what happened, at which instance, and whether the call may have been executed.

import type { InstanceRef } from "../../health/member.ts";
import type { Outcome, Tried, Unanswered, UnansweredReason } from "../../service/outcome.ts";

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

/**
 * An outcome in words, for a log or a person: what happened, at which instance, and whether the call may have been executed.
 * Without the value or the data of an answer.
 *
 * - `answered by instance 1 (1-ab)`
 * - `answered with 409 by instance 1 (1-ab): sold out`
 * - `failed: no instance answered in time (tried: instance 1 (1-ab): timeout). It may have been executed.`
 */
export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === "unanswered") return unansweredText(outcome);
  const who = nameOf(outcome.instance);
  return outcome.kind === "ok" ? `answered by ${who}` : `answered with ${outcome.code} by ${who}: ${outcome.message}`;
}

function unansweredText({ reason, detail, tried, mayHaveExecuted }: Unanswered): string {
  const why = detail === undefined ? REASONS[reason] : `${REASONS[reason]}: ${detail}`;
  const who = tried.length === 0 ? "" : ` (tried: ${tried.map(triedText).join(", ")})`;
  return `failed: ${why}${who}. It ${mayHaveExecuted ? "may have been" : "was not"} executed.`;
}

const triedText = ({ instance, result }: Tried): string => `${nameOf(instance)}: ${result}`;

/** Without a number: a middleware has answered, and no instance. */
const nameOf = ({ instance, incarnation }: InstanceRef): string =>
  instance === 0 ? "a middleware" : `instance ${instance} (${incarnation})`;
