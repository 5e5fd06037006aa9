// Sends the heartbeats of one instance: at the start, on every interval, on a roll call, and with the goodbye.

import type { Bus, Message } from "../bus/bus.ts";
import { heartbeatSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { type FaultStatus, statusJson } from "../faults/core/faults.ts";
import { areDefault, type Heartbeat, type HeartbeatState, jitteredIntervalMs } from "../health/heartbeat.ts";
import { queryLimit } from "../util/token-bucket.ts";

export interface HeartbeatSenderOptions
  extends Pick<Heartbeat, "service" | "instance" | "incarnation" | "address" | "version" | "operations"> {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  readonly random: () => number;
  /** False: no heartbeat is published, and roll calls are answered with `draining` (readiness.ts). Default: true. */
  readonly isReady?: () => boolean;
  /** The active faults, of an instance with CHAOS=1. */
  readonly faults?: { readonly isMute: boolean; readonly faultStatuses: readonly FaultStatus[] } | undefined;
}

/** Roll calls beyond the limit get one heartbeat for all of them, after this delay. */
const COALESCE_MS = 100;

export class HeartbeatSender {
  readonly #options: HeartbeatSenderOptions;
  #state: HeartbeatState = "up";
  #seq = 0;
  #cancelNext: Cancel = () => {};
  readonly #rollCallLimit = queryLimit();
  #cancelCoalesced: Cancel | undefined;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
  }

  get state(): HeartbeatState {
    return this.#state;
  }

  /** Sends a heartbeat now, and at least one in every interval from now on. */
  start(): void {
    const { clock, heartbeatIntervalMs, random } = this.#options;
    // First, as `random` may be user code, which may start or end this instance again.
    const delayMs = jitteredIntervalMs(heartbeatIntervalMs, random());
    this.#cancelNext();
    if (this.#state !== "up") return;
    if (!this.#isMute) this.beat();
    this.#cancelNext = clock.after(delayMs, () => this.start(), "background");
  }

  /** Sends no more heartbeats. The bus is closed, so there is no goodbye. */
  stop(): void {
    this.#cancelNext();
    this.#cancelCoalesced?.();
    this.#state = "gone";
  }

  /** Sends a heartbeat now, and the same one as a reply, if there is a reply subject. Above the limit it is coalesced. */
  onRollCall(rollCall: Message): void {
    const { clock } = this.#options;
    if (this.#isMute) return;
    if (this.#rollCallLimit.tryTake(clock.now())) rollCall.answer(this.beat());
    else this.#cancelCoalesced ??= clock.after(COALESCE_MS, () => this.#beatCoalesced());
  }

  #beatCoalesced(): void {
    this.#cancelCoalesced = undefined;
    if (!this.#isMute) this.beat();
  }

  get #isMute(): boolean {
    return this.#options.faults?.isMute === true;
  }

  /** Sends one heartbeat now, also when muted, unless the instance is not ready. @returns its body */
  beat(): string {
    const { bus, service, instance, incarnation, address, version, heartbeatIntervalMs, faults } = this.#options;
    const { operations, isReady } = this.#options;
    const isHeldBack = this.#state === "up" && isReady?.() === false;
    const beat: Omit<Heartbeat, "operations"> = {
      ...{ service, instance, incarnation, address, version },
      seq: this.#seq++,
      intervalMs: heartbeatIntervalMs,
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
    if (!isHeldBack) bus.publish(heartbeatSubject(service, incarnation), body);
    return body;
  }

  /** Sends a heartbeat with the new state, and stops the regular ones. */
  announce(state: "draining" | "gone"): void {
    this.#cancelNext();
    this.#cancelCoalesced?.();
    this.#state = state;
    this.beat();
  }
}
