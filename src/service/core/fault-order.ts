// What may be asked of an instance that takes faults (README, "Faults on purpose"): read once, from whatever anybody has
// sent; and written by those of ours who ask.

import type { Fault } from "./faults.ts";

export type FaultOrder =
  | { readonly kind: "begin"; readonly fault: Fault; readonly forMs: number }
  /** The process ends as after `kill -9`. */
  | { readonly kind: "kill" }
  /** All faults end now. */
  | { readonly kind: "reset" }
  /** Changes nothing: what is on? */
  | { readonly kind: "list" };

export type ParsedOrder = FaultOrder | { readonly kind: "bad"; readonly why: string };

export const FAULT_LIMITS = {
  usualForMs: 60_000, // an opened breaker is retested after 30 s: it is seen to open, to be retested, and to open again
  leastForMs: 500, // a pause of 250 ms is none to the clock; and nobody could see what came of less
  mostForMs: 600_000, // twice the longest retest delay: whatever the rules do is done by then. Who forgot one waits no longer
  leastByMs: 1,
  mostByMs: 60_000, // the longest REQUEST_TIMEOUT_MS: beyond it an answer is as good as none
  leastShare: 0.01,
  mostShare: 1,
} as const;

/** What is asked of all instances at once may only be a list or a reset. */
export const ONE_ONLY = "bad request: a fault is asked of one incarnation";

/** All that can be asked for, as it stands on the wire. */
export const ORDER_WORDS = ["pause", "slow", "fail", "mute", "kill", "reset", "list"] as const;
export type OrderWord = (typeof ORDER_WORDS)[number];

/** @param body decoded, and otherwise anything */
export function parseOrder(body: unknown): ParsedOrder {
  const { fault, byMs, share, forMs = FAULT_LIMITS.usualForMs } = Object(body) as Record<string, unknown>;
  const word = ORDER_WORDS.find((known) => known === fault);
  if (word === undefined) return bad(`"fault" must be one of ${ORDER_WORDS.join(", ")}`);
  if (word === "kill" || word === "reset" || word === "list") return { kind: word };
  const { leastForMs, mostForMs } = FAULT_LIMITS;
  if (!isWhole(forMs, leastForMs, mostForMs))
    return bad(`"forMs" must be a whole number from ${leastForMs} to ${mostForMs}`);
  const what = readFault(word, byMs, share);
  return what.kind === "bad" ? what : { kind: "begin", fault: what, forMs };
}

function readFault(
  word: Fault["kind"],
  byMs: unknown,
  share: unknown,
): Fault | { readonly kind: "bad"; readonly why: string } {
  const { leastByMs, mostByMs, leastShare, mostShare } = FAULT_LIMITS;
  switch (word) {
    case "pause":
    case "mute":
      return { kind: word };
    case "slow":
      return isWhole(byMs, leastByMs, mostByMs)
        ? { kind: word, byMs }
        : bad(`"byMs" must be a whole number from ${leastByMs} to ${mostByMs}`);
    case "fail":
      return typeof share === "number" && share >= leastShare && share <= mostShare
        ? { kind: word, share }
        : bad(`"share" must be a number from ${leastShare} to ${mostShare}`);
  }
}

const bad = (why: string): { readonly kind: "bad"; readonly why: string } => ({ kind: "bad", why });

const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/** The same as it goes over the wire. */
export function orderBody(order: FaultOrder): string {
  if (order.kind !== "begin") return JSON.stringify({ fault: order.kind });
  const { kind, ...amount } = order.fault;
  return JSON.stringify({ fault: kind, ...amount, forMs: order.forMs });
}
