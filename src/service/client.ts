// The caller's side of any service: its life cycle, its first roll call, and the events of its tracker. A call itself is
// call.ts.

import { checkServiceName } from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import type { Balancer, Resolver } from "../health/balancer.ts";
import { newRetryBudget } from "../health/call-budget.ts";
import { Deprioritized } from "../health/deprioritized.ts";
import { HedgePolicy } from "../health/hedge.ts";
import type { HealthEvent, InstanceRef } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { type StrandedCall, whyUnavailable } from "../health/unavailable.ts";
import type { Trace, Tracing } from "../trace/core/trace.ts";
import { anObjectWith, shownOption } from "../util/options.ts";
import { onAbort } from "./abort-listeners.ts";
import { Call } from "./call.ts";
import type { CallContext } from "./call-context.ts";
import { CallerWarnings } from "./caller-warnings.ts";
import { type AttemptOutcome, type ClientOptions, type ResolvedClientOptions, withDefaults } from "./client-options.ts";
import { ClientStreams, type StreamOptions } from "./client-streams.ts";
import { isLongerThan } from "./core/body.ts";
import { CancelRuns } from "./core/cancel-runs.ts";
import { DirectSubjects } from "./core/direct-subjects.ts";
import { RequestTimeWriter } from "./core/request-headers.ts";
import { FirstConnection } from "./first-connection.ts";
import { textOf } from "./guard.ts";
import { HeartbeatListener } from "./heartbeat-listener.ts";
import { type InstanceStatus, statusesOf } from "./instance-status.ts";
import { LateWatch } from "./late-watch.ts";
import { type ClientObserver, Observers } from "./observers.ts";
import { failedWhy, type Outcome, type Unanswered, unsent, type Why } from "./outcome.ts";
import { type AskOptions, type CallRequest, readCall } from "./request.ts";
import type { ItemStream } from "./stream-reader.ts";

export type { AskOptions } from "./request.ts";

/** The caller's side of a service without a contract. */
export interface Client extends AsyncDisposable {
  readonly service: string;
  /** The health of every known instance. Read only. */
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  /** Incarnations that a pick avoids for now, because they are overloaded. Undefined: none. */
  readonly deprioritized: Deprioritized | undefined;
  /** Resolves when the first roll call after connecting is over. Resolves at once if it is over or the bus is away. */
  ready(): Promise<void>;
  /**
   * Sends the request to one instance. If that is dead or leaving, the next one gets it, all within one request timeout.
   * Never rejects: a failure on the caller's own side (request, options, check, listeners) is a result as well.
   */
  ask<T = unknown>(request: unknown, options?: AskOptions<T>): Promise<Outcome<T>>;
  /**
   * Opens a stream: the first reply of an instance, in the time of a call, is the outcome. Its value is the stream. Never
   * rejects; the stream itself throws a `StreamError` if it does not come to its end.
   */
  stream(request: unknown, options?: StreamOptions): Promise<Outcome<ItemStream>>;
  /** What this client believes of each instance, and why. */
  instances(): readonly InstanceStatus[];
  /** Observes its events, attempts and calls from now on. @returns ends that */
  observe(observer: ClientObserver): Cancel;
  /**
   * Ends its streams as well. Calls that are in flight end as without it. Each later call, and each that still waits for the
   * first connection or roll call, ends at once as `failed`, and is not sent.
   */
  close(): void;
}

/** How often leases are checked for expiry. A pick checks them itself, so this only bounds how late a loss is reported. */
const TICK_MS = 200;

/** @throws TypeError for an option that breaks its rule: its name, its value and the rule */
export function openClient(options: ClientOptions): Client {
  const resolved = withDefaults(options);
  const name = checkServiceName(resolved.service);
  if (name.kind === "bad") throw new TypeError(name.why);
  const client = new ServiceClient(resolved);
  client.start();
  return client;
}

const tooLarge = (limitBytes: number): Required<Why> =>
  failedWhy("the request was not sent", `it is over the bus's limit of ${limitBytes} bytes`);

const CLOSED = failedWhy("the request was not sent", "the client is closed");

const aTracker = anObjectWith("a tracker", "tick", "live");
const aResolver = anObjectWith("a resolver", "peek");

/** @throws TypeError when `createBalancer` returns no balancer: before anything of the client runs */
function balancerOf({ createBalancer, service, rules, random }: ResolvedClientOptions): Balancer {
  const made: unknown = createBalancer(service, rules, random);
  const { tracker, resolver } = Object(made) as Partial<Balancer>;
  const isBalancer = aTracker.fits(tracker) && aResolver.fits(resolver);
  if (isBalancer && tracker !== undefined && resolver !== undefined) return { tracker, resolver };
  throw new TypeError(`createBalancer returned a value ${shownOption(made)}: it must return what newBalancer returns`);
}

class ServiceClient implements Client {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
  readonly service: string;
  readonly #options: ResolvedClientOptions;
  readonly #observers: Observers;
  readonly #heartbeatListener: HeartbeatListener;
  readonly #lateWatch: LateWatch;
  readonly #warnings: CallerWarnings;
  readonly #calls: CallContext;
  readonly #streams: ClientStreams;
  readonly #firstConnection: FirstConnection;
  #stopTicking: Cancel = () => {};
  #isClosed = false;

  constructor(given: ResolvedClientOptions) {
    this.#observers = new Observers(given, given.guard);
    const { onEvent, onAttempt } = this.#observers;
    const options = { ...given, onEvent, onAttempt: (ended: AttemptOutcome) => this.#onAttempt(ended, onAttempt) };
    this.service = options.service;
    this.#options = options;
    this.#streams = new ClientStreams(options);
    const { tracker, resolver } = balancerOf(options);
    this.tracker = tracker;
    this.resolver = resolver;
    this.#firstConnection = new FirstConnection(options);
    const emitChanges = (changes: readonly HealthEvent[]): void => this.#emitChanges(changes);
    const warnings = new CallerWarnings(options, tracker, emitChanges);
    this.#warnings = warnings;
    this.#heartbeatListener = new HeartbeatListener(options, tracker, emitChanges);
    const giveUp = (who: InstanceRef): void => this.#giveUp(who);
    this.#lateWatch = new LateWatch(options, tracker, emitChanges, giveUp, (overdue) => warnings.warnOf(overdue));
    const retryBudget = newRetryBudget(options.hedge);
    const hedge = options.hedge ? new HedgePolicy(retryBudget) : undefined;
    this.#calls = {
      ...{ options, tracker, resolver, requestTime: new RequestTimeWriter(), subjects: new DirectSubjects() },
      cancelRuns: new CancelRuns(),
      ...{ hedge, retryBudget, deprioritized: new Deprioritized(), lateWatch: this.#lateWatch },
      emitAll: (events, trace) => this.#emitChanges(events, trace),
      sendRollCall: () => !this.#isClosed && this.#heartbeatListener.sendRollCall(),
      shortCircuit: (call) => this.#shortCircuit(call),
      countFailed: (why) => void this.#failed(why),
    };
  }

  #onAttempt(ended: AttemptOutcome, report: (ended: AttemptOutcome) => void): void {
    try {
      this.#warnings.onAttempt(ended);
      if (ended.kind === "attempt" && ended.result === "no-responders") this.#heartbeatListener.foundDead();
    } catch (error) {
      // A balancer or a bus of the user's own has thrown. The call, which waits behind this, goes on.
      this.#options.guard.failed("core", error);
    }
    report(ended);
  }

  get deprioritized(): Deprioritized | undefined {
    return this.#calls.deprioritized.at(this.#options.clock.now());
  }

  start(): void {
    const { clock, guard } = this.#options;
    const tick = (): void => {
      const now = clock.now();
      this.#emitChanges(this.tracker.tick(now));
      this.#heartbeatListener.tick(now);
    };
    this.#stopTicking = clock.every(TICK_MS, () => guard.run("core", tick, undefined), "background");
    this.#heartbeatListener.start();
    this.#warnings.start();
  }

  instances(): readonly InstanceStatus[] {
    return statusesOf(this.tracker, this.#options.clock.now());
  }

  observe(observer: ClientObserver): Cancel {
    return this.#observers.add(observer);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTicking();
    this.#heartbeatListener.close();
    this.#lateWatch.close();
    this.#warnings.close();
    this.#streams.close();
    this.#firstConnection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async ready(): Promise<void> {
    await this.#heartbeatListener.rollCall;
  }

  ask<T>(request: unknown, options: AskOptions<T> = {}): Promise<Outcome<T>> {
    const call = readCall(request, options);
    if (call.kind === "not made") return Promise.resolve(this.#notMade(call.why));
    // The value of an answered call is what the `read` of these options returned.
    return this.#begin(call) as Promise<Outcome<T>>;
  }

  async stream(request: unknown, options: StreamOptions = {}): Promise<Outcome<ItemStream>> {
    const call = this.#streams.read(request, options);
    return call.kind === "not made" ? this.#notMade(call.why) : this.#streams.settle(call, await this.#begin(call));
  }

  #begin(call: CallRequest): Promise<Outcome> {
    const outcome = this.#start(call);
    return this.#observers.areAny ? this.#observed(call, outcome) : outcome;
  }

  #start(made: CallRequest): Promise<Outcome> {
    const { tracing } = this.#options;
    const call = tracing === undefined ? made : this.#traced(made, tracing);
    if (this.#firstConnection.isAwaited) return this.#askOnceConnected(call);
    const { rollCall } = this.#heartbeatListener;
    return rollCall === undefined ? this.#ask(call) : rollCall.then(() => this.#ask(call));
  }

  async #observed({ operation }: CallRequest, outcome: Promise<Outcome>): Promise<Outcome> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const ended = await outcome;
    const result = ended.kind === "unanswered" ? ended.reason : ended.kind;
    this.#observers.onCall({ operation, result, tookMs: clock.now() - startedAt });
    return ended;
  }

  #notMade(why: Required<Why>): Unanswered {
    this.#observers.onCall({ operation: "", result: why.reason, tookMs: 0 });
    return this.#failed(why);
  }

  /** The span that is active where the call is made is read here, before anything is awaited. */
  #traced(call: CallRequest, tracing: Tracing): CallRequest {
    if (call.trace !== undefined || tracing.active === undefined) return call;
    return { ...call, trace: this.#options.guard.run("tracing", () => tracing.active?.(), undefined) };
  }

  async #askOnceConnected(call: CallRequest): Promise<Outcome> {
    const { clock, rules } = this.#options;
    const madeAt = clock.now();
    const { timeoutMs = rules.requestTimeoutMs, inherited } = call;
    const limitMs = Math.min(timeoutMs, Math.max(0, inherited?.leftMs(clock.wall()) ?? timeoutMs));
    await this.#firstConnection.wait(limitMs, call.signal);
    await this.#heartbeatListener.rollCall;
    return this.#ask({ ...call, waitedMs: clock.now() - madeAt });
  }

  /** A bus of the user's own may throw. */
  #ask(call: CallRequest): Promise<Outcome> {
    try {
      return this.#send(call);
    } catch (error) {
      return Promise.resolve(this.#failed(failedWhy("the call failed in its own process", textOf(error))));
    }
  }

  #send(call: CallRequest): Promise<Outcome> {
    const { bus } = this.#options;
    if (this.#isClosed) return Promise.resolve(this.#failed(CLOSED));
    if (bus.status !== "connected") return Promise.resolve(unsent(this.#whyNotSent(call)));
    const maxBytes = bus.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    if (isLongerThan(call.body.body, maxBytes)) return Promise.resolve(this.#failed(tooLarge(maxBytes)));
    return new Promise((resolve) => {
      if (call.signal === undefined && call.inherited === undefined) new Call(this.#calls, call, resolve).start();
      else this.#startUntilAborted(call, resolve);
    });
  }

  /**
   * Starts a call that ends when its caller's signal is aborted, or that of the request within which it is made. A signal may
   * throw, or fire twice or late.
   */
  #startUntilAborted(request: CallRequest, resolve: (outcome: Outcome) => void): void {
    const endWaits: Cancel[] = [];
    let isOver = false;
    const call = new Call(this.#calls, request, (outcome) => {
      isOver = true;
      for (const endWait of endWaits) this.#options.guard.run("signal", endWait, undefined);
      resolve(outcome);
    });
    const cancel = (): void => call.cancel();
    try {
      for (const signal of [request.signal, request.inherited?.signal])
        if (signal !== undefined && !isOver) endWaits.push(onAbort(signal, cancel));
    } catch (error) {
      resolve(this.#failed(failedWhy("the options of the call cannot be used", textOf(error))));
      return;
    }
    call.start();
  }

  /** Calls in flight to a dead instance end. */
  #giveUp(who: InstanceRef): void {
    const { bus, guard } = this.#options;
    const { subjects } = this.#calls;
    // Its row may have been evicted and added again: calls of the old row went to any operation that it has.
    const operations = this.tracker.find(who.incarnation)?.operations ?? [];
    const all = new Set([...subjects.allOf(who), ...operations.map((operation) => subjects.of(who, operation))]);
    for (const subject of all) guard.run("the bus", () => bus.giveUp(subject), undefined);
  }

  #failed(why: Required<Why>): Unanswered {
    this.#options.onAttempt({ kind: "failed", detail: why.detail });
    return unsent(why);
  }

  #shortCircuit(call: StrandedCall): Why {
    const { clock, onAttempt, service } = this.#options;
    onAttempt({ kind: "short-circuited" });
    const now = clock.now();
    const reason = whyUnavailable(this.tracker.all(), (member) => this.tracker.isLive(member, now), call);
    if (reason === "no-instances") return this.#denied() ?? { reason };
    if (reason !== "no-such-operation") return { reason };
    return { reason, detail: `no instance of ${service} has the operation ${call.operation}` };
  }

  #whyNotSent({ signal }: CallRequest): Why {
    const { bus, guard } = this.#options;
    if (signal !== undefined && guard.run("signal", () => signal.aborted, false)) return { reason: "cancelled" };
    const detail = bus.lastFailure?.message;
    return this.#denied() ?? { reason: "disconnected", ...(detail !== undefined && { detail }) };
  }

  /** The server denies heartbeats to this process. That is then the reason why no instance is known. */
  #denied(): Why | undefined {
    const failure = this.#options.heartbeatBus.lastFailure;
    return failure?.isDenial ? { reason: "denied", detail: failure.message } : undefined;
  }

  #emitChanges(changes: readonly HealthEvent[], trace?: Trace): void {
    if (changes.length === 0) return;
    // Each by itself: where a balancer or a bus of the user's own throws, the next ones are emitted all the same.
    for (const change of changes) this.#options.guard.run("core", () => this.#emit(change, trace), undefined);
  }

  #emit(change: HealthEvent, trace?: Trace): void {
    const { clock, guard, onEvent } = this.#options;
    const { kind, who } = change;
    onEvent(change, trace);
    const giveUp = (): void => guard.run("core", () => this.#giveUp(who), undefined);
    // After the reads of this turn of the loop: the last answers of the instance may be among them.
    if (kind === "lost" && change.why === "no responders") clock.afterIoPoll(giveUp);
    else if (kind === "late") this.#lateWatch.ask(who.incarnation);
    else if (kind === "lost" || kind === "left") this.#lateWatch.askGone(who.incarnation);
    this.#warnings.onChange(change);
  }
}
