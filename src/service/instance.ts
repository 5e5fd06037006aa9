// The life cycle of one instance of any service: start, heartbeats, stalls, goodbye. A service only writes the handler. A
// request is handled in request-handler.ts.

import { type BusStatus, type Message, type Subscription, untilConnected } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import { type Cancel, isoTime } from "../clock.ts";
import { FaultService } from "../faults/fault-service.ts";
import type { FaultInjector } from "../faults/injector.ts";
import type { Heartbeat } from "../health/heartbeat.ts";
import { queryLimit } from "../util/token-bucket.ts";
import { DRAINING } from "./attempt.ts";
import { type ClaimedNumber, claimFixedNumber } from "./claim-number.ts";
import { confirmedFlush } from "./confirmed-flush.ts";
import { type Handler, type HandlerResult, refuse } from "./core/handler.ts";
import { infoAnswer, pingAnswer, type ServiceInfo, type ServiceStats, statsAnswer } from "./core/nats-service-info.ts";
import { STREAM_PART } from "./core/stream-wire.ts";
import { HeartbeatSender } from "./heartbeat-sender.ts";
import { checkIdentity } from "./identity.ts";
import { type InstanceOptions, type ResolvedInstanceOptions, withDefaults } from "./instance-options.ts";
import { Readiness } from "./readiness.ts";
import { RequestHandler } from "./request-handler.ts";
import { BusClosed, NotPermitted } from "./start-errors.ts";

export { BusClosed, NotPermitted };

/** A running instance of a service. */
export interface Instance extends AsyncDisposable {
  readonly service: string;
  /** Its number. */
  readonly instance: number;
  readonly address: string;
  /** The counts of all its operations. */
  readonly counts: ServiceStats;
  /** The same for each operation. */
  readonly operationCounts: ReadonlyMap<string, ServiceStats>;
  /** Requests that wait for a slot of its limit. */
  readonly waiting: number;
  /** The process was continued (SIGCONT): sends a heartbeat at once. */
  resumed(): void;
  /** Says goodbye, finishes its requests, and leaves, within `limitMs` (default: 5 s) and a round trip. */
  goodbye(limitMs?: number): Promise<void>;
}

/** What `startInstance` has done. */
export type Started =
  | { readonly kind: "started"; readonly instance: Instance }
  /** The number is taken by a process that answers. */
  | { readonly kind: "taken"; readonly by: Heartbeat };

/**
 * Waits for the bus, checks that no other process has the number, and starts to serve.
 * @throws TypeError for an option that breaks its rule, or a rule of the protocol: its name, its value and the rule
 * @throws NotPermitted when the server refuses its subscriptions: which one, and what to type
 * @throws BusClosed when the bus is closed meanwhile
 * @throws Error when a bus of the user's own is connected, and each of its flushes returns false for a second
 */
export async function startInstance(given: InstanceOptions): Promise<Started> {
  const options = await checkedAndConnected(given);
  const claim = await claimFixedNumber(options.bus, options.service, options.instance, options.clock);
  if (claim.kind === "taken") return claim;
  try {
    return { kind: "started", instance: await startChecked(options) };
  } finally {
    claim.claimed.release();
  }
}

/** As `startInstance`, with a number that is claimed already. The claim is not released here. */
export async function startClaimed(given: InstanceOptions, claimed: ClaimedNumber): Promise<Started> {
  const options = await checkedAndConnected(given);
  const by = await claimed.holder();
  return by === undefined ? { kind: "started", instance: await startChecked(options) } : { kind: "taken", by };
}

async function checkedAndConnected(given: InstanceOptions): Promise<ResolvedInstanceOptions> {
  const options = withDefaults(given);
  const identity = checkIdentity(options);
  if (identity.kind === "bad") throw new TypeError(identity.why);
  await waitForBus(options);
  throwIfClosed(options);
  return options;
}

async function startChecked(options: ResolvedInstanceOptions): Promise<Instance> {
  const instance = new RunningInstance(options);
  await instance.start().catch((error: unknown) => {
    instance.abandon();
    throw error;
  });
  return instance;
}

/** The reply to a request that an injected fault fails. */
const FAILED_ON_PURPOSE: HandlerResult = refuse(500, "failed on purpose (CHAOS=1)");
/** How long a request may take after the goodbye: its caller has given up long before. */
const FINISH_TIMEOUT_MS = 5_000;
/** Connecting takes milliseconds if the bus runs. After this time the instance reports what it waits for. */
const WAITING_REPORT_DELAY_MS = 500;

/** Waits until the bus is connected, or closed. After a moment it emits that it waits. */
export async function waitForBus({
  bus,
  clock,
  onEvent,
}: Pick<ResolvedInstanceOptions, "bus" | "clock" | "onEvent">): Promise<void> {
  if (bus.status === "connected") return;
  const report = (): void => onEvent({ kind: "waiting", trouble: bus.lastFailure });
  const cancel = clock.after(WAITING_REPORT_DELAY_MS, report);
  await untilConnected(bus);
  cancel();
}

function throwIfClosed({ bus, service, instance }: ResolvedInstanceOptions): void {
  if (bus.status === "closed")
    throw new BusClosed(`instance ${instance} of ${service} was not started: its bus was closed before it was up`);
}

const withFaults = (handlers: ReadonlyMap<string, Handler>, injector: FaultInjector): ReadonlyMap<string, Handler> =>
  new Map([...handlers].map(([name, handle]) => [name, injector.wrap(handle, FAILED_ON_PURPOSE)]));

/** It concerns a call that was begun: it cancels it, or is a part of its stream. */
const isOfProtocol = ({ subject }: Message): boolean => subjects.operationOf(subject).startsWith("_");

class RunningInstance implements Instance {
  readonly service: string;
  readonly instance: number;
  readonly address: string;
  readonly #options: ResolvedInstanceOptions;
  readonly #serviceInfo: ServiceInfo;
  readonly #heartbeats: HeartbeatSender;
  /** Undefined without CHAOS=1. */
  readonly #faults: FaultService | undefined;
  readonly #requestHandler: RequestHandler;
  readonly #readiness: Readiness;
  readonly #startedAt: string;
  readonly #requestSubscriptions: Subscription[] = [];
  readonly #controlSubscriptions: Subscription[] = [];
  readonly #unwatch: Cancel[] = [];

  constructor(options: ResolvedInstanceOptions) {
    const { service, incarnation, instance, version, clock } = options;
    this.#options = options;
    this.service = service;
    this.instance = instance;
    this.address = subjects.directSubject(service, incarnation);
    const { chaos } = options;
    this.#faults =
      chaos &&
      new FaultService({ ...options, process: chaos, emit: options.onEvent, beat: () => this.#heartbeats.beat() });
    const injector = this.#faults?.injector;
    const handlers = injector === undefined ? options.handlers : withFaults(options.handlers, injector);
    this.#requestHandler = new RequestHandler({ ...options, handlers });
    const operations = [...handlers.keys()];
    this.#readiness = new Readiness(options.ready, clock, options.guard);
    const isReady = (): boolean => this.#readiness.isReady;
    this.#heartbeats = new HeartbeatSender({
      ...options,
      operations,
      address: this.address,
      faults: injector,
      isReady,
    });
    this.#serviceInfo = { service, incarnation, instance, version, operations, address: this.address };
    this.#startedAt = isoTime(clock.wall());
  }

  get counts(): ServiceStats {
    return this.#requestHandler.counts;
  }

  get waiting(): number {
    return this.#requestHandler.waiting;
  }

  get operationCounts(): ReadonlyMap<string, ServiceStats> {
    return this.#requestHandler.operationCounts;
  }

  async start(): Promise<void> {
    const { bus, service, incarnation, handlers, clock, onEvent } = this.#options;
    const receive = this.#receive;
    // First, so that it learns of a stall first: the heartbeat that follows lists the faults that are still active.
    this.#faults?.start();
    for (const operation of handlers.keys()) {
      const subject = subjects.sharedSubject(service, operation);
      this.#requestSubscriptions.push(bus.subscribe(subject, receive, service, "required"));
    }
    // One for all operations. With one for each, a call of an operation that this instance lacks would find no
    // responders, and its caller would take the process for dead.
    const direct = subjects.allDirectSubjects(service, incarnation);
    this.#requestSubscriptions.push(bus.subscribe(direct, receive, undefined, "required"));
    const onRollCall = (message: Message): void => this.#heartbeats.onRollCall(message);
    this.#controlSubscriptions.push(
      bus.subscribe(subjects.rollCallSubject(service), onRollCall, undefined, "required"),
    );
    this.#answerVerb("PING", () => pingAnswer(this.#serviceInfo));
    this.#answerVerb("INFO", () => infoAnswer(this.#serviceInfo));
    this.#answerVerb("STATS", () => {
      const { statsOf, recentOf } = this.#requestHandler;
      return statsAnswer(this.#serviceInfo, statsOf, this.#startedAt, recentOf);
    });
    this.#unwatch.push(clock.onStall((stalledMs) => this.#afterStall(stalledMs)));
    // Up once the server has the subscriptions: a heartbeat before that would attract calls that nothing receives.
    while (!(await confirmedFlush(bus, clock))) {
      if (bus.status === "disconnected" && bus.lastFailure?.isDenial) throw new NotPermitted(bus.lastFailure.message);
      await waitForBus(this.#options);
      throwIfClosed(this.#options);
    }
    this.#unwatch.push(bus.watch((status) => this.#afterStatus(status)));
    this.#heartbeats.start();
    this.#readiness.watch(() => this.resumed());
    this.#unwatch.push(() => this.#readiness.stop());
    // After "up" a caller may call it at once, over another connection than that of the heartbeat.
    await bus.flush();
    throwIfClosed(this.#options);
    onEvent({ kind: "up", address: this.address });
  }

  /** Ends one that has not started: on a bus that goes on, its subscriptions would be refused at each login. */
  abandon(): void {
    this.#faults?.close();
    this.#heartbeats.stop();
    for (const stop of this.#unwatch) stop();
    for (const subscription of [...this.#requestSubscriptions, ...this.#controlSubscriptions]) subscription.close();
  }

  readonly #receive = (message: Message): void => {
    if (this.#readiness.isReady || isOfProtocol(message)) this.#requestHandler.receive(message);
    else message.refuse(DRAINING, "not ready");
  };

  #answerVerb(verb: "PING" | "INFO" | "STATS", make: () => object): void {
    const { bus, clock, service, incarnation } = this.#options;
    const limit = queryLimit();
    const receive = (message: Message): void => {
      if (message.replyTo !== undefined && limit.tryTake(clock.now())) message.answer(JSON.stringify(make()));
    };
    for (const subject of subjects.serviceVerbSubjects(verb, service, incarnation))
      this.#controlSubscriptions.push(bus.subscribe(subject, receive));
  }

  // Stalls, and the bus.

  resumed(): void {
    this.#options.clock.now();
    if (this.#heartbeats.state === "up") this.#heartbeats.start();
  }

  #afterStall(stalledMs: number): void {
    this.#requestHandler.afterStall(stalledMs);
    this.#options.onEvent({ kind: "resumed", pausedMs: stalledMs });
    if (this.#heartbeats.state === "up") this.#heartbeats.start();
    void this.#clearBacklog();
  }

  /** All messages that the server held for us arrive before the reply to this flush. With the reply the backlog is over. */
  async #clearBacklog(): Promise<void> {
    await this.#options.bus.flush();
    const dropped = this.#requestHandler.backlogCleared();
    if (dropped > 0) this.#options.onEvent({ kind: "dropped", count: dropped });
  }

  #afterStatus(status: BusStatus): void {
    if (status === "closed") this.#afterClose();
    if (this.#heartbeats.state !== "up") return;
    this.#options.onEvent({ kind: status === "connected" ? "reconnected" : "disconnected" });
    if (status === "connected") this.#heartbeats.start();
  }

  /** Nothing arrives or leaves any more: no goodbye either. A goodbye that has begun ends by itself. */
  #afterClose(): void {
    this.#heartbeats.stop();
    this.#faults?.close();
    for (const stop of this.#unwatch) stop();
  }

  // Goodbye.

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goodbye();
  }

  async goodbye(limitMs: number = FINISH_TIMEOUT_MS): Promise<void> {
    if (this.#heartbeats.state !== "up") return;
    this.#faults?.close();
    this.#heartbeats.announce("draining");
    const { bus, service, incarnation } = this.#options;
    // The readers of running streams, and the callers of running requests, still have to reach them.
    for (const part of [STREAM_PART, subjects.CANCEL_PART]) {
      const subject = subjects.directSubject(service, incarnation, part);
      this.#controlSubscriptions.push(bus.subscribe(subject, this.#receive));
    }
    // From here on callers get "no responders" and go to another instance within the same call. Requests that were sent
    // before are still received and answered. So no call is lost, however late a caller receives the goodbye.
    await Promise.all(this.#requestSubscriptions.map((subscription) => subscription.drain()));
    await this.#requestHandler.untilIdle(limitMs);
    this.#requestHandler.refuseUnfinished();
    this.#heartbeats.announce("gone");
    for (const stop of this.#unwatch) stop();
    for (const subscription of this.#controlSubscriptions) subscription.close();
    await bus.flush();
  }
}
