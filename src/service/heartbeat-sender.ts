// Sends the heartbeats of one instance: at the start, on every interval, on a roll call, and with the goodbye.

import type { Bus, Message } from "../bus/bus.ts";
import { heartbeatSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { type FaultStatus, statusJson } from "../faults/core/faults.ts";
import { areDefault, type Heartbeat, type HeartbeatState, jitteredIntervalMs } from "../health/heartbeat.ts";
import {
  intervalForSize,
  MAX_SIZE_REPORT_BYTES,
  reportedSize,
  SIZE_REPORT_HOLDS_MS,
} from "../health/heartbeat-rate.ts";
import { decodeBody } from "../util/json.ts";
import { queryLimit, TokenBucket } from "../util/token-bucket.ts";
import type { Guard } from "./guard.ts";

export interface HeartbeatSenderOptions
  extends Pick<Heartbeat, "service" | "instance" | "incarnation" | "address" | "version" | "operations"> {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly heartbeatIntervalMs: number;
  readonly random: () => number;
  /** False: no heartbeat is published, and roll calls are answered with `draining` (readiness.ts). Default: true. */
  readonly isReady?: () => boolean;
  /** The active faults, of an instance with CHAOS=1. */
  readonly faults?: { readonly isMute: boolean; readonly faultStatuses: readonly FaultStatus[] } | undefined;
}

/**
 * Each published heartbeat is delivered to every caller of the service. After a restart of the bus a hundred callers call the
 * roll at once, and a heartbeat for each of them would be a hundred times a hundred deliveries for every instance. So the first
 * few get a heartbeat at once, and those after them one for all.
 */
const ROLL_CALL_BURST = 5;
const ROLL_CALLS_PER_SECOND = 10;
/** Roll calls beyond that limit get one heartbeat for all of them, after this delay. */
const COALESCE_MS = 100;

interface NextHeartbeat {
  readonly body: string;
  /** Not ready: callers must not see it. */
  readonly isHeldBack: boolean;
}

export class HeartbeatSender {
  readonly #options: HeartbeatSenderOptions;
  #state: HeartbeatState = "up";
  #seq = 0;
  #cancelNext: Cancel = () => {};
  /** The one for which the next heartbeat is timed. */
  #lastIntervalMs: number;
  readonly #replyLimit = queryLimit();
  readonly #rollCallLimit = new TokenBucket(ROLL_CALL_BURST, ROLL_CALLS_PER_SECOND);
  #cancelCoalesced: Cancel | undefined;
  /** How many instances a caller knows, and until when that counts. */
  #size = { known: 1, until: Number.NEGATIVE_INFINITY };

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
    this.#lastIntervalMs = options.heartbeatIntervalMs;
  }

  get state(): HeartbeatState {
    return this.#state;
  }

  /** Sends a heartbeat now, and at least one in every interval from now on. */
  start(): void {
    const { clock, random } = this.#options;
    // First, as `random` may be user code, which may start or end this instance again.
    const share = random();
    this.#cancelNext();
    if (this.#state !== "up") return;
    // First: the heartbeat then promises the interval for which the timer is set.
    this.#cancelNext = clock.after(this.#nextDelayMs(share), () => this.start(), "background");
    this.#beatUnlessMute();
  }

  #beatUnlessMute(): void {
    if (!this.#isMute) this.#guardedBeat();
  }

  /** A bus of the user's own may throw: in a timer, or at the goodbye, after which the instance has more to end. */
  #guardedBeat(): void {
    this.#options.guard.run("the bus", () => this.beat(), undefined);
  }

  /** The first longer interval is any time up to it: instances that were started together would send together for long. */
  #nextDelayMs(share: number): number {
    const [before, intervalMs] = [this.#lastIntervalMs, this.#intervalMs];
    this.#lastIntervalMs = intervalMs;
    return intervalMs > before ? before + (intervalMs - before) * share : jitteredIntervalMs(intervalMs, share);
  }

  get #intervalMs(): number {
    const { clock, heartbeatIntervalMs } = this.#options;
    const { known, until } = this.#size;
    return clock.now() < until ? intervalForSize(known, heartbeatIntervalMs) : heartbeatIntervalMs;
  }

  /** Sends no more heartbeats. The bus is closed, so there is no goodbye. */
  stop(): void {
    this.#cancelNext();
    this.#endCoalescing();
    this.#state = "gone";
  }

  /** Publishes a heartbeat now, or soon one for several roll calls. A reply subject gets one as well, and at once. */
  onRollCall(rollCall: Message): void {
    const now = this.#options.clock.now();
    if (this.#heedsSize(rollCall, now) || this.#isMute) return;
    const isReplied = rollCall.replyTo !== undefined && this.#replyLimit.tryTake(now);
    const isPublished = this.#cancelCoalesced === undefined && this.#rollCallLimit.tryTake(now);
    if (isReplied || isPublished) {
      const heartbeat = this.#next();
      if (isPublished) this.#publish(heartbeat);
      if (isReplied) rollCall.answer(heartbeat.body);
    }
    if (!isPublished) this.#cancelCoalesced ??= this.#options.clock.after(COALESCE_MS, () => this.#beatCoalesced());
  }

  /**
   * A number of instances is no roll call. The next heartbeat still comes within the interval that the last one has promised,
   * and promises the new one.
   */
  #heedsSize({ body }: Message, now: number): boolean {
    if (body.length === 0) return false;
    const decoded = decodeBody(body, MAX_SIZE_REPORT_BYTES);
    const known = decoded.kind === "unreadable" ? undefined : reportedSize(decoded.value);
    if (known !== undefined) this.#size = { known, until: now + SIZE_REPORT_HOLDS_MS };
    return known !== undefined;
  }

  #endCoalescing(): void {
    this.#cancelCoalesced?.();
    this.#cancelCoalesced = undefined;
  }

  #beatCoalesced(): void {
    this.#cancelCoalesced = undefined;
    this.#rollCallLimit.tryTake(this.#options.clock.now());
    this.#beatUnlessMute();
  }

  get #isMute(): boolean {
    return this.#options.faults?.isMute === true;
  }

  /** Sends one heartbeat now, also when muted, unless the instance is not ready. */
  beat(): void {
    this.#publish(this.#next());
  }

  #publish({ body, isHeldBack }: NextHeartbeat): void {
    const { bus, service, incarnation } = this.#options;
    if (!isHeldBack) bus.publish(heartbeatSubject(service, incarnation), body);
  }

  #next(): NextHeartbeat {
    const { service, instance, incarnation, address, version, faults } = this.#options;
    const { operations, isReady } = this.#options;
    const isHeldBack = this.#state === "up" && isReady?.() === false;
    const beat: Omit<Heartbeat, "operations"> = {
      ...{ service, instance, incarnation, address, version },
      seq: this.#seq++,
      // Never less than the time of the timer, which may be set for a longer one: a lease would end before its heartbeat.
      intervalMs: Math.max(this.#intervalMs, this.#lastIntervalMs),
      state: isHeldBack ? "draining" : this.#state,
      // Holds for every instance of ours: a request that was answered, or refused at the goodbye, is not in flight any more.
      answersOnce: true,
    };
    const body = JSON.stringify({
      ...beat,
      // Left out where it is the default, as before there were others.
      ...(!areDefault(operations) && { operations }),
      ...(isHeldBack && { ready: false }),
      ...(faults !== undefined && { faults: faults.faultStatuses.map(statusJson) }),
    });
    return { body, isHeldBack };
  }

  /** Sends a heartbeat with the new state, and stops the regular ones. */
  announce(state: "draining" | "gone"): void {
    this.#cancelNext();
    this.#endCoalescing();
    this.#state = state;
    this.#guardedBeat();
  }
}
