// Handles the requests of one instance.
//
// The life of a request: received -> dropped if its caller has given up -> decoded -> handled -> answered and counted. With
// a limit (request-limiter.ts) it may wait before it is decoded, or be refused.

import type { Message, NotSent } from "../bus/bus.ts";
import type { Headers } from "../bus/core/headers.ts";
import { CANCEL_PART, directSubject, operationOf } from "../bus/core/subjects.ts";
import { headerText } from "../bus/nats-message.ts";
import type { Trace } from "../trace/core/trace.ts";
import { isThenable } from "../util/promises.ts";
import { NO_SUCH_OPERATION, STOPPED, UNFINISHED } from "./attempt.ts";
import { endHandling, runWithin, traceOfRequest } from "./call-span.ts";
import type { RequestLimit } from "./core/admission.ts";
import { afterDrop, afterFlush, afterStall, type Backlog, isExpired, NO_BACKLOG } from "./core/backlog.ts";
import { decodeValue } from "./core/body.ts";
import {
  type EncodedResult,
  type ErrorReply,
  encode,
  type Handler,
  type HandlerResult,
  refuse,
  type StreamResult,
  thrownRefusal,
} from "./core/handler.ts";
import { NO_STATS, type ServiceStats, sumOf } from "./core/nats-service-info.ts";
import { RecentRequests, type RecentStats } from "./core/recent-requests.ts";
import { deadlineOf, timeoutOf } from "./core/request-headers.ts";
import { STREAM_PART } from "./core/stream-wire.ts";
import { InFlight } from "./in-flight.ts";
import type { ResolvedInstanceOptions } from "./instance-options.ts";
import { abortedBecause, type ContextSource, ReceivedContext } from "./request-context.ts";
import { type LimitedRequest, RequestLimiter } from "./request-limiter.ts";
import { StreamSenders } from "./stream-senders.ts";

export type RequestHandlerOptions = Pick<
  ResolvedInstanceOptions,
  "bus" | "service" | "instance" | "incarnation" | "clock" | "handlers" | "limit" | "tracing" | "guard" | "onEvent"
>;

/** The code that the caller receives if the answer is too large for the bus. */
const NOT_SENT = 500;
const LEFT: ErrorReply = { kind: "refusal", code: UNFINISHED, message: "left before it was finished" };
const STOPPED_FOR_CALLER = refuse(STOPPED, "stopped: its caller waits no more");

/** A NATS server has none that is longer. */
const MAX_SUBJECT_BYTES = 4_096;
const decoder = new TextDecoder();

const TRACE_KEY = "traceparent";

/** A request in the hands of its operation. */
interface Received {
  readonly message: Message;
  readonly operation: Operation;
  /** In running time. */
  readonly startedAt: number;
  readonly context: ReceivedContext;
  /** Undefined without a limit. */
  readonly limited: Limited | undefined;
}

interface Limited extends LimitedRequest {
  readonly operation: Operation;
  readonly headers: Headers;
}

/** An operation, its handler and its counts. */
interface Operation {
  readonly name: string;
  readonly handle: Handler;
  stats: ServiceStats;
  readonly recent: RecentRequests;
}

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  /** Requests whose handler has not finished. */
  readonly #inFlight = new InFlight<Received>();
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #contextSource: ContextSource;
  /** Real time is running time plus this. */
  #stalledMs = 0;
  readonly #streams: StreamSenders;
  readonly #limiter: RequestLimiter<Limited> | undefined;
  #backlog: Backlog = NO_BACKLOG;
  #onIdle: () => void = () => {};

  constructor(options: RequestHandlerOptions) {
    const { service, incarnation, instance, clock } = options;
    this.#options = options;
    this.#contextSource = {
      instance: { service, instance, incarnation, address: directSubject(service, incarnation) },
      clock,
      realNow: () => this.#realNow(),
    };
    this.#streams = new StreamSenders(options);
    this.#limiter = options.limit && this.#newLimiter(options.limit);
    this.#operations = new Map(
      [...options.handlers].map(([name, handle]) => [
        name,
        { name, handle, stats: NO_STATS, recent: new RecentRequests() },
      ]),
    );
  }

  receive(message: Message): void {
    const { clock } = this.#options;
    // Reading the clock comes first: it detects a stall before the first request that waited through it is checked.
    const receivedAt = clock.now();
    const name = operationOf(message.subject);
    const operation = this.#operations.get(name);
    if (operation === undefined) {
      this.#receiveOther(name, message);
      return;
    }
    const { headers } = message;
    if (this.#backlog.kind === "clearing" && isExpired(this.#backlog, deadlineOf(headers), clock.wall()))
      this.#drop(operation);
    else if (this.#limiter === undefined) this.#handle(message, operation, headers, receivedAt);
    else this.#limiter.arrive(limitedRequest(message, operation, headers, receivedAt + this.#stalledMs));
  }

  #newLimiter(limit: RequestLimit): RequestLimiter<Limited> {
    const { clock, onEvent } = this.#options;
    return new RequestLimiter<Limited>({
      ...{ limit, clock },
      now: () => this.#realNow(),
      begin: (request) => this.#handle(request.message, request.operation, request.headers, clock.now(), request),
      refused: ({ operation }, why) => {
        const { dropped, overloaded } = operation.stats;
        const count = why === "expired" ? { dropped: dropped + 1 } : { overloaded: overloaded + 1 };
        operation.stats = { ...operation.stats, ...count };
      },
      overdue: ({ operation }, ranMs) => onEvent({ kind: "handler-overdue", operation: operation.name, ranMs }),
      emptied: () => this.#noteIfIdle(),
    });
  }

  /** A message of the protocol itself, or a request for an operation that this instance lacks. */
  #receiveOther(name: string, message: Message): void {
    if (name === STREAM_PART) this.#streams.receive(message);
    else if (name === CANCEL_PART) this.#cancel(message);
    else message.refuse(NO_SUCH_OPERATION, `no such operation: ${name}`);
  }

  /**
   * The caller of a request waits for its answer no more. Its handler answers all the same, when it is done: by that answer
   * the caller judges this instance. A cancel that names no request here is late, or forged. Its sender must know the reply
   * subject, which is sent to this instance alone, and may call it.
   */
  #cancel({ body }: Message): void {
    if (body.length > MAX_SUBJECT_BYTES) return;
    const replyTo = decoder.decode(body);
    const inFlight = this.#inFlight.find(replyTo);
    if (inFlight === undefined) this.#limiter?.cancel(replyTo);
    else inFlight.context.abort(abortedBecause("the caller has given up"));
  }

  /**
   * Most handlers return at once, and their answer is sent at once, without a promise. The instance's own part of a request,
   * from body to answer, takes 1.3 µs; with three promises for each it took 1.7 µs.
   * @returns true: the handler goes on, and the request is answered later
   */
  #handle(message: Message, operation: Operation, headers: Headers, startedAt: number, limited?: Limited): boolean {
    const trace = this.#traceOf(operation, headers);
    const realReceivedAt = limited?.receivedAt ?? startedAt + this.#stalledMs;
    const context = new ReceivedContext(this.#contextSource, operation.name, headers, trace, realReceivedAt);
    const received = { message, operation, startedAt, context, limited };
    const decoded = decodeValue(message.body, headers);
    if (decoded.kind === "unreadable") {
      this.#end(received, refuse(400, `bad request: the body is ${decoded.why}`));
      return false;
    }
    let encoded: EncodedResult;
    try {
      const result = this.#run(operation, decoded.value, context);
      if (isThenable(result) || result.kind === "stream") {
        this.#finishLater(received, result);
        return true;
      }
      encoded = encode(result);
    } catch (error) {
      encoded = this.#failed(error, context);
    }
    this.#end(received, encoded);
    return false;
  }

  #run({ handle }: Operation, body: unknown, context: ReceivedContext): ReturnType<Handler> {
    const { tracing, guard } = this.#options;
    if (tracing?.within === undefined || context.trace === undefined) return handle(body, context);
    return runWithin(tracing, context.trace, guard, () => handle(body, context));
  }

  #traceOf({ name }: Operation, headers: Headers): Trace | undefined {
    const { tracing, service, guard } = this.#options;
    if (tracing === undefined && !headers.has(TRACE_KEY)) return undefined;
    return guard.run("tracing", () => traceOfRequest(tracing, service, name, headers), undefined);
  }

  #finishLater(received: Received, handling: PromiseLike<HandlerResult> | HandlerResult): void {
    this.#inFlight.add(received);
    // Encoded inside the promise, so that a rejection and a body that JSON cannot hold end the same way.
    Promise.resolve(handling)
      .then((result) => (result.kind === "stream" ? this.#sendItems(received, result) : encode(result)))
      .then(
        (encoded) => this.#finish(received, encoded),
        (error: unknown) => this.#finish(received, this.#failed(error, received.context)),
      );
  }

  /** @returns the last reply, once all items are sent */
  #sendItems({ message, context, limited }: Received, result: StreamResult): Promise<EncodedResult> {
    context.begin();
    if (limited !== undefined) this.#limiter?.isStream(limited);
    return this.#streams.send(message, result, (reason) => context.abort(reason));
  }

  #finish(received: Received, encoded: EncodedResult): void {
    // False: the goodbye has refused the request meanwhile, and a caller must not get two answers.
    if (this.#inFlight.delete(received)) this.#end(received, encoded);
    else this.#endSpan(received.context.trace, encoded);
    if (received.limited !== undefined) this.#limiter?.ended(received.limited);
    this.#noteIfIdle();
  }

  #failed(error: unknown, context: ReceivedContext): EncodedResult {
    if (context.isStoppedBy(error)) return STOPPED_FOR_CALLER;
    const refusal = thrownRefusal(error);
    if (refusal !== undefined) return refusal;
    this.#options.onEvent({ kind: "failed", error, operation: context.operation }, context.trace);
    // The error goes to our own log only. The caller gets no detail of it.
    return refuse(500, "internal error");
  }

  /** Answers, counts and ends the span. An answer that was not sent is an error of this instance. */
  #end({ message, operation, startedAt, context }: Received, encoded: EncodedResult): void {
    context.end();
    const now = this.#options.clock.now();
    const notSent =
      encoded.kind === "answer"
        ? message.answer(encoded.body, encoded.lines)
        : message.refuse(encoded.code, encoded.message, encoded.body);
    const ended = notSent === undefined ? encoded : refuse(NOT_SENT, `not sent: ${reasonOf(notSent)}`);
    operation.stats = withRequest(operation.stats, ended, now - startedAt);
    const { lastError: text } = operation.stats;
    operation.recent.add(ended.kind === "refusal" ? { code: ended.code, text } : undefined, now);
    this.#endSpan(context.trace, ended);
  }

  /** A tracer is user code: if it throws, the answer is sent all the same. */
  #endSpan(trace: Trace | undefined, encoded: EncodedResult): void {
    if (trace !== undefined) this.#options.guard.run("tracing", () => endHandling(trace, encoded), undefined);
  }

  #drop(operation: Operation): void {
    this.#backlog = afterDrop(this.#backlog);
    operation.stats = { ...operation.stats, dropped: operation.stats.dropped + 1 };
  }

  /** The counts of all operations. */
  get counts(): ServiceStats {
    return sumOf([...this.#operations.values()].map(({ stats }) => stats));
  }

  /** Requests that wait for a slot of the limit. */
  get waiting(): number {
    return this.#limiter?.waiting ?? 0;
  }

  /** The counts of each operation. */
  get operationCounts(): ReadonlyMap<string, ServiceStats> {
    return new Map([...this.#operations].map(([name, { stats }]) => [name, stats]));
  }

  statsOf = (operation: string): ServiceStats => this.#operations.get(operation)?.stats ?? NO_STATS;

  /** The requests of the last minute. Undefined: there is no such operation. */
  recentOf = (operation: string): RecentStats | undefined =>
    this.#operations.get(operation)?.recent.read(this.#options.clock.now());

  // The backlog of a stall.

  /** A stall has been measured. Until `backlogCleared`, requests that waited through it may arrive. */
  afterStall(stalledMs: number): void {
    this.#stalledMs += stalledMs;
    this.#backlog = afterStall(this.#backlog, stalledMs);
  }

  /** All messages of one stall have arrived. @returns how many requests were dropped, if no other stall is open */
  backlogCleared(): number {
    const before = this.#backlog;
    this.#backlog = afterFlush(before);
    return before.kind === "clearing" && this.#backlog.kind === "none" ? before.dropped : 0;
  }

  /** The clock is read first, because reading it detects a stall. */
  #realNow(): number {
    const ranMs = this.#options.clock.now();
    return ranMs + this.#stalledMs;
  }

  // Goodbye.

  /** Resolves once all requests are finished, and after `limitMs` at the latest. */
  async untilIdle(limitMs: number): Promise<void> {
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(limitMs, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  get #isIdle(): boolean {
    return this.#inFlight.size === 0 && (this.#limiter === undefined || this.#limiter.waiting === 0);
  }

  #noteIfIdle(): void {
    if (this.#isIdle) this.#onIdle();
  }

  /** Ends the requests that are not finished. What their handlers return later is not sent. */
  refuseUnfinished(): void {
    this.#limiter?.refuseWaiting();
    for (const { message, context } of this.#inFlight.takeAll()) {
      message.refuse(LEFT.code, LEFT.message);
      context.abort(abortedBecause("the instance is leaving"));
    }
    this.#streams.failAll(LEFT);
  }
}

const reasonOf = (notSent: NotSent): string => (notSent.kind === "unsent" ? notSent.why : "the bus is disconnected");

function withRequest(stats: ServiceStats, ended: EncodedResult, tookMs: number): ServiceStats {
  const { requests, errors, lastError, processingMs, dropped, overloaded } = stats;
  const failed = ended.kind === "refusal";
  return {
    requests: requests + 1,
    errors: failed ? errors + 1 : errors,
    lastError: failed ? `${ended.code}:${headerText(ended.message)}` : lastError,
    processingMs: processingMs + tookMs,
    dropped,
    overloaded,
  };
}

/** @param receivedAt in real time */
function limitedRequest(message: Message, operation: Operation, headers: Headers, receivedAt: number): Limited {
  const expiresAt = receivedAt + (timeoutOf(headers) ?? Number.POSITIVE_INFINITY);
  return { message, operation, headers, receivedAt, expiresAt, begunAt: receivedAt, isStream: false };
}
