// What may be asked of an instance that takes faults (README, "Faults on purpose"): read once, from whatever anybody has
// sent; and written by those of ours who ask.

import type { Fault } from "./faults.ts";

export type FaultCommand =
  | { readonly kind: "begin"; readonly fault: Fault; readonly forMs: number }
  /** The process ends as after `kill -9`. */
  | { readonly kind: "kill" }
  /** All faults end now. */
  | { readonly kind: "reset" }
  /** Changes nothing: what is on? */
  | { readonly kind: "list" };

export type ParsedCommand = FaultCommand | { readonly kind: "bad"; readonly why: string };

export const FAULT_LIMITS = {
  defaultForMs: 60_000, // an opened breaker is retested after 30 s: it is seen to open, to be retested, and to open again
  minForMs: 500, // a pause of 250 ms is none to the clock; and nobody could see what came of less
  maxForMs: 600_000, // twice the longest retest delay: whatever the rules do is done by then. Who forgot one waits no longer
  minByMs: 1,
  maxByMs: 60_000, // the longest REQUEST_TIMEOUT_MS: beyond it an answer is as good as none
  minShare: 0.01,
  maxShare: 1,
} as const;

/** What is asked of all instances at once may only be a list or a reset. */
export const SINGLE_INSTANCE_ONLY = "bad request: a fault is asked of one incarnation";

/** All that can be asked for, as it stands on the wire. */
export const FAULT_COMMANDS = ["pause", "slow", "fail", "mute", "kill", "reset", "list"] as const;
export type FaultCommandName = (typeof FAULT_COMMANDS)[number];

/** @param body decoded, and otherwise anything */
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

/** The same as it goes over the wire. */
export function encodeCommand(command: FaultCommand): string {
  if (command.kind !== "begin") return JSON.stringify({ fault: command.kind });
  const { kind, ...amount } = command.fault;
  return JSON.stringify({ fault: kind, ...amount, forMs: command.forMs });
}
