// P19: failures on the caller's own side. The bus knows which calls it did not send and which the server denied. After
// the client's reaction the Market's belief about the instance must be the same as before.

import type { Reply } from "../../src/bus/bus.ts";
import type { Breaker } from "../../src/health/breaker.ts";
import type { Ticket } from "../../src/health/ticket.ts";
import type { Outcome } from "../../src/service/outcome.ts";
import type { CarelessCall } from "./careless.ts";
import type { Call, Check, Settled, View } from "./view.ts";

/** A call's end is noticed by a sweep, and read after a hiccup. */
const LATE_MS = 1_000;

export class LocalChecks implements Check {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  /** Passes `end` to the client, and compares the beliefs before and after. */
  ended({ ticket }: Call, reply: Reply, end: () => void): void {
    if (reply.kind !== "unsent" && reply.kind !== "denied") {
      end();
      return;
    }
    const before = this.#belief(ticket);
    end();
    const after = this.#belief(ticket);
    const { incarnation } = ticket.who;
    if (after !== before) this.#breaks(`${incarnation}, that was sent nothing (${reply.kind}), ${before} -> ${after}`);
    if (this.#view.calls.has(ticket)) this.#breaks(`the ticket of a call to ${incarnation} that was not sent is out`);
  }

  /** The belief about the instance, without the one call that is released. */
  #belief({ who: { incarnation } }: Ticket): string {
    const member = this.#view.member(incarnation);
    if (member === undefined) return "unknown";
    const { membership, hasAnswered, breaker } = member;
    const { tracker } = this.#view.market.client;
    const isWary = tracker.quarantine.isActive(this.#view.market.host.now());
    return JSON.stringify([membership, hasAnswered, isWary, standing(breaker)]);
  }

  settled({ call, result, changes }: Settled): void {
    if (result !== "unchecked") return;
    const blame = changes.find(({ kind }) => kind !== "closed" && kind !== "on-time" && kind !== "warning-over");
    if (blame !== undefined) this.#breaks(`${call.ticket.who.incarnation} ${blame.kind}, as a check of ours threw`);
  }

  settledTwice({ who }: Ticket): void {
    this.#breaks(`a ticket of ${who.incarnation} was settled twice`);
  }

  rejected(error: unknown): void {
    this.#breaks(`ask rejected: ${String(error)}`);
  }

  carelessEnded({ what, mayEndAs }: CarelessCall, answer: Outcome): void {
    const { kind } = answer;
    if (!mayEndAs(answer)) this.#breaks(`${what} ended as ${"reason" in answer ? answer.reason : kind}`);
  }

  audit(now: number): void {
    const { calls, rules } = this.#view;
    const earliest = now - rules.requestTimeoutMs - LATE_MS;
    for (const { ticket } of calls.values())
      if (ticket.sentAt < earliest) this.#breaks(`a ticket of ${ticket.who.incarnation} was never settled`);
  }

  #breaks(detail: string): void {
    this.#view.world.breaks("P19", detail);
  }
}

/** A retest, or the one call of a guarded probation, that came to nothing is given back. */
function standing(breaker: Breaker): unknown {
  const { generation: _generation, ...rest } = withoutTold(breaker.kind === "retesting" ? breaker.open : breaker);
  return "share" in rest ? { ...rest, share: rest.share.kind } : rest;
}

/** The breaker without the mark that its retest was reported: the mark says nothing about the instance. */
function withoutTold(breaker: Breaker): Breaker {
  if (breaker.kind !== "open") return breaker;
  const { isRetestReported: _isReported, ...rest } = breaker;
  return rest;
}
