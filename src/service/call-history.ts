// The sendings of one call so far: to which instances, how each ended, and whether the request may have been executed. A
// call whose first attempt answers pays for a few fields.

import type { Result } from "../health/result.ts";
import { type AttemptEnd, mayHaveExecuted } from "./attempt.ts";
import type { Tried, Unanswered, Why } from "./outcome.ts";
import type { Sending } from "./sending.ts";

/** A call to a thousand forged instances should not return a list of them. */
const MAX_TRIED = 8;

const NONE: ReadonlyMap<string, Sending> = new Map();

export class CallHistory {
  /** How often the call was sent, hedges included and copies not. */
  attempts = 0;
  #first: Sending | undefined;
  #others: Sending[] | undefined;
  #left: Map<string, Sending> | undefined;
  /** Sendings without an end, copies included. */
  #out = 0;
  #mayHaveExecuted = false;
  #fallback: Why | undefined;

  /** By incarnation, those that the next pick leaves out: the call has left them, or they have its hedge. */
  get left(): ReadonlyMap<string, Sending> {
    return this.#left ?? NONE;
  }

  leave(sending: Sending): void {
    this.#left ??= new Map();
    this.#left.set(sending.ticket.who.incarnation, sending);
  }

  /**
   * Why an earlier instance was of no use: it says more than that no other instance could take the call. An invalid answer
   * says more than an overloaded instance.
   */
  get fallback(): Why | undefined {
    return this.#fallback;
  }

  /** Whether an attempt, and no hedge of it, was sent before. */
  isRetry(sending: Sending): boolean {
    return sending.sentAs === "call" && sending !== this.#first;
  }

  sent(sending: Sending): void {
    this.#out += 1;
    if (sending.sentAs === "copy") return;
    this.attempts += 1;
    if (this.#first === undefined) this.#first = sending;
    else if (this.#others === undefined) this.#others = [sending];
    else if (this.attempts <= MAX_TRIED) this.#others.push(sending);
  }

  ended(sending: Sending, end: AttemptEnd, result: Result): void {
    this.#out -= 1;
    sending.result = result;
    if (mayHaveExecuted(end)) this.#mayHaveExecuted = true;
    if (sending.sentAs === "copy" || end.kind !== "none") return;
    if (end.reason === "invalid-response") this.#fallback = end;
    if (end.reason === "overloaded") this.#fallback ??= end;
  }

  unanswered({ reason, detail }: Why): Unanswered {
    const mayHaveBeenExecuted = this.#mayHaveExecuted || this.#out > 0;
    const tried = this.#tried(reason === "timeout" ? "timeout" : "inconclusive");
    return detail === undefined
      ? { kind: "unanswered", reason, mayHaveExecuted: mayHaveBeenExecuted, tried }
      : { kind: "unanswered", reason, detail, mayHaveExecuted: mayHaveBeenExecuted, tried };
  }

  /** @param unended the result of a sending that has none yet */
  #tried(unended: Result): readonly Tried[] {
    if (this.#first === undefined) return [];
    return [this.#first, ...(this.#others ?? [])].map(({ ticket, result }) => ({
      instance: ticket.who,
      result: result ?? unended,
    }));
  }
}
