// The sendings of one call so far: to which instances, how each ended, and whether the request may have been executed. A
// call whose first attempt answers pays for a few fields.

import type { Result, Ticket } from "../health/tracker.ts";
import { type AttemptEnd, mayHaveExecuted } from "./attempt.ts";
import type { SentAs } from "./client-options.ts";
import type { Tried, Unanswered, Why } from "./outcome.ts";

/** One sending of a call to one instance. */
export interface Slot {
  readonly ticket: Ticket;
  /** "call" and "hedge": the caller waits for the answer. "copy": it does not. */
  readonly sentAs: SentAs;
  /** Copies have the whole request timeout, and the others what is left of it. */
  readonly timeoutMs: number;
  /** The bus has taken the request. A reply before that says that it could not be sent. */
  wasSent: boolean;
  /**
   * The bus has reported its end. A second report is ignored, also while the first is handled: that calls `read`, which
   * is the caller's code and may end calls by closing the bus.
   */
  isOver: boolean;
  /** The result for the health of the instance, once it is known. */
  result: Result | undefined;
}

export const newSlot = (ticket: Ticket, sentAs: SentAs, timeoutMs: number): Slot => {
  return { ticket, sentAs, timeoutMs, wasSent: false, isOver: false, result: undefined };
};

/** Only forged instances cause more attempts: each of them ends within a millisecond. */
const MAX_TRIED = 8;

const NONE: ReadonlyMap<string, Slot> = new Map();

export class CallHistory {
  /** How often the call was sent, hedges included and copies not. */
  attempts = 0;
  #first: Slot | undefined;
  #others: Slot[] | undefined;
  #left: Map<string, Slot> | undefined;
  /** Sendings without an end, copies included. */
  #out = 0;
  #mayHaveExecuted = false;
  #fallback: Why | undefined;

  /** By incarnation, those that the next pick leaves out: the call has left them, or they have its hedge. */
  get left(): ReadonlyMap<string, Slot> {
    return this.#left ?? NONE;
  }

  leave(slot: Slot): void {
    this.#left ??= new Map();
    this.#left.set(slot.ticket.who.incarnation, slot);
  }

  /**
   * Why an earlier instance was of no use: it says more than that no other instance could take the call. An invalid answer
   * says more than an overloaded instance.
   */
  get fallback(): Why | undefined {
    return this.#fallback;
  }

  /** Whether an attempt, and no hedge of it, was sent before. */
  isRetry(slot: Slot): boolean {
    return slot.sentAs === "call" && slot !== this.#first;
  }

  sent(slot: Slot): void {
    this.#out += 1;
    if (slot.sentAs === "copy") return;
    this.attempts += 1;
    if (this.#first === undefined) this.#first = slot;
    else if (this.#others === undefined) this.#others = [slot];
    else if (this.attempts <= MAX_TRIED) this.#others.push(slot);
  }

  ended(slot: Slot, end: AttemptEnd, result: Result): void {
    this.#out -= 1;
    slot.result = result;
    if (mayHaveExecuted(end)) this.#mayHaveExecuted = true;
    if (slot.sentAs === "copy" || end.kind !== "none") return;
    if (end.reason === "invalid-response") this.#fallback = end;
    if (end.reason === "overloaded") this.#fallback ??= end;
  }

  unanswered({ reason, detail }: Why): Unanswered {
    const mayHaveBeenExecuted = this.#mayHaveExecuted || this.#out > 0;
    const tried = this.#tried();
    return detail === undefined
      ? { kind: "unanswered", reason, mayHaveExecuted: mayHaveBeenExecuted, tried }
      : { kind: "unanswered", reason, detail, mayHaveExecuted: mayHaveBeenExecuted, tried };
  }

  #tried(): readonly Tried[] {
    if (this.#first === undefined) return [];
    return [this.#first, ...(this.#others ?? [])].map(({ ticket, result }) => ({
      instance: ticket.who,
      result: result ?? "inconclusive",
    }));
  }
}
