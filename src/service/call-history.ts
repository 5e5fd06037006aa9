// The sendings of one call so far: to which instances, how each ended, and whether one may have executed the request.
// Only a call with several attempts makes a list.

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
  #excluded: Map<string, Sending> | undefined;
  /** Copies included. */
  #inFlight = 0;
  #mayHaveExecuted = false;
  #earlierReason: Why | undefined;

  /** By incarnation, the attempts whose instances the next pick passes over: those that have ended, and the hedge. */
  get excluded(): ReadonlyMap<string, Sending> {
    return this.#excluded ?? NONE;
  }

  exclude(sending: Sending): void {
    this.#excluded ??= new Map();
    this.#excluded.set(sending.ticket.who.incarnation, sending);
  }

  /**
   * Why an earlier instance was of no use: an invalid answer, or else an overload. Such a call ends with this reason if
   * no other instance can take it, it has no more time, or the retry budget is empty.
   */
  get earlierReason(): Why | undefined {
    return this.#earlierReason;
  }

  /** Whether the call went on to this instance after another one. */
  isRetry(sending: Sending): boolean {
    return sending.sentAs === "call" && sending !== this.#first;
  }

  sent(sending: Sending): void {
    this.#inFlight += 1;
    if (sending.sentAs === "copy") return;
    this.attempts += 1;
    if (this.#first === undefined) this.#first = sending;
    else if (this.#others === undefined) this.#others = [sending];
    else if (this.attempts <= MAX_TRIED) this.#others.push(sending);
  }

  ended(sending: Sending, end: AttemptEnd): void {
    this.#inFlight -= 1;
    if (mayHaveExecuted(end)) this.#mayHaveExecuted = true;
    if (sending.sentAs === "copy" || end.kind !== "none") return;
    if (end.reason === "invalid-response") this.#earlierReason = end;
    if (end.reason === "overloaded") this.#earlierReason ??= end;
  }

  /** The outcome of the call, if it ends for this reason now. */
  unanswered({ reason, detail }: Why): Unanswered {
    const mayHaveBeenExecuted = this.#mayHaveExecuted || this.#inFlight > 0;
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
