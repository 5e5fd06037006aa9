// One call: pick an instance, send, read the reply, settle the ticket, and go on to the next instance if there was no
// answer. With HEDGE=1 a call that is late is sent to a second instance as well, and the first answer ends it.
//
// The late instance keeps its ticket. If it hangs, its timeout counts against it as without the hedge. Only the caller no
// longer waits for it.
//
// A call goes on in callbacks, and its parts are fields of one object. Promises and awaiting functions for every step were a
// fifth of the memory that a call went through; without them a caller with 64 calls in flight makes 5 % more. (One promise
// for each attempt, in an awaiting loop, gained nothing.)

import type { Reply } from "../bus/bus.ts";
import type { Cancel } from "../clock.ts";
import type { Resolver } from "../health/balancer.ts";
import type { Hedge } from "../health/hedge.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Result, Ticket, Tracker } from "../health/tracker.ts";
import type { Span, Trace, TraceHeaders } from "../trace/core/trace.ts";
import {
  type Answer,
  type CallAttempt,
  type FailedAnswer,
  failed,
  mayHaveExecuted,
  readAttempt,
  unanswered,
  type WhyFailed,
} from "./answer.ts";
import { carriedBy, endAttemptSpan, startAttemptSpan } from "./call-span.ts";
import type { ResolvedClientOptions, SentAs } from "./client-options.ts";
import { textOf } from "./guard.ts";
import { type CallRequest, encodeRequest } from "./request.ts";

/** Shared by the calls of one client. */
export interface CallContext {
  readonly options: ResolvedClientOptions;
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Undefined without HEDGE=1. */
  readonly hedge: Hedge | undefined;
  /** Emits events of the tracker and the resolver. */
  readonly emitAll: (events: readonly HealthEvent[], trace: Trace | undefined) => void;
  readonly sendRollCall: () => void;
  /** Counts a call without an eligible instance, and returns its answer. */
  readonly shortCircuit: () => Answer;
  /** Counts a call that failed on its caller's side, and returns its answer. */
  readonly countFailed: (answer: FailedAnswer) => Answer;
}

/** A call with less time left is not sent to another instance: it could not be answered. */
const MIN_REMAINING_MS = 5;
/** A timeout does not count against an instance that had a smaller share of it. A dead end costs a thousandth. */
const MIN_SHARE_TO_ATTRIBUTE = 0.9;
/** Attempts of one call that are logged. More only come of forged heartbeats, and those could be a thousand. */
const MAX_LOGGED_ATTEMPTS = 8;

/** User code that has failed, by its effect on the call. */
const FAILED_CODE_NAMES: Readonly<Record<WhyFailed, string>> = {
  "the request cannot be written as JSON": "the request",
  "the options of the call cannot be used": "the options of a call",
  "the request was not sent": "a request",
  "the check of the answer failed": "read",
  "the call failed in its own process": "core",
};

/** One sending of the call to one instance. */
interface Slot {
  readonly ticket: Ticket;
  readonly sentAs: SentAs;
  /** The time that this attempt has. */
  readonly timeoutMs: number;
  /** The bus has reported its end. A second report changes nothing, not even while the first one is read. */
  isOver: boolean;
  /** Its outcome, once the reply has been read. */
  attempt: CallAttempt | undefined;
}

export class Call {
  readonly #context: CallContext;
  readonly #request: CallRequest;
  /** Ours, and not the caller's. It is aborted only before the caller has its answer: a late attempt has to time out. */
  readonly #signal: AbortSignal | undefined;
  /** In running time. */
  readonly #giveUpAt: number;
  readonly #resolve: (answer: Answer) => void;
  /** Incarnations that this call has been sent to. */
  readonly #tried = new Set<string>();
  /** An invalid answer of an earlier instance: it is returned if no instance answers better. */
  #invalid: Answer | undefined;
  #first: Slot | undefined;
  /** The hedge beside `#first`. */
  #second: Slot | undefined;
  #cancelHedge: Cancel | undefined;
  #isFinished = false;

  /** @param resolve is called once, and must not throw */
  constructor(
    context: CallContext,
    request: CallRequest,
    signal: AbortSignal | undefined,
    resolve: (answer: Answer) => void,
  ) {
    const { clock, rules } = context.options;
    this.#context = context;
    this.#request = request;
    this.#signal = signal;
    this.#giveUpAt = clock.now() + rules.requestTimeoutMs;
    this.#resolve = resolve;
  }

  start(): void {
    this.#next();
  }

  /** Sends the call to the next instance. If a balancer of the user's own throws, or ours has a bug, the call ends. */
  #next(): void {
    try {
      const ticket = this.#pick();
      if (ticket === undefined) this.#finish(this.#invalid ?? this.#context.shortCircuit());
      else this.#sendFirst(ticket);
    } catch (error) {
      this.#context.options.guard.failed("core", error);
      this.#finish(this.#context.countFailed(failed("the call failed in its own process", textOf(error))));
    }
  }

  /** Picks an instance, and sends the copies that go along: retests and probes of newcomers. */
  #pick(): Ticket | undefined {
    const { resolver, tracker, emitAll, options } = this.#context;
    const { clock } = options;
    const { idempotent, trace } = this.#request;
    const emit = this.#tried.size < MAX_LOGGED_ATTEMPTS ? options.onEvent : () => undefined;
    emit({ kind: "resolving" }, trace);
    emit({ kind: "resolved", live: () => tracker.live(clock.now()).map((member) => member.who) }, trace);
    const deprioritized = this.#context.hedge?.deprioritized;
    const pick = resolver.next(clock.now(), { excluded: this.#tried, idempotent, deprioritized });
    emitAll(pick.changes, trace);
    for (const ticket of pick.retests) this.#sendCopy(ticket);
    for (const ticket of pick.newcomerProbes) this.#sendCopy(ticket);
    if (pick.call !== undefined) emit({ kind: "using", who: pick.call.who }, trace);
    return pick.call;
  }

  #sendFirst(ticket: Ticket): void {
    const hedge = this.#hedge;
    // A call that goes on to another instance is still one call.
    if (this.#tried.size === 0) hedge?.earn();
    const slot = this.#slot(ticket, "call");
    this.#first = slot;
    this.#second = undefined;
    this.#send(slot, this.#signal);
    if (hedge !== undefined && !slot.isOver) this.#scheduleHedge(slot, hedge);
  }

  /** No part of the call: the caller does not wait for it, and its signal does not end it. */
  #sendCopy(ticket: Ticket): void {
    const { requestTimeoutMs } = this.#context.options.rules;
    this.#send({ ticket, sentAs: "copy", timeoutMs: requestTimeoutMs, isOver: false, attempt: undefined }, undefined);
  }

  #slot(ticket: Ticket, sentAs: SentAs): Slot {
    const timeoutMs = this.#giveUpAt - this.#context.options.clock.now();
    return { ticket, sentAs, timeoutMs, isOver: false, attempt: undefined };
  }

  /** Encodes and sends. However it ends, `#onReply` settles the ticket. Never throws. */
  #send(slot: Slot, signal: AbortSignal | undefined): void {
    const { bus, clock } = this.#context.options;
    const { trace, body, idempotent } = this.#request;
    const { ticket, timeoutMs, sentAs } = slot;
    const span = trace === undefined ? undefined : this.#beginSpan(trace, slot);
    try {
      // In the body, not in headers: those cost a caller a quarter more of its processor time for each call.
      const carried = trace === undefined ? undefined : this.#carried(span ?? trace);
      const text = encodeRequest(body, Math.round(clock.wall() + timeoutMs), carried);
      const notIdempotent = sentAs !== "copy" && !idempotent;
      const callOptions = { timeoutMs, signal, answersOnce: ticket.member.answersOnce, notIdempotent };
      bus.call(ticket.who.address, text, callOptions, (reply) => this.#onReply(slot, span, reply));
    } catch (error) {
      this.#onReply(slot, span, { kind: "unsent", why: textOf(error) });
    }
  }

  /** Reads the reply, settles the ticket, and counts the attempt. */
  #onReply(slot: Slot, span: Span | undefined, reply: Reply): void {
    if (slot.isOver) return;
    slot.isOver = true;
    const { guard } = this.#context.options;
    const { ticket } = slot;
    const attempt = readAttempt(reply, ticket.who, this.#request.read);
    slot.attempt = attempt;
    // A dead instance has no breaker to open.
    const result = reply.kind === "receiver-died" ? "no-responders" : this.#attributeResult(attempt, slot.timeoutMs);
    if (attempt.answer.kind === "failed") guard.failed(FAILED_CODE_NAMES[attempt.answer.why], attempt.answer.detail);
    this.#settle(ticket, result);
    if (span !== undefined) guard.run("trace", () => endAttemptSpan(span, { ...attempt, result }), undefined);
    this.#count(slot, attempt, result);
    if (slot.sentAs !== "copy") this.#afterAttempt(slot, attempt);
  }

  /** A timeout does not count against an instance that got the call late, after others had used up its time. */
  #attributeResult({ result }: CallAttempt, timeoutMs: number): Result {
    const hadFullTimeout = timeoutMs >= this.#context.options.rules.requestTimeoutMs * MIN_SHARE_TO_ATTRIBUTE;
    return result === "timeout" && !hadFullTimeout ? "inconclusive" : result;
  }

  /** Never throws, whatever a balancer of the user's own does: the call goes on. */
  #settle(ticket: Ticket, result: Result): void {
    const { tracker, options, emitAll, sendRollCall } = this.#context;
    try {
      const events = tracker.settle(ticket, result, options.clock.now());
      emitAll(events, this.#request.trace);
      // A roll call makes an opened instance send a heartbeat: a pause that is over is then noticed at once.
      if (events.some(({ kind }) => kind === "opened")) sendRollCall();
    } catch (error) {
      options.guard.failed("core", error);
    }
  }

  #count({ ticket, sentAs }: Slot, { answer }: CallAttempt, result: Result): void {
    const { clock, onAttempt } = this.#context.options;
    const tookMs = clock.now() - ticket.sentAt;
    onAttempt({ kind: "attempt", who: ticket.who, sentAs, result, isRefusal: answer.kind === "refused", tookMs });
  }

  /** After the call itself or its hedge: an answer ends the call, and without one the other attempt may still bring it. */
  #afterAttempt(slot: Slot, attempt: CallAttempt): void {
    if (this.#hedge !== undefined) this.#updateHedge(slot, attempt, this.#hedge);
    if (this.#isFinished) return;
    const [first, second] = [this.#first, this.#second];
    if (attempt.result === "answered") this.#finish(attempt.answer);
    // The other attempt has no more time than this one had, so waiting for it makes no call longer.
    else if (first?.attempt !== undefined && (second === undefined || second.attempt !== undefined))
      this.#goOn(first.ticket, first.attempt);
  }

  /** The first attempt has ended without an answer, and so has its hedge: on to the next instance, or the end. */
  #goOn(ticket: Ticket, attempt: CallAttempt): void {
    const { clock } = this.#context.options;
    if (!mayTryAnother(attempt, this.#request)) {
      this.#finish(attempt.answer);
      return;
    }
    if (attempt.result === "invalid") {
      this.#emitInvalid(ticket);
      this.#invalid = attempt.answer;
    }
    this.#tried.add(ticket.who.incarnation);
    if (this.#giveUpAt - clock.now() >= MIN_REMAINING_MS) this.#next();
    else this.#finish(this.#invalid ?? unanswered("request timed out"));
  }

  #finish(answer: Answer): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#resolve(answer);
  }

  // The hedge: a second slot.

  /** Undefined where this call is not hedged. */
  get #hedge(): Hedge | undefined {
    return this.#request.idempotent ? this.#context.hedge : undefined;
  }

  #scheduleHedge(late: Slot, hedge: Hedge): void {
    const { clock, guard } = this.#context.options;
    const send = (): void => guard.run("core", () => this.#sendHedge(late, hedge), undefined);
    // After one more poll for I/O: timers run first, and the answer may have arrived already.
    this.#cancelHedge = clock.after(hedge.lateAfterMs(late.ticket.who), () => clock.afterIoPoll(send));
  }

  #sendHedge(late: Slot, hedge: Hedge): void {
    if (late.isOver) return;
    const { resolver, options } = this.#context;
    const now = options.clock.now();
    const excluded = new Set(this.#tried).add(late.ticket.who.incarnation);
    const pickOptions = { excluded, deprioritized: hedge.deprioritized, isHedge: true };
    // The budget is not spent where no other instance could answer.
    if (resolver.peek(now, pickOptions).call === undefined || !hedge.trySpend()) return;
    const { call: ticket } = resolver.next(now, pickOptions);
    if (ticket === undefined) return;
    this.#tried.add(ticket.who.incarnation);
    const { who: lateWho, sentAt } = late.ticket;
    options.onEvent({ kind: "hedging", who: ticket.who, late: lateWho, afterMs: now - sentAt }, this.#request.trace);
    const slot = this.#slot(ticket, "hedge");
    this.#second = slot;
    this.#send(slot, this.#signal);
  }

  /** Records the latency of an answer, and which of the two attempts was first. */
  #updateHedge(slot: Slot, { result }: CallAttempt, hedge: Hedge): void {
    const { who, sentAt } = slot.ticket;
    if (result === "answered") hedge.recordLatency(who, this.#context.options.clock.now() - sentAt);
    if (slot === this.#first) {
      this.#cancelHedge?.();
      if (this.#isFinished) hedge.lateCallEnded(who.incarnation);
      return;
    }
    if (result === "invalid") this.#emitInvalid(slot.ticket);
    const late = this.#first;
    if (result === "answered" && late !== undefined && late.attempt === undefined && !this.#isFinished)
      hedge.hedgeWon(late.ticket.who.incarnation);
  }

  #emitInvalid({ who }: Ticket): void {
    this.#context.options.onEvent({ kind: "invalid-response", who }, this.#request.trace);
  }

  // Code of the user's own: without it the call goes on.

  #beginSpan(trace: Trace, { ticket, sentAs }: Slot): Span | undefined {
    const { guard } = this.#context.options;
    return guard.run("trace", () => startAttemptSpan(trace, ticket, sentAs === "copy"), undefined);
  }

  #carried(from: Trace): TraceHeaders | undefined {
    return this.#context.options.guard.run("trace", () => carriedBy(from), undefined);
  }
}

/** Not delivered, or rejected: any call may go on. A call that may have executed must be idempotent. */
function mayTryAnother(attempt: CallAttempt, { idempotent }: CallRequest): boolean {
  const { result } = attempt;
  const isRetriable = result === "no-responders" || result === "draining" || result === "invalid";
  return isRetriable && (idempotent || !mayHaveExecuted(attempt));
}
