// One call: pick an instance, send (sending.ts), and go on to the next instance if there was no answer. A ticket is the
// tracker's permission to send once. Settling it reports to the tracker how the attempt ended.
// Each state of a breaker has its own number, the generation. A ticket holds the generation at the time of sending, and
// its result counts only if the breaker is still in that state: a late one changes nothing.
//
// With HEDGE=1 a call that is late is sent to a second instance as well, and the first answer ends the call. The late
// instance keeps its ticket: if it hangs, its timeout counts against it as without the hedge.
//
// Only an idempotent call may be executed twice: by a copy, by a hedge, or by going on after an attempt that may have
// executed it (going-on.ts). After a timeout no call goes on, because its time is over.
//
// A call has the time of its `timeoutMs`, or else of the rules. Its attempts may have more: a very short timeout is no
// reason to judge an instance so soon (judgement.ts), nor is what its caller has left, within a request that the caller itself
// handles. Then the call ends before its attempt, which stays in flight.
//
// A call goes on in callbacks, and its state is in the fields of one object. A promise for each step was rejected: a
// caller with 64 calls in flight then finished 5 % fewer calls.

import { afterRunning, type Cancel } from "../clock.ts";
import type { Hedge } from "../health/hedge.ts";
import { judgementMs } from "../health/judgement.ts";
import type { Ticket } from "../health/tracker.ts";
import { type AttemptEnd, outcomeOf } from "./attempt.ts";
import type { CallContext } from "./call-context.ts";
import { CallHistory } from "./call-history.ts";
import type { SentAs } from "./client-options.ts";
import { type GoingOn, goingOn } from "./going-on.ts";
import { textOf } from "./guard.ts";
import { failedWhy, type Outcome, type Why } from "./outcome.ts";
import type { CallRequest } from "./request.ts";
import { Sending, type SendingCall } from "./sending.ts";

/** With less time left no other instance gets the call: it could not be answered. */
const MIN_REMAINING_MS = 5;
/** The shortest time that a request can state. With less the call is not sent. */
const MIN_WAIT_MS = 1;
/**
 * After so many attempts the steps of a call (`resolving`, `resolved`, `using`) are emitted no more. A client of a bus
 * without logins can forge a thousand instances, at three lines of the log each.
 */
const MAX_LOGGED_ATTEMPTS = 8;

export class Call implements SendingCall {
  readonly context: CallContext;
  readonly request: CallRequest;
  readonly history = new CallHistory();
  readonly fairMs: number;
  /** When the call times out, in running time (ms): stalls of this process do not count. */
  readonly #giveUpAt: number;
  /** When its attempts do. Later than `#giveUpAt` if the caller waits for less. */
  readonly #judgeAt: number;
  readonly #resolve: (outcome: Outcome) => void;
  /** The attempt that the call waits for. */
  #first: Sending | undefined;
  /** The hedge beside it, from its sending to its end. */
  #second: Sending | undefined;
  /** How `#first` ended, if the call may not go on after that end and waits for its hedge. */
  #firstEnded: AttemptEnd | undefined;
  #cancelHedge: Cancel | undefined;
  #cancelLimit: Cancel | undefined;
  /** The hedge answered first. Until `#first` ends, its instance gets no new calls while others are healthy. */
  #isOvertaken = false;
  /** The caller has its answer, also by giving up. An attempt in flight still settles its ticket. */
  #isFinished = false;

  /** @param resolve is called once, and must not throw */
  constructor(context: CallContext, request: CallRequest, resolve: (outcome: Outcome) => void) {
    const { clock, rules } = context.options;
    const { timeoutMs = rules.requestTimeoutMs, inherited, waitedMs } = request;
    const now = clock.now();
    this.context = context;
    this.request = request;
    this.fairMs = judgementMs(request.timeoutMs, rules.requestTimeoutMs);
    this.#judgeAt = now + this.fairMs;
    const ownMs = timeoutMs - waitedMs;
    this.#giveUpAt = now + (inherited === undefined ? ownMs : Math.min(ownMs, inherited.leftMs(clock.wall())));
    this.#resolve = resolve;
  }

  start(): void {
    if (this.#isFinished) return;
    // Most calls end with their attempt, and need no timer.
    if (this.#hasLimit) this.#startLimit();
    if (!this.#isFinished) this.#next();
  }

  /**
   * The caller does not want the answer any more: the call ends, no other instance gets it, and the one that has it need not
   * go on.
   */
  giveUp(): void {
    // A signal may come late, or twice. What is in flight then is not cancelled again.
    if (this.#isFinished) return;
    if (this.#isInheritedTimeOver) {
      this.#timeOut();
      return;
    }
    const [first, second] = [this.#first, this.#second];
    this.#finishWithout({ reason: "cancelled" });
    first?.cancel();
    second?.cancel();
  }

  /** The caller waits for less than an instance is given. */
  get #hasLimit(): boolean {
    return this.#giveUpAt < this.#judgeAt;
  }

  /**
   * The signal of the request within which the call is made is aborted when its time is over. The instances know that time,
   * and stop by themselves.
   */
  get #isInheritedTimeOver(): boolean {
    if (this.request.inherited === undefined || !this.#hasLimit) return false;
    return this.#giveUpAt - this.context.options.clock.now() < MIN_REMAINING_MS;
  }

  #startLimit(): void {
    const { clock } = this.context.options;
    const leftMs = this.#giveUpAt - clock.now();
    if (leftMs < MIN_WAIT_MS) this.#timeOut();
    else this.#cancelLimit = afterRunning(clock, leftMs, () => this.#timeOut());
  }

  /** The caller waits no longer, and an attempt is in flight. It ends as it would with that attempt. */
  #timeOut(): void {
    if (this.#firstEnded !== undefined && this.#first !== undefined) this.#finishWith(this.#firstEnded, this.#first);
    else this.#finishWithout({ reason: "timeout" });
  }

  /** Sends the call to the next instance. If a balancer of the user's own throws, or ours has a bug, the call ends. */
  #next(price: GoingOn = "free"): void {
    try {
      const ticket = this.#pick();
      if (ticket === undefined && price === "paid") this.context.retryBudget.giveBack();
      if (ticket === undefined) this.#finishWithout(this.history.fallback ?? this.#whyNone());
      else this.#sendFirst(ticket);
    } catch (error) {
      this.context.options.guard.failed("core", error);
      const why = failedWhy("the call failed in its own process", textOf(error));
      this.context.countFailed(why);
      this.#finishWithout(why);
    }
  }

  #whyNone(): Why {
    return this.context.shortCircuit({ operation: this.request.operation, left: this.history.left });
  }

  /**
   * Picks an instance, and sends the copies that go along. A retest goes to an instance that gets no calls because it
   * timed out, a probe to one that has never answered.
   */
  #pick(): Ticket | undefined {
    const { resolver, tracker, emitAll, options } = this.context;
    const { clock } = options;
    const { operation, trace, opening } = this.request;
    // A copy of a request for a stream would open a stream that nothing reads.
    const idempotent = this.request.idempotent && opening === undefined;
    const { left } = this.history;
    const emit = left.size < MAX_LOGGED_ATTEMPTS ? options.onEvent : () => undefined;
    emit({ kind: "resolving" }, trace);
    emit({ kind: "resolved", live: () => tracker.live(clock.now()).map((member) => member.who) }, trace);
    const now = clock.now();
    // Also those that a hedge has overtaken, although a call that is not idempotent has none.
    const deprioritized = this.context.deprioritized.at(now);
    const timeoutMs = this.#attemptTimeoutMs;
    const pick = resolver.next(now, { operation, timeoutMs, excluded: left, idempotent, deprioritized });
    emitAll(pick.events, trace);
    for (const ticket of pick.retests) this.#sendCopy(ticket);
    for (const ticket of pick.newcomerProbes) this.#sendCopy(ticket);
    if (pick.call !== undefined) emit({ kind: "using", who: pick.call.who }, trace);
    return pick.call;
  }

  /** When an attempt has ended at the latest, for the balancer. Undefined: that of the rules. */
  get #attemptTimeoutMs(): number | undefined {
    return this.request.timeoutMs === undefined ? undefined : this.fairMs;
  }

  #sendFirst(ticket: Ticket): void {
    const hedge = this.#hedge;
    // Each call adds to the budgets once, and not again for each instance that it goes on to.
    if (this.#first === undefined) {
      hedge?.earn();
      this.context.retryBudget.earn();
    }
    const sending = this.#newSending(ticket, "call");
    this.#first = sending;
    sending.send();
    // A call that could not be sent is over already.
    if (hedge !== undefined && !sending.isOver) this.#scheduleHedge(sending, hedge);
  }

  /** No part of the call: the caller does not wait for it. */
  #sendCopy(ticket: Ticket): void {
    new Sending(this, ticket, "copy", this.fairMs, this.fairMs).send();
  }

  #newSending(ticket: Ticket, sentAs: SentAs): Sending {
    const judgedMs = this.#judgeAt - ticket.sentAt;
    // Rounded down: the request must not state more than the caller has, apart from the shortest time that it can state.
    const waitMs = this.#hasLimit ? Math.max(MIN_WAIT_MS, Math.floor(this.#giveUpAt - ticket.sentAt)) : judgedMs;
    return new Sending(this, ticket, sentAs, waitMs, judgedMs);
  }

  /**
   * The attempt that the call waits for (`#first`) has ended, or its hedge (`#second`). The first answer ends the call.
   * Without an answer the call waits as long as one of the two is in flight, and then goes on or ends.
   */
  afterAttempt(sending: Sending, end: AttemptEnd): void {
    const hedge = this.#hedge;
    if (hedge !== undefined) this.#recordForHedge(sending, end, hedge);
    if (this.#isFinished) return;
    if (end.result === "answered") this.#finishWith(end, sending);
    // The hedge has ended: the call waits for `#first`, or ends as `#first` has ended.
    else if (sending === this.#second) this.#afterHedge(sending);
    // From here on `sending` is `#first`. It has ended, and there is no hedge: on to the next instance, or the end.
    else if (this.#second === undefined) this.#goOn(sending, end);
    // `#first` has ended, and no further instance may get the call. One has it already: the hedge, which may answer.
    else if (goingOn(end, this.request.idempotent) === "no") this.#firstEnded = end;
    // `#first` has ended, and the call may go on: the hedge is its next instance, and becomes `#first`.
    else this.#promoteHedge(sending, this.#second);
  }

  #goOn(sending: Sending, end: AttemptEnd): void {
    const { options, retryBudget } = this.context;
    const going = goingOn(end, this.request.idempotent);
    if (going === "no") {
      this.#finishWith(end, sending);
      return;
    }
    this.history.leave(sending);
    const hasTime = this.#giveUpAt - options.clock.now() >= MIN_REMAINING_MS;
    if (hasTime && (going === "free" || retryBudget.trySpend())) this.#next(going);
    else this.#finishWithout(this.history.fallback ?? { reason: "timeout" });
  }

  #finishWith(end: AttemptEnd, { ticket }: Sending): void {
    const { attempts } = this.history;
    if (end.kind === "none") this.#finishWithout(end);
    else this.#finish(outcomeOf(end, ticket.who, attempts));
  }

  #finishWithout(why: Why): void {
    if (!this.#isFinished) this.#finish(this.history.unanswered(why));
  }

  #finish(outcome: Outcome): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelLimit?.();
    this.#resolve(outcome);
  }

  // The hedge: a second sending. The one of the two that is too late is not cancelled. By its answer its instance is judged,
  // and the next call to it known to be late; a budget bounds what that costs.

  /** Undefined if this call is not hedged: it is not idempotent, or opens a stream, or HEDGE=1 is not set. */
  get #hedge(): Hedge | undefined {
    if (this.request.opening !== undefined) return undefined;
    return this.request.idempotent ? this.context.hedge : undefined;
  }

  #scheduleHedge(late: Sending, hedge: Hedge): void {
    const { clock, guard } = this.context.options;
    const send = (): void => guard.run("core", () => this.#sendHedge(late, hedge), undefined);
    const { who, sentAt } = late.ticket;
    const lateAfterMs = hedge.lateAfterMs(who, this.request.operation, this.#giveUpAt - sentAt);
    // After one more poll for I/O (setImmediate): timers run first, and the answer may have arrived already.
    this.#cancelHedge = clock.after(Math.max(0, sentAt + lateAfterMs - clock.now()), () => clock.afterIoPoll(send));
  }

  #sendHedge(late: Sending, hedge: Hedge): void {
    const { resolver, options, deprioritized: all } = this.context;
    const now = options.clock.now();
    // The caller has given up, the answer has arrived with the poll, or there is no time for a hedge.
    if (this.#isFinished || late.isOver || this.#giveUpAt - now < MIN_REMAINING_MS) return;
    const excluded = new Set(this.history.left.keys()).add(late.ticket.who.incarnation);
    const { operation } = this.request;
    const timeoutMs = this.#attemptTimeoutMs;
    const pickOptions = { operation, timeoutMs, excluded, deprioritized: all.at(now), isHedge: true };
    // The budget is not spent if no other instance is healthy.
    if (resolver.peek(now, pickOptions).call === undefined || !hedge.trySpend()) return;
    const { call: ticket } = resolver.next(now, pickOptions);
    if (ticket === undefined) return;
    const { who: lateWho, sentAt } = late.ticket;
    options.onEvent({ kind: "hedging", who: ticket.who, late: lateWho, afterMs: now - sentAt }, this.request.trace);
    const sending = this.#newSending(ticket, "hedge");
    this.history.leave(sending);
    this.#second = sending;
    sending.send();
  }

  /** Records the latency of an answer, and whether the hedge answered before the late instance. */
  #recordForHedge(sending: Sending, { result }: AttemptEnd, hedge: Hedge): void {
    const { who } = sending.ticket;
    const tookMs = sending.tookMs(this.context.options.clock.now());
    if (result === "answered") hedge.recordLatency(who, this.request.operation, tookMs);
    if (sending === this.#first) {
      this.#cancelHedge?.();
      if (this.#isOvertaken) hedge.lateCallEnded(who.incarnation);
    } else if (result === "answered" && this.#first?.isOver === false) {
      this.#isOvertaken = true;
      hedge.hedgeWon(this.#first.ticket.who.incarnation);
    }
  }

  #afterHedge(sending: Sending): void {
    this.#second = undefined;
    if (this.#firstEnded !== undefined) this.#finishWith(this.#firstEnded, sending);
  }

  /** The hedge is now the attempt that the call waits for. If it is late as well, it gets a hedge of its own. */
  #promoteHedge(ended: Sending, hedged: Sending): void {
    this.history.leave(ended);
    this.#first = hedged;
    this.#second = undefined;
    const hedge = this.#hedge;
    if (hedge !== undefined) this.#scheduleHedge(hedged, hedge);
  }
}
