// The caller's side of any service: asks a healthy instance, directly, in turn, and never the same dead one twice.
//
// The way of a call: whose turn -> sent -> read -> settled with the tracker -> on to the next if that was no answer.

import type { Reply } from "../bus/bus.ts";
import { checkServiceName } from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import type { Incarnations, Resolver } from "../health/balancer.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Result, Ticket, Tracker } from "../health/tracker.ts";
import type { Carried, Span, Trace } from "../trace/core/trace.ts";
import {
  type Answer,
  type CallAttempt,
  failed,
  mayHaveExecuted,
  readAttempt,
  unanswered,
  type WhyFailed,
} from "./answer.ts";
import { encodeRequest, isLongerThan } from "./body.ts";
import { type AskOptions, type CallRequest, readCall } from "./call-request.ts";
import { carriedBy, endAttemptSpan, startAttemptSpan } from "./call-span.ts";
import { type ClientOptions, type ResolvedClientOptions, type SentAs, withDefaults } from "./client-options.ts";
import { type DetachableSignal, detachableSignal } from "./detachable-signal.ts";
import { textOf } from "./guard.ts";
import { HeartbeatListener } from "./heartbeat-listener.ts";
import { type CallSoFar, Hedging, type Send } from "./hedging.ts";

export type { AskOptions } from "./call-request.ts";

export interface Client {
  /** What is believed of every instance; for reading. */
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Whom a choice spares for now, as a call of theirs is late; undefined without hedging. */
  readonly deprioritized: Incarnations | undefined;
  /** Resolves once the first roll call after connecting has been heard; at once if that is past, or the bus away. */
  ready(): Promise<void>;
  /**
   * Asks one instance and, if that turns out dead or leaving, the next, all within one request timeout. Never rejects:
   * what fails on the caller's own side, in its request, options, check or listeners, is a result, too.
   */
  ask(request: object, options?: AskOptions): Promise<Answer>;
  close(): void;
}

/** How often lapsed leases are looked for; a choice looks by itself, so this only bounds how late a loss is told. */
const TICK_MS = 200;
/** A call with less than this left is not sent on to another instance: it could not be answered. */
const MIN_REMAINING_MS = 5;
/** An instance that got less of the request timeout than this is not charged with it; a dead end costs a thousandth. */
const MIN_SHARE_TO_ATTRIBUTE = 0.9;
/** Of one call so many attempts are told. More only come of forged heartbeats, and those could be a thousand. */
const MAX_LOGGED_ATTEMPTS = 8;

/** @throws Error when the service's name cannot stand in a subject */
export function openClient(options: ClientOptions): Client {
  const name = checkServiceName(options.service);
  if (name.kind === "bad") throw new Error(name.why);
  const client = new ServiceClient(withDefaults(options));
  client.start();
  return client;
}

/** The user's code that has failed, by what came of it. */
const FAILED_CODE_NAMES: Readonly<Record<WhyFailed, string>> = {
  "the request cannot be written as JSON": "the request",
  "the options of the call cannot be used": "the options of a call",
  "the request was not sent": "a request",
  "the check of the answer failed": "accepts",
  "the call failed in its own process": "core",
};

const tooLarge = (limitBytes: number): Extract<Answer, { kind: "failed" }> =>
  failed("the request was not sent", `it is over the bus's limit of ${limitBytes} bytes`);

const ignoreResult = (): void => undefined;

/**
 * One call on its way from instance to instance. It is handed on in callbacks and not awaited: what promises and waiting
 * functions left behind for every step was a fifth of the memory that a call went through, and a caller with 64 calls
 * out does 5 % more of them without (one promise for each attempt, and an awaiting loop around, gained nothing).
 */
interface CallState extends CallSoFar {
  readonly call: CallRequest;
  /** Ours, and not the caller's. */
  readonly signal: AbortSignal | undefined;
  /** What one instance answered that was of no use: better than nothing, if nobody answers better. */
  invalidAnswer: Answer | undefined;
  /** Must not be called twice, nor throw. */
  readonly resolve: (answer: Answer) => void;
}

/** What is sent to one instance, and who is told of its end. */
interface AttemptRequest {
  readonly ticket: Ticket;
  readonly call: CallRequest;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly repeatable: boolean;
  readonly sentAs: SentAs;
  /** Called once. Must not throw. */
  readonly onEnd: (attempt: CallAttempt) => void;
  /** The ticket is settled: whatever else comes of it changes nothing. */
  isOver: boolean;
}

class ServiceClient implements Client {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly #options: ResolvedClientOptions;
  readonly #heartbeatListener: HeartbeatListener;
  /** Undefined without HEDGE=1: then a call takes the way that it always took. */
  readonly #hedging: Hedging | undefined;
  #stopTicking: Cancel = () => {};

  constructor(options: ResolvedClientOptions) {
    this.#options = options;
    const { tracker, resolver } = options.core(options.service, options.rules, options.random);
    this.tracker = tracker;
    this.resolver = resolver;
    this.#heartbeatListener = new HeartbeatListener(options, this.tracker, (changes) => this.#emitChanges(changes));
    const { requestTimeoutMs } = options.rules;
    this.#hedging = options.hedge ? new Hedging({ ...options, resolver: this.resolver, requestTimeoutMs }) : undefined;
  }

  get deprioritized(): Incarnations | undefined {
    return this.#hedging?.deprioritized;
  }

  start(): void {
    const { clock, guard } = this.#options;
    const tick = (): void => this.#emitChanges(this.tracker.tick(clock.now()));
    this.#stopTicking = clock.every(TICK_MS, () => guard.run("core", tick, undefined));
    this.#heartbeatListener.start();
  }

  close(): void {
    this.#stopTicking();
    this.#heartbeatListener.close();
  }

  async ready(): Promise<void> {
    await this.#heartbeatListener.rollCall;
  }

  ask(request: object, options: AskOptions = {}): Promise<Answer> {
    const call = readCall(request, options);
    if (call.kind === "failed") return Promise.resolve(this.#failed(call));
    const { rollCall } = this.#heartbeatListener;
    return rollCall === undefined ? this.#ask(call) : rollCall.then(() => this.#ask(call));
  }

  #ask(call: CallRequest): Promise<Answer> {
    const { bus, clock, rules } = this.#options;
    if (bus.status !== "connected") return Promise.resolve(this.#denied() ?? unanswered("the bus is away"));
    const maxBytes = bus.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    if (isLongerThan(call.body.text, maxBytes)) return Promise.resolve(this.#failed(tooLarge(maxBytes)));
    const signal = this.#detachableSignal(call.signal);
    if (signal !== undefined && "kind" in signal) return Promise.resolve(signal);
    const giveUpAt = clock.now() + rules.requestTimeoutMs;
    return new Promise((resolve) => {
      const end = signal === undefined ? resolve : (answer: Answer) => this.#releaseSignal(signal, answer, resolve);
      const excluded = new Set<string>();
      this.#sendToNext({ call, signal: signal?.signal, giveUpAt, excluded, invalidAnswer: undefined, resolve: end });
    });
  }

  /** @returns the call's end, if there is nobody waiting for it or no way to know */
  #detachableSignal(given: AbortSignal | undefined): DetachableSignal | Answer | undefined {
    if (given === undefined || given === null) return undefined;
    try {
      const signal = detachableSignal(given);
      return signal.signal.aborted ? unanswered("the caller gave up") : signal;
    } catch (error) {
      return this.#failed(failed("the options of the call cannot be used", textOf(error)));
    }
  }

  #releaseSignal(signal: DetachableSignal, answer: Answer, resolve: (answer: Answer) => void): void {
    this.#options.guard.run("signal", () => signal.release(), undefined);
    resolve(answer);
  }

  #failed(answer: Extract<Answer, { kind: "failed" }>): Answer {
    this.#options.count({ kind: "failed", why: answer.why });
    return answer;
  }

  /** Should a core of the user's own throw, or a bug of ours, the call ends all the same. */
  #sendToNext(callState: CallState): void {
    try {
      const ticket = this.#pickInstance(callState);
      if (ticket === undefined) callState.resolve(callState.invalidAnswer ?? this.#shortCircuit());
      else this.#attempt(ticket, callState, (attempt) => this.#afterAttempt(ticket, attempt, callState));
    } catch (error) {
      this.#endFailed(callState, error);
    }
  }

  #endFailed(callState: CallState, error: unknown): void {
    this.#options.guard.failed("core", error);
    callState.resolve(this.#failed(failed("the call failed in its own process", textOf(error))));
  }

  #afterAttempt(ticket: Ticket, attempt: CallAttempt, callState: CallState): void {
    const { excluded, giveUpAt, call } = callState;
    if (!this.#mayTryAnother(attempt, call)) {
      callState.resolve(attempt.answer);
      return;
    }
    if (attempt.result === "nonsense") callState.invalidAnswer = this.#emitInvalid(ticket, attempt, call.trace);
    excluded.add(ticket.who.incarnation);
    if (giveUpAt - this.#options.clock.now() >= MIN_REMAINING_MS) this.#sendToNext(callState);
    else callState.resolve(callState.invalidAnswer ?? unanswered("request timed out"));
  }

  #shortCircuit(): Answer {
    this.#options.count({ kind: "short-circuited" });
    return this.#denied() ?? unanswered("all services are down");
  }

  /** The server does not let this process receive heartbeats: that, and no instance, is why nobody can be asked. */
  #denied(): Answer | undefined {
    const trouble = this.#options.ears.lastTrouble;
    return trouble?.isDenial ? { kind: "unanswered", why: "not permitted", detail: trouble.message } : undefined;
  }

  /** Asks one instance; and under HEDGE=1, if that is late, another one beside it. */
  #attempt(ticket: Ticket, callState: CallState, ended: (attempt: CallAttempt) => void): void {
    const { call, signal, giveUpAt } = callState;
    const { repeatable, trace } = call;
    if (this.#hedging === undefined || !repeatable) {
      const timeoutMs = giveUpAt - this.#options.clock.now();
      this.#send({ ticket, call, timeoutMs, signal, repeatable, sentAs: "call", onEnd: ended, isOver: false });
      return;
    }
    const send: Send = (one, timeoutMs, sentAs) =>
      new Promise((resolve) =>
        this.#send({ ticket: one, call, timeoutMs, signal, repeatable, sentAs, onEnd: resolve, isOver: false }),
      );
    this.#hedging
      .send(ticket, { ...callState, send, trace })
      .then(ended)
      .catch((error: unknown) => this.#endFailed(callState, error));
  }

  /** Not delivered, or not taken: asking another is safe for any verb. What may be done already must be repeatable. */
  #mayTryAnother(attempt: CallAttempt, { repeatable }: CallRequest): boolean {
    const { result } = attempt;
    const isRetriable = result === "no-responders" || result === "draining" || result === "nonsense";
    return isRetriable && (repeatable || !mayHaveExecuted(attempt));
  }

  #emitInvalid({ who }: Ticket, { answer }: CallAttempt, trace: Trace | undefined): Answer {
    this.#options.tell({ kind: "nonsense", who }, trace);
    return answer;
  }

  /** Takes the next turn, and sends the copies that go with it: nobody waits for those. */
  #pickInstance(callState: CallState): Ticket | undefined {
    const { clock } = this.#options;
    const { excluded } = callState;
    const { repeatable, trace } = callState.call;
    const tell = excluded.size < MAX_LOGGED_ATTEMPTS ? this.#options.tell : () => undefined;
    tell({ kind: "resolving" }, trace);
    tell({ kind: "resolved", live: () => this.tracker.live(clock.now()).map((member) => member.who) }, trace);
    const pick = this.resolver.next(clock.now(), { excluded, repeatable, deprioritized: this.deprioritized });
    this.#emitChanges(pick.changes, trace);
    if (pick.retests.length + pick.trials.length > 0) this.#sendCopies([...pick.retests, ...pick.trials], callState);
    if (pick.call !== undefined) tell({ kind: "using", who: pick.call.who }, trace);
    return pick.call;
  }

  #sendCopies(tickets: readonly Ticket[], { call }: CallState): void {
    const timeoutMs = this.#options.rules.requestTimeoutMs;
    const shared = { call, timeoutMs, signal: undefined, repeatable: true, onEnd: ignoreResult } as const;
    for (const ticket of tickets) this.#send({ ...shared, ticket, sentAs: "copy", isOver: false });
  }

  /** Sends, reads and settles: whatever happens on the way, the ticket does not stay out. Never throws. */
  #send(request: AttemptRequest): void {
    const { bus, clock } = this.#options;
    const { ticket, call, timeoutMs, signal, repeatable, sentAs } = request;
    const { trace, body } = call;
    const span = trace === undefined ? undefined : this.#beginSpan(trace, ticket, sentAs);
    try {
      // In the body, not in headers: those cost a caller a quarter more of its processor time for each call.
      const carried = trace === undefined ? undefined : this.#carried(span ?? trace);
      const text = encodeRequest(body, Math.round(clock.wall() + timeoutMs), carried);
      const how = { timeoutMs, signal, answersOnce: ticket.member.answersOnce, mayBeDone: !repeatable };
      bus.call(ticket.who.address, text, how, (reply) => this.#onReply(request, span, reply));
    } catch (error) {
      this.#onReply(request, span, { kind: "unsent", why: textOf(error) });
    }
  }

  /** A tracer is code of the user's own: without its span the call goes on. */
  #beginSpan(trace: Trace, ticket: Ticket, sentAs: SentAs): Span | undefined {
    return this.#options.guard.run("trace", () => startAttemptSpan(trace, ticket, sentAs === "copy"), undefined);
  }

  #carried(from: Trace): Carried | undefined {
    return this.#options.guard.run("trace", () => carriedBy(from), undefined);
  }

  /** Only the first end counts, should a bus tell two. */
  #onReply(request: AttemptRequest, span: Span | undefined, reply: Reply): void {
    if (request.isOver) return;
    request.isOver = true;
    const { ticket, call, timeoutMs, sentAs, onEnd: ended } = request;
    const attempt = readAttempt(reply, ticket.who, call.accepts);
    // The dead have no breaker to open.
    const result = reply.kind === "receiver-died" ? "no-responders" : this.#attributeResult(attempt, timeoutMs);
    const { guard } = this.#options;
    if (attempt.answer.kind === "failed") guard.failed(FAILED_CODE_NAMES[attempt.answer.why], attempt.answer.detail);
    this.#settle(ticket, result, call.trace);
    if (span !== undefined) guard.run("trace", () => endAttemptSpan(span, { ...attempt, result }), undefined);
    this.#count(ticket, attempt, result, sentAs);
    ended(attempt);
  }

  #count({ who, sentAt }: Ticket, { answer }: CallAttempt, result: Result, sentAs: SentAs): void {
    const { clock, count } = this.#options;
    count({ kind: "attempt", who, sentAs, result, isRefusal: answer.kind === "refused", tookMs: clock.now() - sentAt });
  }

  /** A call that reached its instance late, after others, says nothing about an instance that had no time. */
  #attributeResult({ result }: CallAttempt, timeoutMs: number): Result {
    const hadFullTimeout = timeoutMs >= this.#options.rules.requestTimeoutMs * MIN_SHARE_TO_ATTRIBUTE;
    return result === "timeout" && !hadFullTimeout ? "inconclusive" : result;
  }

  /** Never throws, whatever a core of the user's own does: the call goes on. */
  #settle(ticket: Ticket, result: Result, trace: Trace | undefined): void {
    try {
      const changes = this.tracker.settle(ticket, result, this.#options.clock.now());
      this.#emitChanges(changes, trace);
      // Whoever is opened is asked to beat: a pause that is over already need not last until the next heartbeat.
      if (changes.some((change) => change.kind === "opened")) this.#heartbeatListener.sendRollCall();
    } catch (error) {
      this.#options.guard.failed("core", error);
    }
  }

  #emitChanges(changes: readonly HealthEvent[], trace?: Trace): void {
    if (changes.length === 0) return;
    const { bus, clock, tell } = this.#options;
    for (const change of changes) {
      tell(change, trace);
      if (change.kind !== "lost" || change.why !== "nobody answers there") continue;
      // Not before this turn's reading is done: its last answers may be among what was just read.
      clock.afterReading(() => bus.giveUp(change.who.address));
    }
  }
}
