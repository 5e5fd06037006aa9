// The caller's side of any service: asks a healthy instance, directly, in turn, and never the same dead one twice.
//
// The way of a call: whose turn -> sent -> read -> settled with the tracker -> on to the next if that was no answer.

import type { Reply } from "../bus/bus.ts";
import { checkServiceName } from "../bus/subjects.ts";
import type { Cancel } from "../clock.ts";
import type { Change } from "../health/change.ts";
import type { Resolver, Slow } from "../health/resolver.ts";
import type { Result, Ticket } from "../health/ticket.ts";
import type { Tracker } from "../health/tracker.ts";
import type { Span, Trace } from "../trace/trace.ts";
import { type Accepts, type Answer, type Attempt, mayBeDone, readAttempt, unanswered } from "./answer.ts";
import { encodeRequest } from "./body.ts";
import { beginAttempt, endAttempt } from "./call-span.ts";
import { type ClientOptions, type SentAs, type WholeClientOptions, wholeClientOptions } from "./client-options.ts";
import { Hearing } from "./hearing.ts";
import { type CallSoFar, Hedging, type Send } from "./hedging.ts";

export interface AskOptions {
  /** False for a call that must not reach two instances; reads may. */
  readonly repeatable?: boolean;
  /** What counts as an answer: for any other body the call goes on to another instance. Left out: whatever is JSON. */
  readonly accepts?: Accepts;
  readonly signal?: AbortSignal;
  /** What the call belongs to: told with its events, sent along if it is wanted, and timed where spans are sent. */
  readonly trace?: Trace | undefined;
}

export interface Client {
  /** What is believed of every instance; for reading. */
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Whom a choice spares for now, as a call of theirs is late; undefined without hedging. */
  readonly slow: Slow | undefined;
  /** Resolves once the first roll call after connecting has been heard; at once if that is past, or the bus away. */
  ready(): Promise<void>;
  /** Asks one instance and, if that turns out dead or leaving, the next, all within one request timeout. Never rejects. */
  ask(request: object, options?: AskOptions): Promise<Answer>;
  close(): void;
}

/** How often lapsed leases are looked for; a choice looks by itself, so this only bounds how late a loss is told. */
const TICK_MS = 200;
/** A call with less than this left is not sent on to another instance: it could not be answered. */
const LEAST_WORTH_SENDING_MS = 5;
/** An instance that got less of the request timeout than this is not charged with it; a dead end costs a thousandth. */
const LEAST_SHARE_TO_CHARGE = 0.9;
/** Of one call so many attempts are told. More only come of forged heartbeats, and those could be a thousand. */
const MOST_TOLD = 8;
const ANYTHING: Accepts = () => true;

/** @throws Error when the service's name cannot stand in a subject */
export function openClient(options: ClientOptions): Client {
  const name = checkServiceName(options.service);
  if (name.kind === "bad") throw new Error(name.why);
  const client = new ServiceClient(wholeClientOptions(options));
  client.start();
  return client;
}

const NOT_WAITED_FOR = (): void => undefined;

/**
 * One call on its way from instance to instance. It is handed on in callbacks and not awaited: what promises and waiting
 * functions left behind for every step was a fifth of the memory that a call went through, and a caller with 64 calls
 * out does 5 % more of them without (one promise for each attempt, and an awaiting loop around, gained nothing).
 */
interface Asking extends CallSoFar {
  readonly request: object;
  readonly options: AskOptions;
  /** What one instance answered that was of no use: better than nothing, if nobody answers better. */
  nonsense: Answer | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (bug: unknown) => void;
}

/** What is sent to one instance, and who is told of its end. */
interface Sending {
  readonly ticket: Ticket;
  readonly request: object;
  readonly timeoutMs: number;
  readonly options: AskOptions;
  readonly sentAs: SentAs;
  readonly ended: (attempt: Attempt) => void;
  readonly reject: (bug: unknown) => void;
}

class ServiceClient implements Client {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly #options: WholeClientOptions;
  readonly #hearing: Hearing;
  /** Undefined without HEDGE=1: then a call takes the way that it always took. */
  readonly #hedging: Hedging | undefined;
  #stopTicking: Cancel = () => {};

  constructor(options: WholeClientOptions) {
    this.#options = options;
    const { tracker, resolver } = options.core(options.service, options.rules, options.random);
    this.tracker = tracker;
    this.resolver = resolver;
    this.#hearing = new Hearing(options, this.tracker, (changes) => this.#tellAll(changes));
    const { requestTimeoutMs } = options.rules;
    this.#hedging = options.hedge
      ? new Hedging({ clock: options.clock, tell: options.tell, resolver: this.resolver, requestTimeoutMs })
      : undefined;
  }

  get slow(): Slow | undefined {
    return this.#hedging?.slow;
  }

  start(): void {
    const { clock } = this.#options;
    this.#stopTicking = clock.every(TICK_MS, () => this.#tellAll(this.tracker.tick(clock.now())));
    this.#hearing.start();
  }

  close(): void {
    this.#stopTicking();
    this.#hearing.close();
  }

  async ready(): Promise<void> {
    await this.#hearing.rollCall;
  }

  ask(request: object, options: AskOptions = {}): Promise<Answer> {
    const { rollCall } = this.#hearing;
    return rollCall === undefined ? this.#ask(request, options) : rollCall.then(() => this.#ask(request, options));
  }

  #ask(request: object, options: AskOptions): Promise<Answer> {
    const { bus, clock, rules } = this.#options;
    if (bus.status !== "connected") return Promise.resolve(unanswered("the bus is away"));
    const giveUpAt = clock.now() + rules.requestTimeoutMs;
    return new Promise((resolve, reject) => {
      this.#askNext({ request, options, giveUpAt, tried: new Set(), nonsense: undefined, resolve, reject });
    });
  }

  #askNext(asking: Asking): void {
    const ticket = this.#takeTurn(asking);
    if (ticket === undefined) asking.resolve(asking.nonsense ?? this.#shortCircuit());
    else this.#attempt(ticket, asking, (attempt) => this.#attempted(ticket, attempt, asking));
  }

  #attempted(ticket: Ticket, attempt: Attempt, asking: Asking): void {
    const { tried, giveUpAt } = asking;
    if (!this.#mayGoOn(attempt, asking.options)) {
      asking.resolve(attempt.answer);
      return;
    }
    if (attempt.result === "nonsense") asking.nonsense = this.#tellNonsense(ticket, attempt, asking.options.trace);
    tried.add(ticket.who.incarnation);
    if (giveUpAt - this.#options.clock.now() >= LEAST_WORTH_SENDING_MS) this.#askNext(asking);
    else asking.resolve(asking.nonsense ?? unanswered("request timed out"));
  }

  #shortCircuit(): Answer {
    this.#options.count({ kind: "short-circuited" });
    return unanswered("all services are down");
  }

  /** Asks one instance; and under HEDGE=1, if that is late, another one beside it. */
  #attempt(ticket: Ticket, asking: Asking, ended: (attempt: Attempt) => void): void {
    const { request, options, giveUpAt, reject } = asking;
    const { repeatable = true, accepts = ANYTHING, signal, trace } = options;
    if (this.#hedging === undefined || !repeatable) {
      const timeoutMs = giveUpAt - this.#options.clock.now();
      this.#send({ ticket, request, timeoutMs, options, sentAs: "call", ended, reject });
      return;
    }
    // A bug ends the call itself: whoever helps out is not to be told of it.
    const send: Send = (one, timeoutMs, sentAs, own) => {
      const sent = own === undefined ? { accepts, trace } : { accepts, trace, signal: own };
      return new Promise((resolve) =>
        this.#send({ ticket: one, request, timeoutMs, options: sent, sentAs, ended: resolve, reject }),
      );
    };
    this.#hedging
      .send(ticket, { ...asking, send, signal, trace })
      .then(ended)
      .catch(reject);
  }

  /** Not delivered, or not taken: asking another is safe for any verb. What may be done already must be repeatable. */
  #mayGoOn(attempt: Attempt, { repeatable = true }: AskOptions): boolean {
    const { result } = attempt;
    const isOfNoUse = result === "nobody" || result === "draining" || result === "nonsense";
    return isOfNoUse && (repeatable || !mayBeDone(attempt));
  }

  #tellNonsense({ who }: Ticket, { answer }: Attempt, trace: Trace | undefined): Answer {
    this.#options.tell({ kind: "nonsense", who }, trace);
    return answer;
  }

  /** Takes the next turn, and sends the copies that go with it: nobody waits for those. */
  #takeTurn(asking: Asking): Ticket | undefined {
    const { clock } = this.#options;
    const { tried } = asking;
    const { repeatable = true, trace } = asking.options;
    const tell = tried.size < MOST_TOLD ? this.#options.tell : () => undefined;
    tell({ kind: "resolving" }, trace);
    tell({ kind: "resolved", live: () => this.tracker.live(clock.now()).map((member) => member.who) }, trace);
    const turn = this.resolver.next(clock.now(), { tried, repeatable, slow: this.slow });
    this.#tellAll(turn.changes, trace);
    if (turn.retests.length + turn.trials.length > 0) this.#sendCopies([...turn.retests, ...turn.trials], asking);
    if (turn.call !== undefined) tell({ kind: "using", who: turn.call.who }, trace);
    return turn.call;
  }

  #sendCopies(tickets: readonly Ticket[], { request, options, reject }: Asking): void {
    const timeoutMs = this.#options.rules.requestTimeoutMs;
    const { accepts = ANYTHING, trace } = options;
    const sent = { accepts, trace };
    for (const ticket of tickets) {
      this.#send({ ticket, request, timeoutMs, options: sent, sentAs: "copy", ended: NOT_WAITED_FOR, reject });
    }
  }

  /** Sends, reads and settles: whatever happens on the way, the ticket does not stay out. */
  #send(sending: Sending): void {
    try {
      const { bus, clock } = this.#options;
      const { ticket, request, timeoutMs, options, sentAs } = sending;
      const { repeatable = true, signal, trace } = options;
      const span = beginAttempt(trace, ticket, sentAs === "copy");
      // In the body, not in headers: those cost a caller a quarter more of its processor time for each call.
      const carried = span?.carried ?? trace?.carried;
      const body = encodeRequest(request, Math.round(clock.wall() + timeoutMs), carried);
      const how = { timeoutMs, signal, answersOnce: ticket.member.answersOnce, mayBeDone: !repeatable };
      bus.call(ticket.who.address, body, how, (reply) => this.#ended(sending, span, reply));
    } catch (error) {
      sending.reject(error);
    }
  }

  #ended(sending: Sending, span: Span | undefined, reply: Reply): void {
    const { ticket, timeoutMs, options, sentAs, ended, reject } = sending;
    try {
      const attempt = readAttempt(reply, ticket.who, options.accepts ?? ANYTHING);
      // The dead have no breaker to open.
      const result = reply.kind === "lost" ? "nobody" : this.#charge(attempt, timeoutMs);
      this.#settle(ticket, result, options.trace);
      if (span !== undefined) endAttempt(span, { ...attempt, result });
      this.#count(ticket, attempt, result, sentAs);
      ended(attempt);
    } catch (error) {
      reject(error);
    }
  }

  #count({ who, sentAt }: Ticket, { answer }: Attempt, result: Result, sentAs: SentAs): void {
    const { clock, count } = this.#options;
    count({ kind: "attempt", who, sentAs, result, isRefusal: answer.kind === "refused", tookMs: clock.now() - sentAt });
  }

  /** A call that reached its instance late, after others, says nothing about an instance that had no time. */
  #charge({ result }: Attempt, timeoutMs: number): Result {
    const hadItsTime = timeoutMs >= this.#options.rules.requestTimeoutMs * LEAST_SHARE_TO_CHARGE;
    return result === "timeout" && !hadItsTime ? "nothing" : result;
  }

  #settle(ticket: Ticket, result: Result, trace: Trace | undefined): void {
    const changes = this.tracker.settle(ticket, result, this.#options.clock.now());
    this.#tellAll(changes, trace);
    // Whoever is opened is asked to beat: a pause that is over already need not last until the next heartbeat.
    if (changes.some((change) => change.kind === "opened")) this.#hearing.callTheRoll();
  }

  #tellAll(changes: readonly Change[], trace?: Trace): void {
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
