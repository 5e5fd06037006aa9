// One instance of any service: answers requests, sends heartbeats, and says goodbye. A service only writes the handler.
//
// The life of a request: received -> decoded -> dropped if its caller has given up -> handled -> answered and counted.

import { type BusStatus, type Message, type NotSent, type Subscription, untilConnected } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import { headerText } from "../bus/nats-message.ts";
import { type Cancel, isoTime } from "../clock.ts";
import { FaultService } from "../faults/fault-service.ts";
import type { Heartbeat } from "../health/heartbeat.ts";
import type { Trace } from "../trace/core/trace.ts";
import { decodeBody } from "../util/json.ts";
import { isThenable } from "../util/promises.ts";
import { queryLimit } from "../util/token-bucket.ts";
import { MAX_BODY_BYTES, UNFINISHED } from "./answer.ts";
import { endHandling, traceOfRequest } from "./call-span.ts";
import { afterDrop, afterFlush, afterStall, type Backlog, isExpired, NO_BACKLOG } from "./core/backlog.ts";
import { type EncodedResult, encode, type Handler, type HandlerResult, refuse } from "./core/handler.ts";
import {
  infoAnswer,
  NO_STATS,
  pingAnswer,
  type ServiceInfo,
  type ServiceStats,
  statsAnswer,
} from "./core/nats-service-info.ts";
import { HeartbeatSender } from "./heartbeat-sender.ts";
import { checkIdentity, findDuplicate } from "./identity.ts";
import { type InstanceOptions, type ResolvedInstanceOptions, withDefaults } from "./instance-options.ts";
import { deadlineOf } from "./request.ts";

export interface Instance {
  readonly address: string;
  readonly counts: ServiceStats;
  /** The process was continued (SIGCONT): sends a heartbeat at once. */
  resumed(): void;
  /** Says goodbye, finishes its requests, and leaves, within `limitMs` (default: 5 s) and a round trip. */
  goodbye(limitMs?: number): Promise<void>;
}

export type Started =
  | { readonly kind: "started"; readonly instance: Instance }
  /** The number is taken by a process that answers. */
  | { readonly kind: "taken"; readonly by: Heartbeat };

/**
 * Waits for the bus, checks that no other process has the number, and starts to serve.
 * @throws Error when a value of its identity breaks a rule of the protocol: the value and the rule
 */
export async function startInstance(given: InstanceOptions): Promise<Started> {
  const options = withDefaults(given);
  const identity = checkIdentity(options);
  if (identity.kind === "bad") throw new Error(identity.why);
  await waitForBus(options);
  const duplicate = await findDuplicate(options.bus, options.service, options.instance);
  if (duplicate !== undefined) return { kind: "taken", by: duplicate };
  const instance = new RunningInstance(options);
  await instance.start();
  return { kind: "started", instance };
}

/** The reply to a request that an injected fault fails. */
const FAILED_ON_PURPOSE: HandlerResult = refuse(500, "failed on purpose (CHAOS=1)");
/** The code that the caller receives if the answer is too large for the bus. */
const NOT_SENT = 500;
const reasonOf = (notSent: NotSent): string => (notSent.kind === "unsent" ? notSent.why : "the bus is disconnected");

/** How long a request may take after the goodbye: its caller has given up long before. */
const FINISH_TIMEOUT_MS = 5_000;
/** Connecting takes milliseconds if the bus runs. After this time the instance reports what it waits for. */
const WAITING_REPORT_DELAY_MS = 500;

async function waitForBus({ bus, clock, onEvent }: ResolvedInstanceOptions): Promise<void> {
  if (bus.status === "connected") return;
  const cancel = clock.after(WAITING_REPORT_DELAY_MS, () => onEvent({ kind: "waiting", trouble: bus.lastFailure }));
  await untilConnected(bus);
  cancel();
}

class RunningInstance implements Instance {
  readonly address: string;
  readonly #options: ResolvedInstanceOptions;
  readonly #serviceInfo: ServiceInfo;
  readonly #heartbeats: HeartbeatSender;
  /** Undefined without CHAOS=1. */
  readonly #faults: FaultService | undefined;
  readonly #handler: Handler;
  readonly #startedAt: string;
  readonly #requests: Subscription[] = [];
  readonly #controlSubscriptions: Subscription[] = [];
  readonly #inFlight = new Set<Message>();
  readonly #unwatch: Cancel[] = [];
  #counts: ServiceStats = NO_STATS;
  #backlog: Backlog = NO_BACKLOG;
  #onIdle: () => void = () => {};

  constructor(options: ResolvedInstanceOptions) {
    const { service, incarnation, instance, version, clock } = options;
    this.#options = options;
    this.address = subjects.directSubject(service, incarnation);
    const { chaos } = options;
    this.#faults =
      chaos &&
      new FaultService({ ...options, process: chaos, emit: options.onEvent, beat: () => this.#heartbeats.beat() });
    const injector = this.#faults?.injector;
    this.#handler = injector?.wrap(options.handle, FAILED_ON_PURPOSE) ?? options.handle;
    this.#heartbeats = new HeartbeatSender({ ...options, address: this.address, faults: injector });
    this.#serviceInfo = {
      ...{ service, incarnation, instance, version },
      address: this.address,
      sharedSubject: subjects.sharedSubject(service),
    };
    this.#startedAt = isoTime(clock.wall());
  }

  get counts(): ServiceStats {
    return this.#counts;
  }

  async start(): Promise<void> {
    const { bus, service, clock, onEvent } = this.#options;
    const receive = (message: Message): void => this.#receive(message);
    // First, so that it learns of a stall first: the heartbeat that follows lists the faults that are still active.
    this.#faults?.start();
    this.#requests.push(bus.subscribe(subjects.sharedSubject(service), receive, service, "required"));
    this.#requests.push(bus.subscribe(this.address, receive, undefined, "required"));
    const onRollCall = (message: Message): void => this.#heartbeats.onRollCall(message);
    this.#controlSubscriptions.push(
      bus.subscribe(subjects.rollCallSubject(service), onRollCall, undefined, "required"),
    );
    this.#answerVerb("PING", () => pingAnswer(this.#serviceInfo));
    this.#answerVerb("INFO", () => infoAnswer(this.#serviceInfo));
    this.#answerVerb("STATS", () => statsAnswer(this.#serviceInfo, this.#counts, this.#startedAt));
    this.#unwatch.push(clock.onStall((stalledMs) => this.#afterStall(stalledMs)));
    // Up once the server has the subscriptions: a heartbeat before that would attract calls that nothing receives.
    while (!(await bus.flush())) {
      if (bus.status === "closed") return;
      await waitForBus(this.#options);
    }
    this.#unwatch.push(bus.watch((status) => this.#afterStatus(status)));
    this.#heartbeats.start();
    // After "up" a caller may call it at once, over another connection than that of the heartbeat.
    await bus.flush();
    onEvent({ kind: "up", address: this.address });
  }

  #answerVerb(verb: "PING" | "INFO" | "STATS", make: () => object): void {
    const { bus, clock, service, incarnation } = this.#options;
    const limit = queryLimit();
    const receive = (message: Message): void => {
      if (message.replyTo !== undefined && limit.tryTake(clock.now())) message.answer(JSON.stringify(make()));
    };
    for (const subject of subjects.serviceVerbSubjects(verb, service, incarnation))
      this.#controlSubscriptions.push(bus.subscribe(subject, receive));
  }

  // Requests.

  #receive(message: Message): void {
    const { clock } = this.#options;
    // Reading the clock comes first: it detects a stall before the first request that waited through it is checked.
    const receivedAt = clock.now();
    const decoded = decodeBody(message.body, MAX_BODY_BYTES);
    if (decoded.kind === "unreadable") {
      this.#reply(message, refuse(400, `bad request: the body is ${decoded.why}`), receivedAt);
    } else if (isExpired(this.#backlog, deadlineOf(decoded.value), clock.wall())) {
      this.#drop();
    } else {
      this.#handle(message, decoded.value, receivedAt);
    }
  }

  #drop(): void {
    this.#backlog = afterDrop(this.#backlog);
    this.#counts = { ...this.#counts, dropped: this.#counts.dropped + 1 };
  }

  /**
   * Most handlers return at once, and their answer is sent at once, without a promise. The instance's own part of a request,
   * from body to answer, takes 1.3 µs; with three promises for each it took 1.7 µs.
   */
  #handle(message: Message, request: unknown, receivedAt: number): void {
    const { tracing, service, guard } = this.#options;
    const trace = guard.run("tracing", () => traceOfRequest(tracing, service, request), undefined);
    let encoded: EncodedResult;
    try {
      const result = this.#handler(request, trace);
      if (isThenable(result)) {
        this.#finishLater(message, result, receivedAt, trace);
        return;
      }
      encoded = encode(result);
    } catch (error) {
      encoded = this.#failed(error, trace);
    }
    this.#endHandling(trace, this.#reply(message, encoded, receivedAt));
  }

  #finishLater(
    message: Message,
    handling: PromiseLike<HandlerResult>,
    receivedAt: number,
    trace: Trace | undefined,
  ): void {
    this.#inFlight.add(message);
    // Encoded inside the promise, so that a rejection and a body that JSON cannot hold end the same way.
    Promise.resolve(handling)
      .then(encode)
      .then(
        (encoded) => this.#finish(message, encoded, receivedAt, trace),
        (error: unknown) => this.#finish(message, this.#failed(error, trace), receivedAt, trace),
      );
  }

  #failed(error: unknown, trace: Trace | undefined): EncodedResult {
    this.#options.onEvent({ kind: "failed", error }, trace);
    // The error goes to our own log only. The caller gets no detail of it.
    return refuse(500, "internal error");
  }

  /** A tracer is user code: if it throws, the answer is sent all the same. */
  #endHandling(trace: Trace | undefined, encoded: EncodedResult): void {
    if (trace !== undefined) this.#options.guard.run("tracing", () => endHandling(trace, encoded), undefined);
  }

  #finish(message: Message, encoded: EncodedResult, receivedAt: number, trace: Trace | undefined): void {
    // False: the goodbye has refused the request meanwhile, and a caller must not get two answers.
    const isInFlight = this.#inFlight.delete(message);
    this.#endHandling(trace, isInFlight ? this.#reply(message, encoded, receivedAt) : encoded);
    if (!isInFlight) return;
    if (this.#inFlight.size === 0) this.#onIdle();
  }

  /** @returns the result that counts: an answer that was not sent is an error of this instance */
  #reply(message: Message, encoded: EncodedResult, receivedAt: number): EncodedResult {
    const tookMs = this.#options.clock.now() - receivedAt;
    const notSent = encoded.kind === "answer" ? message.answer(encoded.text) : undefined;
    if (encoded.kind === "refusal") message.refuse(encoded.code, encoded.message);
    const ended = notSent === undefined ? encoded : refuse(NOT_SENT, `not sent: ${reasonOf(notSent)}`);
    this.#count(ended, tookMs);
    return ended;
  }

  #count(encoded: EncodedResult, tookMs: number): void {
    const { requests, errors, lastError, processingMs, dropped } = this.#counts;
    const failed = encoded.kind === "refusal";
    this.#counts = {
      requests: requests + 1,
      errors: failed ? errors + 1 : errors,
      lastError: failed ? `${encoded.code}:${headerText(encoded.message)}` : lastError,
      processingMs: processingMs + tookMs,
      dropped,
    };
  }

  // Stalls, and the bus.

  resumed(): void {
    this.#options.clock.now();
    if (this.#heartbeats.state === "up") this.#heartbeats.start();
  }

  #afterStall(stalledMs: number): void {
    this.#backlog = afterStall(this.#backlog, stalledMs);
    this.#options.onEvent({ kind: "resumed", pausedMs: stalledMs });
    if (this.#heartbeats.state === "up") this.#heartbeats.start();
    void this.#clearBacklog();
  }

  /** All messages that the server held for us arrive before the reply to this flush. With the reply the backlog is over. */
  async #clearBacklog(): Promise<void> {
    await this.#options.bus.flush();
    const before = this.#backlog;
    this.#backlog = afterFlush(before);
    const isCleared = before.kind === "clearing" && this.#backlog.kind === "none";
    if (isCleared && before.dropped > 0) this.#options.onEvent({ kind: "dropped", count: before.dropped });
  }

  #afterStatus(status: BusStatus): void {
    if (this.#heartbeats.state !== "up" || status === "closed") return;
    this.#options.onEvent({ kind: status === "connected" ? "reconnected" : "disconnected" });
    if (status === "connected") this.#heartbeats.start();
  }

  // Goodbye.

  async goodbye(limitMs: number = FINISH_TIMEOUT_MS): Promise<void> {
    if (this.#heartbeats.state !== "up") return;
    this.#faults?.close();
    this.#heartbeats.announce("draining");
    // From here on callers get "no responders" and go to another instance within the same call. Requests that were sent
    // before are still received and answered. So no call is lost, however late a caller receives the goodbye.
    await Promise.all(this.#requests.map((subscription) => subscription.drain()));
    await this.#untilIdle(limitMs);
    for (const message of this.#inFlight) message.refuse(UNFINISHED, "left before it was finished");
    this.#inFlight.clear();
    this.#heartbeats.announce("gone");
    for (const stop of this.#unwatch) stop();
    for (const subscription of this.#controlSubscriptions) subscription.close();
    await this.#options.bus.flush();
  }

  async #untilIdle(limitMs: number): Promise<void> {
    if (this.#inFlight.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(limitMs, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }
}
