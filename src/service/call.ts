// One call: it picks an instance and sends to it (sending.ts). Without an answer it goes on to the next, or ends.
//
// The words of this folder and of src/health:
//   instance     A process of the service, with a number. Each start of it is an incarnation, with an id of its own.
//   tracker      The table of a service's incarnations. It receives their heartbeats, and how calls to them ended.
//   breaker      The circuit breaker of one incarnation. Timeouts open it, and only retests go to an open one. Each
//                change of its state adds one to its generation.
//   ticket       The tracker's permission to send once. It holds the generation at that time. It is settled with the
//                result of the sending. That changes the breaker only in the same generation, so a late one does not.
//   retest       A sending to an open breaker. It finds out if the instance answers again.
//   probation    The state of a breaker after it was open. The next answers close it, and one timeout opens it again.
//   probe        A sending to a newcomer, while several have failed. A newcomer has never answered a call.
//   copy         A retest or probe beside a call, whose caller does not wait for it. A call that is not idempotent is
//                never copied. It is itself the retest if no instance can take it, and else one in a hundred is, or is
//                the probe.
//   hedge        A late call, sent to a second instance as well (HEDGE=1). The first answer ends the call. The late
//                instance keeps its ticket: if it hangs, its timeout counts against it as without the hedge.
//   late         An instance that owes an answer for too long. A hedge that answers first makes the instance of its call
//                late at once. Its first answer ends that.
//   deprioritized
//                Overloaded. Such an instance, and a late one, gets calls only if no other is healthy.
//   balancer     The tracker, and the resolver, which picks.
//   budget       Going on after "overloaded" is paid from the retry budget, as each hedge is. All else is free.
//   attempt      One sending of a call and its end. The call waits for it, unless it is a copy.
//
// Only an idempotent call may be executed twice: by a copy, by a hedge, or by going on after an attempt that may have
// executed it (`goingOn`). After a timeout no call goes on, because its time is over.
//
// A call has two times. Its attempts are judged by `judgementMs`: an instance that has not answered after so long has
// failed. That is the call's timeout, or more if that is very short. The caller may wait for less. There are three
// causes. The timeout is very short. The caller handles a request itself, which has less time left (`inherited`). The
// call has waited for the first connection already (`waitedMs`). Then the call ends first, its attempt stays in flight,
// and is judged later.
//
// A call goes on in callbacks, and its state is in the fields of one object. A promise for each step was rejected: a
// caller with 64 calls in flight then finished 5 % fewer calls.

import { afterRunning, type Cancel } from "../clock.ts";
import type { HedgePolicy } from "../health/hedge.ts";
import { judgementMs } from "../health/judgement.ts";
import type { Ticket } from "../health/ticket.ts";
import { type AttemptEnd, goingOn, type NoAnswer, outcomeOf } from "./attempt.ts";
import type { CallContext } from "./call-context.ts";
import { CallHistory } from "./call-history.ts";
import type { SentAs } from "./client-options.ts";
import { textOf } from "./guard.ts";
import { failedWhy, type Outcome, type Why } from "./outcome.ts";
import type { CallRequest } from "./request.ts";
import { Sending } from "./sending.ts";

/** With less time left no other instance gets the call: it could not be answered. */
const MIN_REMAINING_MS = 5;
/** The shortest time that a request can state. With less the call is not sent. */
const MIN_WAIT_MS = 1;
/**
 * After so many attempts the steps of a call (`resolving`, `resolved`, `using`) are emitted no more. A client of a bus
 * without logins can forge a thousand instances, at three lines of the log each.
 */
const MAX_LOGGED_ATTEMPTS = 8;

export class Call {
  readonly context: CallContext;
  readonly request: CallRequest;
  readonly history = new CallHistory();
  /** An instance that had so much time and did not answer has failed. */
  readonly judgementMs: number;
  /** When its attempts are judged, in running time (ms): stalls of this process do not count. */
  readonly #judgeAt: number;
  /** When the call times out: at `#judgeAt`, or earlier if its caller waits for less. */
  readonly #endsAt: number;
  readonly #resolve: (outcome: Outcome) => void;
  /** The attempt that the call waits for. */
  #current: Sending | undefined;
  /** The hedge of `#current`, from its sending to its end. */
  #hedge: Sending | undefined;
  /** The last attempt has ended, and forbids to go on. The call still waits for its hedge, or ends with this. */
  #endUnlessHedged: Why | undefined;
  #cancelHedgeTimer: Cancel | undefined;
  #cancelEndTimer: Cancel | undefined;
  /** The caller has its outcome. An attempt in flight still settles its ticket. */
  #isFinished = false;

  /** @param resolve is called once, and must not throw */
  constructor(context: CallContext, request: CallRequest, resolve: (outcome: Outcome) => void) {
    const { clock, rules } = context.options;
    const { timeoutMs = rules.requestTimeoutMs, inherited, waitedMs } = request;
    const now = clock.now();
    const ownMs = timeoutMs - waitedMs;
    this.context = context;
    this.request = request;
    this.judgementMs = judgementMs(request.timeoutMs, rules.requestTimeoutMs);
    this.#judgeAt = now + this.judgementMs;
    this.#endsAt = now + (inherited === undefined ? ownMs : Math.min(ownMs, inherited.leftMs(clock.wall())));
    this.#resolve = resolve;
  }

  start(): void {
    if (this.#isFinished) return;
    // Most calls end with their attempt, and need no timer.
    if (this.#waitsForLess) this.#startEndTimer();
    if (!this.#isFinished) this.#next();
  }

  /**
   * Sends the call to the next instance. If a balancer of the user's own throws, or ours has a bug, the call ends.
   * @param isPaid the retry budget has paid for this sending
   */
  #next(isPaid = false): void {
    try {
      const ticket = this.#pick();
      if (ticket !== undefined && !this.#isFinished) {
        this.#send(ticket);
        return;
      }
      if (isPaid) this.context.retryBudget.giveBack();
      if (ticket !== undefined) this.#release(ticket);
      if (!this.#isFinished) this.#finishWithout(this.history.earlierReason ?? this.#whyNone());
    } catch (error) {
      this.context.options.guard.failed("core", error);
      const why = failedWhy("the call failed in its own process", textOf(error));
      this.context.countFailed(why);
      this.#finishWithout(why);
    }
  }

  /**
   * Picks an instance, and sends the copies that go along. Undefined: no instance can take the call. A listener of any of
   * these events may abort it.
   */
  #pick(): Ticket | undefined {
    const { resolver, tracker, emitAll, options } = this.context;
    const { clock } = options;
    const { operation, trace, opening } = this.request;
    // A copy of a request for a stream would open a stream that nothing reads.
    const idempotent = this.request.idempotent && opening === undefined;
    const { excluded } = this.history;
    const emit = excluded.size < MAX_LOGGED_ATTEMPTS ? options.onEvent : () => undefined;
    emit({ kind: "resolving" }, trace);
    emit({ kind: "resolved", live: () => tracker.live(clock.now()).map((member) => member.who) }, trace);
    if (this.#isFinished) return undefined;
    const now = clock.now();
    const deprioritized = this.context.deprioritized.at(now);
    const timeoutMs = this.#attemptTimeoutMs;
    const pick = resolver.next(now, { operation, timeoutMs, excluded, idempotent, deprioritized });
    emitAll(pick.events, trace);
    for (const ticket of pick.retests) this.#sendCopy(ticket);
    for (const ticket of pick.newcomerProbes) this.#sendCopy(ticket);
    if (pick.call !== undefined && !this.#isFinished) emit({ kind: "using", who: pick.call.who }, trace);
    return pick.call;
  }

  /** How long an attempt takes at most, in ms, for the balancer. Undefined: the request timeout of the rules. */
  get #attemptTimeoutMs(): number | undefined {
    return this.request.timeoutMs === undefined ? undefined : this.judgementMs;
  }

  #sendCopy(ticket: Ticket): void {
    if (this.#isFinished) {
      this.#release(ticket);
      return;
    }
    // No caller waits for it, so nothing shortens its time.
    const [waitMs, judgedMs] = [this.judgementMs, this.judgementMs];
    new Sending(this, ticket, "copy", waitMs, judgedMs).send();
  }

  /** The call was aborted before it was sent to this instance: it must not be executed any more. */
  #release(ticket: Ticket): void {
    const { tracker, emitAll, options } = this.context;
    const settle = (): void => emitAll(tracker.settle(ticket, "unsent", options.clock.now()), this.request.trace);
    options.guard.run("core", settle, undefined);
  }

  #send(ticket: Ticket): void {
    const policy = this.#hedgePolicy;
    // Each call adds to the budgets once, and not again for each instance that it goes on to.
    if (this.#current === undefined) {
      policy?.earn();
      this.context.retryBudget.earn();
    }
    const sending = this.#newAttempt(ticket, "call");
    this.#current = sending;
    this.#transmit(sending);
    // A call that could not be sent is over already.
    if (policy !== undefined && !sending.isOver && !this.#isFinished) this.#scheduleHedge(sending, policy);
  }

  #transmit(sending: Sending): void {
    sending.send();
    // The user's trace code has aborted the call, or its bus: it could not be cancelled before it was sent.
    if (this.#isFinished) sending.cancel();
  }

  #newAttempt(ticket: Ticket, sentAs: SentAs): Sending {
    const judgedMs = this.#judgeAt - ticket.sentAt;
    // Rounded down, because the request must not state more than the caller has. But no request can state 0.
    const waitMs = this.#waitsForLess ? Math.max(MIN_WAIT_MS, Math.floor(this.#endsAt - ticket.sentAt)) : judgedMs;
    return new Sending(this, ticket, sentAs, waitMs, judgedMs);
  }

  /** An attempt has ended. The first answer ends the call. Without one it goes on, or waits for its hedge. */
  afterAttempt(sending: Sending, end: AttemptEnd): void {
    const policy = this.#hedgePolicy;
    if (policy !== undefined) this.#recordForHedge(sending, end, policy);
    if (this.#isFinished) return;
    if (end.kind !== "none") this.#finish(outcomeOf(end, sending.ticket.who, this.history.attempts));
    else if (sending === this.#hedge) this.#hedgeFailed();
    else if (this.#hedge !== undefined) this.#currentFailed(sending, end, this.#hedge);
    else this.#goOn(sending, end);
  }

  #goOn(sending: Sending, end: NoAnswer): void {
    const { options, retryBudget } = this.context;
    const going = goingOn(end, this.request.idempotent);
    if (going === "no") {
      this.#finishWithout(end);
      return;
    }
    this.history.exclude(sending);
    const hasTime = this.#endsAt - options.clock.now() >= MIN_REMAINING_MS;
    if (hasTime && (going === "free" || retryBudget.trySpend())) this.#next(going === "paid");
    else this.#finishWithout(this.history.earlierReason ?? { reason: "timeout" });
  }

  /** Why no instance can take the call, which is counted as short-circuited. */
  #whyNone(): Why {
    return this.context.shortCircuit({ operation: this.request.operation, excluded: this.history.excluded });
  }

  #finishWithout(why: Why): void {
    this.#finish(this.history.unanswered(why));
  }

  #finish(outcome: Outcome): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelEndTimer?.();
    this.#cancelHedgeTimer?.();
    this.#resolve(outcome);
  }

  // A caller that waits for less than an instance is given, or gives up.

  get #waitsForLess(): boolean {
    return this.#endsAt < this.#judgeAt;
  }

  #startEndTimer(): void {
    const { clock } = this.context.options;
    const leftMs = this.#endsAt - clock.now();
    if (leftMs < MIN_WAIT_MS) this.#timeOut();
    else this.#cancelEndTimer = afterRunning(clock, leftMs, () => this.#timeOut());
  }

  /** The caller waits no longer. If the call waits only for a hedge, it ends as its current attempt has ended. */
  #timeOut(): void {
    this.#finishWithout(this.#endUnlessHedged ?? { reason: "timeout" });
  }

  /** The caller gives up: the call ends, no other instance gets it, and the one that has it need not go on. */
  cancel(): void {
    // A signal may come late, or twice. What is in flight then is not cancelled again.
    if (this.#isFinished) return;
    if (this.#isInheritedTimeOver) {
      this.#timeOut();
      return;
    }
    const [current, hedge] = [this.#current, this.#hedge];
    this.#finishWithout({ reason: "cancelled" });
    current?.cancel();
    hedge?.cancel();
  }

  /**
   * The caller handles a request itself, whose signal aborts when its time is over. The instances know that time, and
   * stop by themselves.
   */
  get #isInheritedTimeOver(): boolean {
    if (this.request.inherited === undefined || !this.#waitsForLess) return false;
    // The signal may come a little before the time is over.
    return this.#endsAt - this.context.options.clock.now() < MIN_REMAINING_MS;
  }

  // The hedge. When one of the two attempts has answered, the other is not cancelled. Its answer still says that its
  // instance is alive, and how late it is. The budget of the policy bounds what that costs.

  /** Undefined if this call is not hedged: it is not idempotent, or opens a stream, or HEDGE=1 is not set. */
  get #hedgePolicy(): HedgePolicy | undefined {
    if (this.request.opening !== undefined) return undefined;
    return this.request.idempotent ? this.context.hedge : undefined;
  }

  #scheduleHedge(late: Sending, policy: HedgePolicy): void {
    const { clock, guard } = this.context.options;
    const send = (): void => guard.run("core", () => this.#sendHedge(late, policy), undefined);
    const { who, sentAt } = late.ticket;
    const lateAfterMs = policy.lateAfterMs(who, this.request.operation, this.#endsAt - sentAt);
    // After one more poll for I/O (setImmediate): timers run first, and the answer may have arrived already.
    this.#cancelHedgeTimer = clock.after(Math.max(0, sentAt + lateAfterMs - clock.now()), () =>
      clock.afterIoPoll(send),
    );
  }

  #sendHedge(late: Sending, policy: HedgePolicy): void {
    const { resolver, options } = this.context;
    const now = options.clock.now();
    // The caller has given up, the answer has arrived with the poll, or there is no time for a hedge.
    if (this.#isFinished || late.isOver || this.#endsAt - now < MIN_REMAINING_MS) return;
    const excluded = new Set(this.history.excluded.keys()).add(late.ticket.who.incarnation);
    const { operation } = this.request;
    const timeoutMs = this.#attemptTimeoutMs;
    const deprioritized = this.context.deprioritized.at(now);
    const pickOptions = { operation, timeoutMs, excluded, deprioritized, isHedge: true };
    // The budget is not spent if no other instance is healthy.
    if (resolver.peek(now, pickOptions).call === undefined || !policy.trySpend()) return;
    const { call: ticket } = resolver.next(now, pickOptions);
    if (ticket === undefined) {
      policy.giveBack();
      return;
    }
    const { who: lateWho, sentAt } = late.ticket;
    options.onEvent({ kind: "hedging", who: ticket.who, late: lateWho, afterMs: now - sentAt }, this.request.trace);
    if (this.#isFinished) {
      policy.giveBack();
      this.#release(ticket);
      return;
    }
    const sending = this.#newAttempt(ticket, "hedge");
    this.history.exclude(sending);
    this.#hedge = sending;
    this.#transmit(sending);
  }

  /** Records the latency of an answer, and whether the hedge has overtaken the late instance. */
  #recordForHedge(sending: Sending, { kind }: AttemptEnd, policy: HedgePolicy): void {
    const { who } = sending.ticket;
    const tookMs = sending.tookMs(this.context.options.clock.now());
    if (kind !== "none") policy.recordLatency(who, this.request.operation, tookMs);
    if (sending === this.#current) this.#cancelHedgeTimer?.();
    else if (kind !== "none" && this.#current?.isOver === false) this.#markOvertaken(this.#current.ticket);
  }

  /** The hedge has answered first. The instance of `ticket` gets no new calls until it answers, while others are healthy. */
  #markOvertaken(ticket: Ticket): void {
    const { tracker, options, emitAll } = this.context;
    const mark = (): void => emitAll(tracker.lateness.overtaken(ticket, options.clock.now()), this.request.trace);
    options.guard.run("core", mark, undefined);
  }

  /** The hedge has ended without an answer. The call waits for `#current`, or ends as that has ended. */
  #hedgeFailed(): void {
    this.#hedge = undefined;
    if (this.#endUnlessHedged !== undefined) this.#finishWithout(this.#endUnlessHedged);
  }

  /**
   * `ended` was the current attempt: it has no answer, and its hedge is in flight. If the call may go on, the hedge is
   * its next attempt, and may get a hedge of its own. If not, no further instance gets the call. But the hedge has it,
   * and may answer.
   */
  #currentFailed(ended: Sending, end: NoAnswer, hedge: Sending): void {
    if (goingOn(end, this.request.idempotent) === "no") {
      this.#endUnlessHedged = end;
      return;
    }
    this.history.exclude(ended);
    this.#current = hedge;
    this.#hedge = undefined;
    const policy = this.#hedgePolicy;
    if (policy !== undefined) this.#scheduleHedge(hedge, policy);
  }
}
