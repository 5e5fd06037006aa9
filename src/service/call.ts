// One call: pick an instance, send, read the reply, settle the ticket, and go on to the next instance if there was no
// answer. A ticket is the tracker's permission to send once. Settling it reports to the tracker how the attempt ended.
// Each state of a breaker has its own number, the generation. A ticket holds the generation at the time of sending, and
// its result counts only if the breaker is still in that state: a late one changes nothing.
//
// With HEDGE=1 a call that is late is sent to a second instance as well, and the first answer ends the call. The late
// instance keeps its ticket: if it hangs, its timeout counts against it as without the hedge.
//
// Only an idempotent call may be executed twice: by a copy, by a hedge, or by going on after an attempt that may have
// executed it (going-on.ts). After a timeout no call goes on, because its time is over.
//
// A call goes on in callbacks, and its state is in the fields of one object. A promise for each step was rejected: a
// caller with 64 calls in flight then finished 5 % fewer calls.

import type { Reply } from "../bus/bus.ts";
import type { Cancel } from "../clock.ts";
import type { Resolver } from "../health/balancer.ts";
import { heartbeatMayClose } from "../health/breaker.ts";
import type { CallBudget } from "../health/call-budget.ts";
import type { Deprioritized } from "../health/deprioritized.ts";
import type { Hedge } from "../health/hedge.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Result, Ticket, Tracker } from "../health/tracker.ts";
import type { StrandedCall } from "../health/unavailable.ts";
import type { Span, Trace, TraceHeaders } from "../trace/core/trace.ts";
import { type AttemptEnd, outcomeOf, readAttempt } from "./attempt.ts";
import { CallHistory, newSlot, type Slot } from "./call-history.ts";
import { carriedBy, endAttemptSpan, startAttemptSpan } from "./call-span.ts";
import type { ResolvedClientOptions, SentAs } from "./client-options.ts";
import type { DirectSubjects } from "./core/direct-subjects.ts";
import { type RequestTimeWriter, traceLines } from "./core/request-headers.ts";
import { type GoingOn, goingOn } from "./going-on.ts";
import { textOf } from "./guard.ts";
import { failedWhy, type Outcome, type Why } from "./outcome.ts";
import type { CallRequest } from "./request.ts";

/** Shared by the calls of one client. */
export interface CallContext {
  readonly options: ResolvedClientOptions;
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly requestTime: RequestTimeWriter;
  readonly subjects: DirectSubjects;
  /** Undefined without HEDGE=1. */
  readonly hedge: Hedge | undefined;
  readonly deprioritized: Deprioritized;
  readonly retryBudget: CallBudget;
  /** Emits events of the tracker and the resolver. */
  readonly emitAll: (events: readonly HealthEvent[], trace: Trace | undefined) => void;
  /** Publishes a roll call: every instance that receives it sends a heartbeat at once. */
  readonly sendRollCall: () => void;
  /** Counts a call without an eligible instance, and returns why there is none. */
  readonly shortCircuit: (call: StrandedCall) => Why;
  /** Counts a call that failed on its caller's side before an instance was picked. */
  readonly countFailed: (why: Required<Why>) => void;
}

/** With less time left no other instance gets the call: it could not be answered. */
const MIN_REMAINING_MS = 5;
/**
 * A timeout counts against an instance that had at least this share of the request timeout. A late hedge has less, and
 * so has a call that has tried others for long. Each dead one takes a thousandth: after a hundred, it still counts.
 */
const MIN_SHARE_TO_ATTRIBUTE = 0.9;
/**
 * After so many attempts the steps of a call (`resolving`, `resolved`, `using`) are emitted no more. Only forged
 * instances cause so many: a client of a bus without logins can forge a thousand, at three lines of the log each.
 */
const MAX_LOGGED_ATTEMPTS = 8;

export class Call {
  readonly #context: CallContext;
  readonly #request: CallRequest;
  /** When the call times out, in running time (ms): stalls of this process do not count. */
  readonly #giveUpAt: number;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #history = new CallHistory();
  /** The attempt that the call waits for. */
  #first: Slot | undefined;
  /** The hedge beside it, from its sending to its end. */
  #second: Slot | undefined;
  /** How `#first` ended, if the call may not go on after that end and waits for its hedge. */
  #firstEnded: AttemptEnd | undefined;
  #cancelHedge: Cancel | undefined;
  /** The hedge answered first. Until `#first` ends, its instance gets no new calls while others are healthy. */
  #isOvertaken = false;
  /** The caller has its answer, also by giving up. An attempt in flight still settles its ticket. */
  #isFinished = false;

  /** @param resolve is called once, and must not throw */
  constructor(context: CallContext, request: CallRequest, resolve: (outcome: Outcome) => void) {
    const { clock, rules } = context.options;
    this.#context = context;
    this.#request = request;
    this.#giveUpAt = clock.now() + rules.requestTimeoutMs - request.waitedMs;
    this.#resolve = resolve;
  }

  start(): void {
    if (!this.#isFinished) this.#next();
  }

  /**
   * The caller does not want the answer any more: the call ends, and no other instance gets it. An attempt in flight
   * keeps its ticket until its answer or its timeout. Settling it now, as inconclusive, was rejected: callers that
   * always give up before the request timeout would never open the breaker of an instance that hangs.
   */
  giveUp(): void {
    this.#finishWithout({ reason: "cancelled" });
  }

  /** Sends the call to the next instance. If a balancer of the user's own throws, or ours has a bug, the call ends. */
  #next(price: GoingOn = "free"): void {
    try {
      const ticket = this.#pick();
      if (ticket === undefined && price === "paid") this.#context.retryBudget.giveBack();
      if (ticket === undefined) this.#finishWithout(this.#history.fallback ?? this.#whyNone());
      else this.#sendFirst(ticket);
    } catch (error) {
      this.#context.options.guard.failed("core", error);
      const why = failedWhy("the call failed in its own process", textOf(error));
      this.#context.countFailed(why);
      this.#finishWithout(why);
    }
  }

  #whyNone(): Why {
    return this.#context.shortCircuit({ operation: this.#request.operation, left: this.#history.left });
  }

  /**
   * Picks an instance, and sends the copies that go along. A retest goes to an instance that gets no calls because it
   * timed out, a probe to one that has never answered.
   */
  #pick(): Ticket | undefined {
    const { resolver, tracker, emitAll, options } = this.#context;
    const { clock } = options;
    const { operation, trace, opening } = this.#request;
    // A copy of a request for a stream would open a stream that nothing reads.
    const idempotent = this.#request.idempotent && opening === undefined;
    const { left } = this.#history;
    const emit = left.size < MAX_LOGGED_ATTEMPTS ? options.onEvent : () => undefined;
    emit({ kind: "resolving" }, trace);
    emit({ kind: "resolved", live: () => tracker.live(clock.now()).map((member) => member.who) }, trace);
    const now = clock.now();
    // Also those that a hedge has overtaken, although a call that is not idempotent has none.
    const deprioritized = this.#context.deprioritized.at(now);
    const pick = resolver.next(now, { operation, excluded: left, idempotent, deprioritized });
    emitAll(pick.changes, trace);
    for (const ticket of pick.retests) this.#sendCopy(ticket);
    for (const ticket of pick.newcomerProbes) this.#sendCopy(ticket);
    if (pick.call !== undefined) emit({ kind: "using", who: pick.call.who }, trace);
    return pick.call;
  }

  #sendFirst(ticket: Ticket): void {
    const hedge = this.#hedge;
    // Each call adds to the budgets once, and not again for each instance that it goes on to.
    if (this.#first === undefined) {
      hedge?.earn();
      this.#context.retryBudget.earn();
    }
    const slot = this.#newSlot(ticket, "call");
    this.#first = slot;
    this.#send(slot);
    // A call that could not be sent is over already.
    if (hedge !== undefined && !slot.isOver) this.#scheduleHedge(slot, hedge);
  }

  /** No part of the call: the caller does not wait for it. */
  #sendCopy(ticket: Ticket): void {
    const { requestTimeoutMs } = this.#context.options.rules;
    this.#send(newSlot(ticket, "copy", requestTimeoutMs));
  }

  #newSlot(ticket: Ticket, sentAs: SentAs): Slot {
    return newSlot(ticket, sentAs, this.#giveUpAt - ticket.sentAt);
  }

  /** Encodes and sends. However it ends, `#onReply` settles the ticket. Never throws. */
  #send(slot: Slot): void {
    const { bus, clock } = this.#context.options;
    const { operation, trace, body, lines: own, idempotent, opening } = this.#request;
    const { ticket, timeoutMs } = slot;
    this.#history.sent(slot);
    const span = trace === undefined ? undefined : this.#beginSpan(trace, slot);
    try {
      const carried = trace === undefined ? undefined : this.#carried(span ?? trace);
      const time = this.#context.requestTime.lines(timeoutMs, clock.wall());
      const lines = own === "" && carried === undefined ? time : own + time + traceLines(carried);
      // `answersOnce`: the instance answers each request at most once, so the bus may reuse the reply subject.
      // `notIdempotent`: if the receiver dies, the call waits until its timeout. Others end then, and go on.
      const { answersOnce } = ticket.member;
      const callOptions = { timeoutMs, lines, answersOnce, notIdempotent: !idempotent };
      const subject = this.#context.subjects.of(ticket.who, operation);
      const onReply = (reply: Reply): void => this.#onReply(slot, span, reply);
      if (opening === undefined) bus.call(subject, body.body, callOptions, onReply);
      else opening.send(ticket.who, subject, body.body, callOptions, onReply);
      slot.wasSent = true;
    } catch (error) {
      this.#onReply(slot, span, { kind: "unsent", why: textOf(error) });
    }
  }

  /** Reads the reply, settles the ticket, and counts the attempt. */
  #onReply(slot: Slot, span: Span | undefined, reply: Reply): void {
    if (slot.isOver) return;
    slot.isOver = true;
    const { options, deprioritized } = this.#context;
    const { ticket } = slot;
    const end = readAttempt(reply, this.#request.read, slot.wasSent);
    const healthResult = this.#healthResult(end, slot.timeoutMs);
    this.#history.ended(slot, end, healthResult);
    if (end.kind === "none" && end.error !== undefined)
      options.guard.failed(end.result === "unsent" ? "a request" : "read", end.error);
    const now = options.clock.now();
    this.#settle(ticket, healthResult, now);
    if (end.result === "overloaded") deprioritized.addOverloaded(ticket.who.incarnation, end.retryAfterMs, now);
    if (span !== undefined) options.guard.run("trace", () => endAttemptSpan(span, end, healthResult), undefined);
    this.#count(slot, end, healthResult, now);
    if (end.result === "invalid") this.#emitInvalid(slot, end.problems ?? []);
    if (slot.sentAs !== "copy") this.#afterAttempt(slot, end);
  }

  /** The result for the tracker: that of the attempt, apart from a `timeout` that is not the instance's fault. */
  #healthResult({ result }: AttemptEnd, timeoutMs: number): Result {
    // The instance got the call late, after other instances had used up its time.
    const hadFullTimeout = timeoutMs >= this.#context.options.rules.requestTimeoutMs * MIN_SHARE_TO_ATTRIBUTE;
    return result === "timeout" && !hadFullTimeout ? "inconclusive" : result;
  }

  /** Never throws, whatever a balancer of the user's own does: the call goes on. */
  #settle(ticket: Ticket, result: Result, now: number): void {
    const { tracker, options, emitAll, sendRollCall } = this.#context;
    try {
      const events = tracker.settle(ticket, result, now);
      emitAll(events, this.#request.trace);
      // A heartbeat readmits an instance that was only paused, on trial. With a roll call it comes now, and not up to
      // an interval later. After a trial that failed no heartbeat does.
      const hasOpened = events.some(({ kind }) => kind === "opened");
      if (hasOpened && heartbeatMayClose(ticket.member.breaker)) sendRollCall();
    } catch (error) {
      options.guard.failed("core", error);
    }
  }

  #count(slot: Slot, { kind }: AttemptEnd, result: Result, now: number): void {
    const { ticket, sentAs } = slot;
    const { who, sentAt } = ticket;
    const { operation } = this.#request;
    const isRetry = this.#history.isRetry(slot);
    const isRefusal = kind === "error";
    const tookMs = now - sentAt;
    this.#context.options.onAttempt({ kind: "attempt", who, operation, sentAs, isRetry, result, isRefusal, tookMs });
  }

  #emitInvalid({ ticket }: Slot, problems: readonly string[]): void {
    this.#context.options.onEvent({ kind: "invalid-response", who: ticket.who, problems }, this.#request.trace);
  }

  /**
   * The attempt that the call waits for (`#first`) has ended, or its hedge (`#second`). The first answer ends the call.
   * Without an answer the call waits as long as one of the two is in flight, and then goes on or ends.
   */
  #afterAttempt(slot: Slot, end: AttemptEnd): void {
    const hedge = this.#hedge;
    if (hedge !== undefined) this.#recordForHedge(slot, end, hedge);
    if (this.#isFinished) return;
    if (end.result === "answered") this.#finishWith(end, slot);
    // The hedge has ended: the call waits for `#first`, or ends as `#first` has ended.
    else if (slot === this.#second) this.#afterHedge(slot);
    // From here on `slot` is `#first`. It has ended, and there is no hedge: on to the next instance, or the end.
    else if (this.#second === undefined) this.#goOn(slot, end);
    // `#first` has ended, and no further instance may get the call. One has it already: the hedge, which may answer.
    else if (goingOn(end, this.#request.idempotent) === "no") this.#firstEnded = end;
    // `#first` has ended, and the call may go on: the hedge is its next instance, and becomes `#first`.
    else this.#promoteHedge(slot, this.#second);
  }

  #goOn(slot: Slot, end: AttemptEnd): void {
    const { options, retryBudget } = this.#context;
    const going = goingOn(end, this.#request.idempotent);
    if (going === "no") {
      this.#finishWith(end, slot);
      return;
    }
    this.#history.leave(slot);
    const hasTime = this.#giveUpAt - options.clock.now() >= MIN_REMAINING_MS;
    if (hasTime && (going === "free" || retryBudget.trySpend())) this.#next(going);
    else if (this.#history.fallback !== undefined) this.#finishWithout(this.#history.fallback);
    else if (hasTime) this.#finishWith(end, slot);
    else this.#finishWithout({ reason: "timeout" });
  }

  #finishWith(end: AttemptEnd, { ticket }: Slot): void {
    const { attempts } = this.#history;
    if (end.kind === "none") this.#finishWithout(end);
    else this.#finish(outcomeOf(end, ticket.who, attempts));
  }

  #finishWithout(why: Why): void {
    if (!this.#isFinished) this.#finish(this.#history.unanswered(why));
  }

  #finish(outcome: Outcome): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#resolve(outcome);
  }

  // The hedge: a second slot.

  /** Undefined if this call is not hedged: it is not idempotent, or opens a stream, or HEDGE=1 is not set. */
  get #hedge(): Hedge | undefined {
    if (this.#request.opening !== undefined) return undefined;
    return this.#request.idempotent ? this.#context.hedge : undefined;
  }

  #scheduleHedge(late: Slot, hedge: Hedge): void {
    const { clock, guard, rules } = this.#context.options;
    const send = (): void => guard.run("core", () => this.#sendHedge(late, hedge), undefined);
    const { who, sentAt } = late.ticket;
    const lateAfterMs = hedge.lateAfterMs(who, this.#request.operation, rules.requestTimeoutMs);
    // After one more poll for I/O (setImmediate): timers run first, and the answer may have arrived already.
    this.#cancelHedge = clock.after(Math.max(0, sentAt + lateAfterMs - clock.now()), () => clock.afterIoPoll(send));
  }

  #sendHedge(late: Slot, hedge: Hedge): void {
    const { resolver, options, deprioritized: all } = this.#context;
    const now = options.clock.now();
    // The caller has given up, the answer has arrived with the poll, or there is no time for a hedge.
    if (this.#isFinished || late.isOver || this.#giveUpAt - now < MIN_REMAINING_MS) return;
    const excluded = new Set(this.#history.left.keys()).add(late.ticket.who.incarnation);
    const { operation } = this.#request;
    const pickOptions = { operation, excluded, deprioritized: all.at(now), isHedge: true };
    // The budget is not spent if no other instance is healthy.
    if (resolver.peek(now, pickOptions).call === undefined || !hedge.trySpend()) return;
    const { call: ticket } = resolver.next(now, pickOptions);
    if (ticket === undefined) return;
    const { who: lateWho, sentAt } = late.ticket;
    options.onEvent({ kind: "hedging", who: ticket.who, late: lateWho, afterMs: now - sentAt }, this.#request.trace);
    const slot = this.#newSlot(ticket, "hedge");
    this.#history.leave(slot);
    this.#second = slot;
    this.#send(slot);
  }

  /** Records the latency of an answer, and whether the hedge answered before the late instance. */
  #recordForHedge(slot: Slot, { result }: AttemptEnd, hedge: Hedge): void {
    const { who } = slot.ticket;
    const tookMs = this.#context.options.clock.now() - slot.ticket.sentAt;
    if (result === "answered") hedge.recordLatency(who, this.#request.operation, tookMs);
    if (slot === this.#first) {
      this.#cancelHedge?.();
      if (this.#isOvertaken) hedge.lateCallEnded(who.incarnation);
    } else if (result === "answered" && this.#first?.isOver === false) {
      this.#isOvertaken = true;
      hedge.hedgeWon(this.#first.ticket.who.incarnation);
    }
  }

  #afterHedge(slot: Slot): void {
    this.#second = undefined;
    if (this.#firstEnded !== undefined) this.#finishWith(this.#firstEnded, slot);
  }

  /** The hedge is now the attempt that the call waits for. If it is late as well, it gets a hedge of its own. */
  #promoteHedge(ended: Slot, hedged: Slot): void {
    this.#history.leave(ended);
    this.#first = hedged;
    this.#second = undefined;
    const hedge = this.#hedge;
    if (hedge !== undefined) this.#scheduleHedge(hedged, hedge);
  }

  // The user's trace code. If it throws, the guard returns its last argument: the call goes on without a span.

  #beginSpan(trace: Trace, { ticket, sentAs }: Slot): Span | undefined {
    const { guard } = this.#context.options;
    return guard.run(
      "trace",
      () => startAttemptSpan(trace, this.#request.operation, ticket, sentAs === "copy"),
      undefined,
    );
  }

  #carried(from: Trace): TraceHeaders | undefined {
    return this.#context.options.guard.run("trace", () => carriedBy(from), undefined);
  }
}
