// The heartbeats of one instance: at start, on every interval, whenever somebody asks, and with its goodbye.

import type { Bus, Message } from "../bus/bus.ts";
import { heartbeatSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { type Heartbeat, type HeartbeatState, jitteredIntervalMs } from "../health/heartbeat.ts";
import { type FaultStatus, statusJson } from "./core/fault-status.ts";
import { queryLimit } from "./core/query-limit.ts";

export interface HeartbeatSenderOptions
  extends Pick<Heartbeat, "service" | "instance" | "incarnation" | "address" | "version"> {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  readonly random: () => number;
  /** Of an instance that takes faults. */
  readonly faults?: { readonly isMute: boolean; readonly faultStatuses: readonly FaultStatus[] } | undefined;
}

/** Whoever asked beyond that gets the one beat for all of them, this late. */
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

  /** Beats now, and from now on at least once an interval. */
  start(): void {
    const { clock, heartbeatIntervalMs, random } = this.#options;
    this.#cancelNext();
    if (!this.#isMute) this.beat();
    this.#cancelNext = clock.after(jitteredIntervalMs(heartbeatIntervalMs, random()), () => this.start());
  }

  /** The roll is called: beats now, unless that was asked for too often; whoever wants an answer gets the same beat. */
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

  /** One beat, now, come what may; gives what it said. */
  beat(): string {
    const { bus, service, instance, incarnation, address, version, heartbeatIntervalMs, faults } = this.#options;
    const beat: Heartbeat = {
      ...{ service, instance, incarnation, address, version },
      seq: this.#seq++,
      intervalMs: heartbeatIntervalMs,
      state: this.#state,
      // An instance of ours does: whatever it has answered, or refused at its goodbye, is no longer underway.
      answersOnce: true,
    };
    const body = JSON.stringify(
      faults === undefined ? beat : { ...beat, faults: faults.faultStatuses.map(statusJson) },
    );
    bus.publish(heartbeatSubject(service, incarnation), body);
    return body;
  }

  /** Says that it is leaving, or has left; no beat follows by itself. */
  announce(state: Exclude<HeartbeatState, "up">): void {
    this.#cancelNext();
    this.#cancelCoalesced?.();
    this.#state = state;
    this.beat();
  }
}
