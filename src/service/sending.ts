// One sending of a call to one instance: the request goes out, its reply is read, the ticket is settled, and the
// sending is counted. Call.ts decides what the call does then.
//
// A sending has two times. `waitMs`: its caller waits for so long, and the request says so. `judgedMs`: it stays in
// flight, and keeps its ticket, until its reply or for so long. The second is longer where the caller waits for less
// than the instance is given (call.ts).
//
// If the caller gives up, a cancel message stops the handler. Such a handler gives no answer, so whether it would have
// answered in time stays unknown. `cancelRuns` (core/cancel-runs.ts) counts the cancelled calls in a row to one
// address. After three in a row the next call is not cancelled: its end shows if the instance answers.

import type { Reply } from "../bus/bus.ts";
import { cancelSubject } from "../bus/core/subjects.ts";
import { heartbeatMayClose } from "../health/breaker.ts";
import type { Result } from "../health/result.ts";
import type { Ticket } from "../health/ticket.ts";
import type { Span, Trace, TraceHeaders } from "../trace/core/trace.ts";
import { type AttemptEnd, CHECK_IS_LATE, endOfCheck, type PendingCheck, readAttempt, STOPPED } from "./attempt.ts";
import type { Call } from "./call.ts";
import { carriedBy, endAttemptSpan, startAttemptSpan } from "./call-span.ts";
import type { SentAs } from "./client-options.ts";
import { traceLines } from "./core/request-headers.ts";
import { textOf } from "./guard.ts";

/**
 * A timeout counts against an instance that had at least this share of `judgementMs`. A late hedge has less, and so has
 * an attempt after slow ones. A dead instance costs the call 1 ms of its 1,000. After a hundred of them 900 ms
 * are left, and a timeout still counts.
 */
const MIN_SHARE_TO_ATTRIBUTE = 0.9;

export class Sending {
  readonly ticket: Ticket;
  readonly sentAs: SentAs;
  /**
   * The bus has reported its reply. A second report is ignored. One can come while the first is handled: `read` is the
   * caller's code, and may close the bus, which ends all calls.
   */
  isOver = false;
  /** The result for the health of the instance, once it is known. */
  result: Result | undefined;
  readonly #call: Call;
  readonly #waitMs: number;
  readonly #judgedMs: number;
  readonly #subject: string;
  #span: Span | undefined;
  /** The bus has taken the request. A reply before that says that it could not be sent. */
  #wasSent = false;
  #replyTo = "";
  /** A cancel message was sent. */
  #isCancelled = false;
  /** When its answer arrived. Set only if the check of the answer is asynchronous. */
  #answeredAt: number | undefined;

  constructor(call: Call, ticket: Ticket, sentAs: SentAs, waitMs: number, judgedMs: number) {
    this.#call = call;
    this.ticket = ticket;
    this.sentAs = sentAs;
    this.#waitMs = waitMs;
    this.#judgedMs = judgedMs;
    this.#subject = call.context.subjects.of(ticket.who, call.request.operation);
  }

  /** Sends the request. However that ends, `#onReply` settles the ticket. Never throws. */
  send(): void {
    const { request, context, history } = this.#call;
    const { bus, clock } = context.options;
    context.lateWatch.start();
    const { trace, body, lines: own, idempotent, opening } = request;
    history.sent(this);
    if (trace !== undefined) this.#span = this.#beginSpan(trace);
    try {
      const carried = trace === undefined ? undefined : this.#carried(this.#span ?? trace);
      const time = context.requestTime.lines(this.#waitMs, clock.wall());
      const lines = own === "" && carried === undefined ? time : own + time + traceLines(carried);
      // `answersOnce`: the instance answers each request at most once, so the bus may reuse the reply subject.
      // `notIdempotent`: if the receiver dies, the call waits until its timeout. Others end then, and go on.
      const { answersOnce } = this.ticket.member;
      const callOptions = { timeoutMs: this.#judgedMs, lines, answersOnce, notIdempotent: !idempotent };
      const onReply = (reply: Reply): void => this.#onReply(reply);
      if (opening === undefined) this.#replyTo = bus.call(this.#subject, body.body, callOptions, onReply);
      else opening.send(this.ticket.who, this.#subject, body.body, callOptions, onReply);
      this.#wasSent = true;
    } catch (error) {
      this.#onReply({ kind: "unsent", why: textOf(error) });
    }
  }

  #onReply(reply: Reply): void {
    if (this.isOver) return;
    this.isOver = true;
    const { request, context } = this.#call;
    const end = readAttempt(reply, request.read, this.#wasSent);
    if (end.kind === "checking") {
      this.#awaitCheck(end);
      return;
    }
    const now = context.options.clock.now();
    if (!this.#stoppedByCancel(end)) context.cancelRuns.ended(this.#subject);
    const healthResult = this.#healthResult(end);
    this.#settle(healthResult, now);
    this.#onEnd(end, healthResult, now);
  }

  /** The result for the tracker: that of the end, apart from a timeout that is not the instance's fault. */
  #healthResult(end: AttemptEnd): Result {
    if (end.result !== "timeout") return end.result;
    if (this.#stoppedByCancel(end)) return "inconclusive";
    // A handler that stopped by itself had the time that the request stated.
    const hadMs = isStopped(end) ? this.#waitMs : this.#judgedMs;
    return hadMs >= this.#call.judgementMs * MIN_SHARE_TO_ATTRIBUTE ? "timeout" : "inconclusive";
  }

  /** The handler has stopped for a caller that had given up: it may have answered in time. */
  #stoppedByCancel(end: AttemptEnd): boolean {
    return this.#isCancelled && isStopped(end);
  }

  /** Settles the ticket. If a balancer of the user's own throws, the call goes on. */
  #settle(result: Result, now: number): void {
    const { tracker, options, emitAll, sendRollCall } = this.#call.context;
    const { ticket } = this;
    try {
      const events = tracker.settle(ticket, result, now);
      emitAll(events, this.#call.request.trace);
      // A heartbeat starts a probation. A roll call requests one now: else it comes up to an interval later. After a
      // probation that failed no heartbeat helps.
      const hasOpened = events.some(({ kind }) => kind === "opened");
      if (hasOpened && heartbeatMayClose(ticket.member.breaker)) sendRollCall();
    } catch (error) {
      options.guard.failed("core", error);
    }
  }

  /** The sending has ended, and its ticket is settled. */
  #onEnd(end: AttemptEnd, healthResult: Result, now: number): void {
    const { context, history } = this.#call;
    const { options, deprioritized } = context;
    this.result = healthResult;
    history.ended(this, end);
    const { incarnation } = this.ticket.who;
    if (end.kind === "none" && end.retryAfterMs !== undefined)
      deprioritized.addOverloaded(incarnation, end.retryAfterMs, now);
    const span = this.#span;
    if (span !== undefined) options.guard.run("trace", () => endAttemptSpan(span, end, healthResult), undefined);
    this.#count(end, healthResult, now);
    this.#reportProblems(end);
    if (this.sentAs !== "copy") this.#call.afterAttempt(this, end);
  }

  #count(end: AttemptEnd, result: Result, now: number): void {
    const { sentAs } = this;
    const { who } = this.ticket;
    const { context, request, history } = this.#call;
    const { operation } = request;
    const isRetry = history.isRetry(this);
    // An answer, but an error of the service.
    const error = end.kind === "error" ? end : undefined;
    const isRefusal = error !== undefined;
    const tookMs = this.tookMs(now);
    context.options.onAttempt({ kind: "attempt", who, operation, sentAs, isRetry, result, isRefusal, error, tookMs });
  }

  #reportProblems(end: AttemptEnd): void {
    if (end.kind !== "none") return;
    const { context, request } = this.#call;
    const { guard, onEvent } = context.options;
    if (end.error !== undefined) guard.failed(end.result === "unsent" ? "a request" : "read", end.error);
    if (end.result === "invalid")
      onEvent({ kind: "invalid-response", who: this.ticket.who, problems: end.problems ?? [] }, request.trace);
  }

  /** How long the reply took, in ms: until `now`, unless its check has taken time. */
  tookMs(now: number): number {
    return (this.#answeredAt ?? now) - this.ticket.sentAt;
  }

  /**
   * The caller has given up: sends a cancel message. The attempt stays in flight, and keeps its ticket, until its reply
   * or its time. Settling it now, as inconclusive, was rejected: callers that always give up early would never open the
   * breaker of an instance that hangs.
   */
  cancel(): void {
    // Without a reply subject it was not sent, or has opened a stream, which is cancelled in its own way.
    if (this.isOver || this.#replyTo === "") return;
    const { cancelRuns, options } = this.#call.context;
    if (!cancelRuns.mayCancel(this.#subject)) return;
    const { service, incarnation } = this.ticket.who;
    this.#isCancelled = true;
    const cancel = (): void => options.bus.cancel(this.#replyTo, cancelSubject(service, incarnation));
    options.guard.run("the bus", cancel, undefined);
  }

  // An asynchronous check of the answer.

  /**
   * The instance has answered, so the ticket is settled at once. The call waits for the check as long as it has time.
   */
  #awaitCheck(check: PendingCheck): void {
    const { tracker, options, cancelRuns } = this.#call.context;
    const { clock, guard } = options;
    const answeredAt = clock.now();
    this.#answeredAt = answeredAt;
    cancelRuns.ended(this.#subject);
    this.#settle("unchecked", answeredAt);
    let isLate = false;
    const leftMs = Math.max(0, this.#judgedMs - (answeredAt - this.ticket.sentAt));
    const cancelTimer = clock.after(leftMs, () => {
      isLate = true;
      this.#onEnd(CHECK_IS_LATE, CHECK_IS_LATE.result, clock.now());
    });
    void endOfCheck(check).then((end) => {
      cancelTimer();
      const { result } = end;
      const now = clock.now();
      if (result === "answered" || result === "invalid")
        guard.run("core", () => tracker.recordCheck(this.ticket, result, now), undefined);
      if (isLate) this.#reportProblems(end);
      else this.#onEnd(end, result, now);
    });
  }

  // The user's trace code. If it throws, the guard returns its last argument: the call goes on without a span.

  #beginSpan(trace: Trace): Span | undefined {
    const { context, request } = this.#call;
    const start = (): Span | undefined =>
      startAttemptSpan(trace, request.operation, this.ticket, this.sentAs === "copy");
    return context.options.guard.run("trace", start, undefined);
  }

  #carried(from: Trace): TraceHeaders | undefined {
    return this.#call.context.options.guard.run("trace", () => carriedBy(from), undefined);
  }
}

const isStopped = (end: AttemptEnd): boolean => end.kind === "none" && end.code === STOPPED;
