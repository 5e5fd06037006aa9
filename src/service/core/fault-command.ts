// Fault commands for an instance with CHAOS=1 (README, "Faults on purpose"): parsed from any client, encoded by the board
// and by dwc.

import type { Fault } from "./faults.ts";

export type FaultCommand =
  | { readonly kind: "begin"; readonly fault: Fault; readonly forMs: number }
  /** Ends the process as `kill -9` does. */
  | { readonly kind: "kill" }
  /** Ends all faults now. */
  | { readonly kind: "reset" }
  /** Returns the active faults and changes nothing. */
  | { readonly kind: "list" };

export type ParsedCommand = FaultCommand | { readonly kind: "bad"; readonly why: string };

export const FAULT_LIMITS = {
  defaultForMs: 60_000, // a breaker is retested after 30 s: it opens, is retested, and opens again within this time
  minForMs: 500, // the clock does not notice a pause of 250 ms, and a person does not see the effect of less
  maxForMs: 600_000, // twice the longest retest delay, so all rules have acted. A forgotten fault ends by then
  minByMs: 1,
  maxByMs: 60_000, // the longest REQUEST_TIMEOUT_MS: every caller has given up by then
  minShare: 0.01,
  maxShare: 1,
} as const;

/** The refusal of any command but list and reset that is sent to all instances at once. */
export const SINGLE_INSTANCE_ONLY = "bad request: this command goes to one incarnation";

/** The names of the commands on the wire. */
export const FAULT_COMMANDS = ["pause", "slow", "fail", "mute", "kill", "reset", "list"] as const;
export type FaultCommandName = (typeof FAULT_COMMANDS)[number];

/** @param body any decoded value */
export function parseCommand(body: unknown): ParsedCommand {
  const { fault, byMs, share, forMs = FAULT_LIMITS.defaultForMs } = Object(body) as Record<string, unknown>;
  const name = FAULT_COMMANDS.find((known) => known === fault);
  if (name === undefined) return bad(`"fault" must be one of ${FAULT_COMMANDS.join(", ")}`);
  if (name === "kill" || name === "reset" || name === "list") return { kind: name };
  const { minForMs, maxForMs } = FAULT_LIMITS;
  if (!isIntegerInRange(forMs, minForMs, maxForMs))
    return bad(`"forMs" must be a whole number from ${minForMs} to ${maxForMs}`);
  const what = readFault(name, byMs, share);
  return what.kind === "bad" ? what : { kind: "begin", fault: what, forMs };
}

function readFault(
  name: Fault["kind"],
  byMs: unknown,
  share: unknown,
): Fault | { readonly kind: "bad"; readonly why: string } {
  const { minByMs, maxByMs, minShare, maxShare } = FAULT_LIMITS;
  switch (name) {
    case "pause":
    case "mute":
      return { kind: name };
    case "slow":
      return isIntegerInRange(byMs, minByMs, maxByMs)
        ? { kind: name, byMs }
        : bad(`"byMs" must be a whole number from ${minByMs} to ${maxByMs}`);
    case "fail":
      return typeof share === "number" && share >= minShare && share <= maxShare
        ? { kind: name, share }
        : bad(`"share" must be a number from ${minShare} to ${maxShare}`);
  }
}

const bad = (why: string): { readonly kind: "bad"; readonly why: string } => ({ kind: "bad", why });

const isIntegerInRange = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;

/** The body of the command on the wire. */
export function encodeCommand(command: FaultCommand): string {
  if (command.kind !== "begin") return JSON.stringify({ fault: command.kind });
  const { kind, ...amount } = command.fault;
  return JSON.stringify({ fault: kind, ...amount, forMs: command.forMs });
}
