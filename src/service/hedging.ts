// HEDGE=1: a call that is late is sent once more, to another healthy instance, and the first answer wins.
//
// The late one stays out: its ticket is settled by its own end, so an instance that hangs is charged with its timeout
// when the second is over, as if nobody had helped out. Only the caller no longer waits for it.

import type { Clock } from "../clock.ts";
import type { Incarnations, Resolver } from "../health/balancer.ts";
import { Hedge } from "../health/hedge.ts";
import type { Ticket } from "../health/tracker.ts";
import type { Trace } from "../trace/core/trace.ts";
import type { CallAttempt } from "./answer.ts";
import type { ClientEvent } from "./client-options.ts";
import type { Guard } from "./guard.ts";

/** Sends one ticket's call with what is left of its time; settles the ticket however it ends, and never rejects. */
export type Send = (
  ticket: Ticket,
  timeoutMs: number,
  sentAs: "call" | "hedge",
  signal?: AbortSignal,
) => Promise<CallAttempt>;

export interface CallSoFar {
  /** In running time. */
  readonly giveUpAt: number;
  /** Incarnations that it has been to; gets the second one, if there is one. */
  readonly excluded: Set<string>;
}

export interface HedgedCall extends CallSoFar {
  readonly send: Send;
  /** Raised until the caller has its answer, and never after: the late call has to time out, or nobody is charged. */
  readonly signal: AbortSignal | undefined;
  readonly trace: Trace | undefined;
}

export interface HedgingOptions {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly requestTimeoutMs: number;
  readonly tell: (event: ClientEvent, trace?: Trace) => void;
  readonly guard: Guard;
}

export class Hedging {
  readonly #options: HedgingOptions;
  readonly #hedge: Hedge;

  constructor(options: HedgingOptions) {
    this.#options = options;
    this.#hedge = new Hedge(options.requestTimeoutMs);
  }

  /** Incarnations that calls should spare while others are well. */
  get deprioritized(): Incarnations {
    return this.#hedge.deprioritized;
  }

  /** Sends the call of `ticket`, and once more if that is late. Resolves with the first answer, or else with the first's end. */
  send(ticket: Ticket, call: HedgedCall): Promise<CallAttempt> {
    const { clock, guard } = this.#options;
    return new Promise((resolve) => {
      if (call.excluded.size === 0) this.#hedge.earn();
      const lateAfterMs = this.#hedge.lateAfterMs(ticket.who);
      const original = this.#timed(ticket, "call", call);
      const race = new Race(resolve);
      // After one more turn of reading: timers run first, and the answer may be in our hands already.
      const sendHedge = (): void => guard.run("core", () => this.#sendHedge(ticket, call, race), undefined);
      const cancel = clock.after(lateAfterMs, () => clock.afterReading(sendHedge));
      void original.then((attempt) => {
        cancel();
        if (race.onOriginalEnd(attempt) === "overtaken") this.#hedge.lateCallEnded(ticket.who.incarnation);
      });
    });
  }

  #sendHedge(late: Ticket, call: HedgedCall, race: Race): void {
    const { clock, resolver, tell } = this.#options;
    if (race.isOver) return;
    const now = clock.now();
    const excluded = new Set(call.excluded).add(late.who.incarnation);
    const options = { excluded, deprioritized: this.deprioritized, isHedge: true };
    // An allowance is not spent where nobody could help.
    if (resolver.peek(now, options).call === undefined || !this.#hedge.trySpend()) return;
    const { call: ticket } = resolver.next(now, options);
    if (ticket === undefined) return;
    call.excluded.add(ticket.who.incarnation);
    tell({ kind: "hedging", who: ticket.who, late: late.who, afterMs: now - late.sentAt }, call.trace);
    race.hedgeSent();
    void this.#timed(ticket, "hedge", call).then((attempt) => {
      if (attempt.result === "nonsense") tell({ kind: "nonsense", who: ticket.who }, call.trace);
      if (race.onHedgeEnd(attempt) === "won") this.#hedge.hedgeWon(late.who.incarnation);
    });
  }

  async #timed(ticket: Ticket, sentAs: "call" | "hedge", { send, giveUpAt, signal }: HedgedCall): Promise<CallAttempt> {
    const { clock } = this.#options;
    const attempt = await send(ticket, giveUpAt - clock.now(), sentAs, signal);
    if (attempt.result === "answered") this.#hedge.recordLatency(ticket.who, clock.now() - ticket.sentAt);
    return attempt;
  }
}

/** Two attempts at one call: the first answer ends it; without any, the first's end is what its caller is told. */
class Race {
  readonly #resolve: (attempt: CallAttempt) => void;
  #original: CallAttempt | undefined;
  #hedge: "none" | "out" | "won" | "lost" = "none";

  constructor(resolve: (attempt: CallAttempt) => void) {
    this.#resolve = resolve;
  }

  get isOver(): boolean {
    return this.#original !== undefined;
  }

  hedgeSent(): void {
    this.#hedge = "out";
  }

  onOriginalEnd(attempt: CallAttempt): "overtaken" | "heard" {
    this.#original = attempt;
    if (this.#hedge === "won") return "overtaken";
    // Without an answer of its own it waits for the second's, which has no more time than itself.
    if (this.#hedge !== "out" || attempt.result === "answered") this.#resolve(attempt);
    return "heard";
  }

  onHedgeEnd(attempt: CallAttempt): "won" | "lost" {
    const answered = attempt.result === "answered";
    // The first gets the last word when neither was of use.
    if (this.#original === undefined) {
      this.#hedge = answered ? "won" : "lost";
      if (answered) this.#resolve(attempt);
      return this.#hedge;
    }
    this.#hedge = "lost";
    this.#resolve(answered ? attempt : this.#original);
    return "lost";
  }
}
