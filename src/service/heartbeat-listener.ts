// Receives the heartbeats of a service and feeds them to the tracker. Sends roll calls, and emits changes of health, of
// faults and of the bus.

import type { BusStatus, Message } from "../bus/bus.ts";
import * as subjects from "../bus/core/subjects.ts";
import type { Cancel } from "../clock.ts";
import { KnownFaults } from "../faults/core/active-faults.ts";
import { type FaultStatus, parseFaultStatuses } from "../faults/core/faults.ts";
import { type Heartbeat, MAX_HEARTBEAT_BYTES, parseHeartbeat, type UnreadableHeartbeat } from "../health/heartbeat.ts";
import { heartbeatRate, SizeReports, sizeReportJson } from "../health/heartbeat-rate.ts";
import type { HealthEvent } from "../health/member.ts";
import type { Tracker } from "../health/tracker.ts";
import { SECOND_MS } from "../util/format.ts";
import { decodeBody } from "../util/json.ts";
import { TokenBucket } from "../util/token-bucket.ts";
import type { ResolvedClientOptions } from "./client-options.ts";
import { type RollCall, startRollCall } from "./initial-roll-call.ts";

/**
 * The limit for heartbeats of unknown instances. A heartbeat of a known instance costs a few microseconds. An unknown one
 * costs ten times as much, for a row in the table and a place in the ring, and any client can invent new names. The burst
 * lets a whole fleet answer one roll call. The rate spends at most a twentieth of the processor on newcomers. An instance
 * that was dropped sends its next heartbeat within its interval.
 */
const NEWCOMER_BURST = 10_000;
const NEWCOMERS_PER_SECOND = 1_000;

/**
 * In a service of more instances, the roll call after a reconnection waits for a random part of the delay. The heartbeats that
 * answer it go to all callers. So the first caller calls the roll for most of the others, and not each of a hundred. A newcomer
 * can be missed so, until its next heartbeat. In a small service it would be missing, and the answers cost little.
 */
const LARGE_SERVICE = 100;
const MAX_ROLL_CALL_DELAY_MS = 500;
/** With fresh heartbeats of so many it is not urgent. Some instances may be dead. */
const FRESH_SHARE = 0.9;
/** It is called for the rest between these times, unless a caller has called it just before. */
const REST_DELAY_MS = { least: 1_000, most: 10_000 };
/** A roll call shows in heartbeats of this share of the instances within this time: not those of the reconnection itself. */
const CALLED_SHARE = 0.5;
const CALLED_WINDOW_MS = 900;
/**
 * With so many times the fresh heartbeats of ordinary times within one delay, they are arriving: another caller has called the
 * roll, or the instances are back as well.
 */
const ARRIVING_FACTOR = 2;
/** Of ten thousand instances, heartbeats arrive for a few seconds. */
const MAX_DELAYS = 20;

type DecodedHeartbeat =
  | UnreadableHeartbeat
  /** `faults`: undefined if the instance accepts none. */
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat; readonly faults: readonly FaultStatus[] | undefined };

export class HeartbeatListener {
  readonly #options: ResolvedClientOptions;
  readonly #tracker: Tracker;
  readonly #emitChanges: (changes: readonly HealthEvent[]) => void;
  readonly #newcomerLimit = new TokenBucket(NEWCOMER_BURST, NEWCOMERS_PER_SECOND);
  readonly #stops: Cancel[] = [];
  readonly #knownFaults: KnownFaults;
  readonly #sizeReports: SizeReports;
  #rollCall: RollCall | undefined;
  /** Set while a roll call is delayed. */
  #cancelRollCall: Cancel | undefined;
  /** Since when heartbeats cannot be received, although the bus for calls is connected. */
  #disconnectedSince: number | undefined;
  #isClosed = false;
  /** The last bus event was "connected". */
  #isConnectedReported = false;

  constructor(
    options: ResolvedClientOptions,
    tracker: Tracker,
    emitChanges: (changes: readonly HealthEvent[]) => void,
  ) {
    this.#options = options;
    this.#tracker = tracker;
    this.#emitChanges = emitChanges;
    this.#knownFaults = new KnownFaults(options.rules.maxIncarnations);
    this.#sizeReports = new SizeReports(options.rules, options.random);
  }

  start(): void {
    const { bus, heartbeatBus, clock, service } = this.#options;
    const onHeartbeat = (message: Message): void => this.#onHeartbeat(message);
    const heartbeats = heartbeatBus.subscribe(
      subjects.allHeartbeatsSubject(service),
      onHeartbeat,
      undefined,
      "required",
    );
    this.#stops.push(() => heartbeats.close());
    this.#stops.push(bus.watch(() => this.#afterBusStatus()));
    this.#stops.push(heartbeatBus.watch((status) => this.#afterHeartbeatBusStatus(status)));
    this.#isConnectedReported = bus.status === "connected" && heartbeatBus.status === "connected";
    if (heartbeatBus.status === "connected") this.#startInitialRollCall();
    else this.#runBalancer(() => this.#tracker.freezeLeases(clock.now()));
  }

  /** The first roll call after connecting. Undefined when calls need not wait for it. */
  get rollCall(): Promise<void> | undefined {
    return this.#rollCall?.finished;
  }

  /** Uses the connection that receives the heartbeats: on another one they could arrive before the subscription. */
  sendRollCall(): void {
    const { heartbeatBus, service } = this.#options;
    this.#dropDelayedRollCall();
    if (this.#isClosed) return;
    heartbeatBus.publish(subjects.rollCallSubject(service), "");
  }

  #dropDelayedRollCall(): void {
    this.#cancelRollCall?.();
    this.#cancelRollCall = undefined;
  }

  /** Publishes how many instances are known, when their heartbeats are far too many, or far too few. */
  tick(now: number): void {
    const { heartbeatBus, service } = this.#options;
    if (heartbeatBus.status !== "connected") return;
    const known = this.#sizeReports.due(now, () => this.#tracker.live(now));
    if (known !== undefined) heartbeatBus.publish(subjects.rollCallSubject(service), sizeReportJson(known));
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#dropDelayedRollCall();
    this.#rollCall?.over();
  }

  #onHeartbeat(message: Message): void {
    const { service, clock, onEvent } = this.#options;
    const incarnation = subjects.incarnationOf(service, message.subject);
    // Checked before the body is decoded: in a flood of new names, decoding is most of the cost.
    const isAdmitted =
      incarnation === undefined || this.#tracker.knows(incarnation) || this.#newcomerLimit.tryTake(clock.now());
    if (!isAdmitted) {
      onEvent({ kind: "newcomers-throttled" });
      return;
    }
    const decoded = this.#read(message, incarnation);
    if (decoded.kind === "unreadable") {
      onEvent({ kind: "unreadable-heartbeat", subject: subjects.shownSubject(message.subject), why: decoded.why });
      return;
    }
    this.#emitChanges(this.#tracker.onHeartbeat(decoded.beat, clock.now()));
    if (decoded.faults !== undefined) this.#updateFaults(decoded.beat, decoded.faults);
    this.#rollCall?.answered();
  }

  #updateFaults({ service, instance, incarnation, address, state }: Heartbeat, notes: readonly FaultStatus[]): void {
    // A draining instance has no active faults, and one that the tracker rejected is not tracked here either.
    if (state !== "up" || !this.#tracker.knows(incarnation)) return;
    const faults = this.#knownFaults.update(incarnation, notes, this.#options.clock.now());
    if (faults === undefined) return;
    this.#options.onEvent({ kind: "faults", who: { service, instance, incarnation, address }, faults });
  }

  #read(message: Message, incarnation: string | undefined): DecodedHeartbeat {
    const { service } = this.#options;
    if (incarnation === undefined) return { kind: "unreadable", why: "its subject names no incarnation" };
    const decoded = decodeBody(message.body, MAX_HEARTBEAT_BYTES);
    if (decoded.kind === "unreadable") return decoded;
    const address = subjects.directSubject(service, incarnation);
    const parsed = parseHeartbeat(decoded.value, { service, incarnation, address });
    if (parsed.kind === "unreadable") return parsed;
    // No spread here: it took a tenth of the time of a heartbeat.
    return { kind: "heartbeat", beat: parsed.beat, faults: parseFaultStatuses(decoded.value) };
  }

  #afterBusStatus(): void {
    this.#disconnectedSince = undefined;
    this.#reportBusStatus();
  }

  /** "connected" waits until heartbeats can be received as well. After that, events follow the connection for calls. */
  #reportBusStatus(): void {
    const { bus, heartbeatBus, onEvent } = this.#options;
    if (bus.status === "connected" && !this.#isConnectedReported && heartbeatBus.status !== "connected") return;
    const wasReported = this.#isConnectedReported;
    this.#isConnectedReported = bus.status === "connected";
    if (this.#isConnectedReported || wasReported || bus.status === "closed")
      onEvent({ kind: "bus", status: bus.status });
  }

  #afterHeartbeatBusStatus(status: BusStatus): void {
    const { bus, clock } = this.#options;
    if (status === "connected") {
      this.#runBalancer(() => this.#tracker.resumeLeases(clock.now()));
      if (!this.#isConnectedReported && bus.status === "connected") this.#reportBusStatus();
      this.#reportInterruption();
      this.#startInitialRollCall();
    } else {
      this.#runBalancer(() => this.#tracker.freezeLeases(clock.now()));
      this.#rollCall?.over();
      this.#dropDelayedRollCall();
      if (bus.status === "connected") this.#disconnectedSince = clock.now();
    }
  }

  /** The balancer may be user code. */
  #runBalancer(act: () => void): void {
    this.#options.guard.run("core", act, undefined);
  }

  #reportInterruption(): void {
    const { clock, onEvent } = this.#options;
    if (this.#disconnectedSince !== undefined)
      onEvent({ kind: "heartbeats-interrupted", interruptedMs: clock.now() - this.#disconnectedSince });
    this.#disconnectedSince = undefined;
  }

  /** Calls wait for it only while no instance is live: otherwise they have an instance to go to. */
  #startInitialRollCall(): void {
    const { clock } = this.#options;
    this.#rollCall?.over();
    this.#dropDelayedRollCall();
    if (this.#isClosed) return;
    const known = this.#tracker.live(clock.now()).length;
    if (known === 0) this.#rollCall = startRollCall(clock, () => (this.#rollCall = undefined));
    if (known > LARGE_SERVICE) this.#delayRollCall(clock.now());
    else this.sendRollCall();
  }

  /** @param freshBefore instances with a heartbeat since the reconnection, when the delay begins */
  #delayRollCall(connectedAt: number, freshBefore = 0, delays = 1): void {
    const { clock, random, rules } = this.#options;
    const callUnlessNeedless = (): void => {
      this.#cancelRollCall = undefined;
      const live = this.#tracker.live(clock.now());
      const fresh = live.filter(({ lastHeartbeatAt }) => lastHeartbeatAt >= connectedAt).length;
      if (live.length > 0 && fresh >= FRESH_SHARE * live.length) {
        if (fresh < live.length) this.#delayRollCallForRest(connectedAt);
        return;
      }
      const ordinary = (heartbeatRate(live, rules.leaseIntervals) * MAX_ROLL_CALL_DELAY_MS) / SECOND_MS;
      const areArriving = fresh - freshBefore > ARRIVING_FACTOR * ordinary;
      if (areArriving && delays < MAX_DELAYS) this.#delayRollCall(connectedAt, fresh, delays + 1);
      else this.sendRollCall();
    };
    const delayMs = delays === 1 ? random() * MAX_ROLL_CALL_DELAY_MS : MAX_ROLL_CALL_DELAY_MS;
    this.#cancelRollCall = clock.after(delayMs, () => this.#runBalancer(callUnlessNeedless), "background");
  }

  #delayRollCallForRest(connectedAt: number): void {
    const { clock, random } = this.#options;
    const callUnlessCalled = (): void => {
      this.#cancelRollCall = undefined;
      const now = clock.now();
      const live = this.#tracker.live(now);
      const isFresh = live.every(({ lastHeartbeatAt }) => lastHeartbeatAt >= connectedAt);
      const recent = live.filter(({ lastHeartbeatAt }) => lastHeartbeatAt > now - CALLED_WINDOW_MS).length;
      if (!isFresh && recent < CALLED_SHARE * live.length) this.sendRollCall();
    };
    const { least, most } = REST_DELAY_MS;
    const act = (): void => this.#runBalancer(callUnlessCalled);
    this.#cancelRollCall = clock.after(least + random() * (most - least), act, "background");
  }

  /** A known instance is dead: all may have been replaced while heartbeats could not be received. */
  foundDead(): void {
    if (this.#cancelRollCall !== undefined) this.sendRollCall();
  }
}
