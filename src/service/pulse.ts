// The heartbeats of one instance: at start, on every interval, whenever somebody asks, and with its goodbye.

import type { Bus, Message } from "../bus/bus.ts";
import { heartbeatSubject } from "../bus/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { type Heartbeat, type HeartbeatState, nextBeatInMs } from "../health/heartbeat.ts";

export interface PulseOptions extends Pick<Heartbeat, "service" | "instance" | "incarnation" | "address" | "version"> {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  readonly random: () => number;
}

export class Pulse {
  readonly #options: PulseOptions;
  #state: HeartbeatState = "up";
  #seq = 0;
  #cancelNext: Cancel = () => {};

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  get state(): HeartbeatState {
    return this.#state;
  }

  /** Beats now, and from now on at least once an interval. */
  start(): void {
    const { clock, heartbeatIntervalMs, random } = this.#options;
    this.#cancelNext();
    this.beat();
    this.#cancelNext = clock.after(nextBeatInMs(heartbeatIntervalMs, random()), () => this.start());
  }

  /** One beat; whoever asked for it and wants an answer gets the same. */
  beat(rollCall?: Message): void {
    const { bus, service, instance, incarnation, address, version, heartbeatIntervalMs } = this.#options;
    const beat: Heartbeat = {
      ...{ service, instance, incarnation, address, version },
      seq: this.#seq++,
      intervalMs: heartbeatIntervalMs,
      state: this.#state,
    };
    const body = JSON.stringify(beat);
    bus.publish(heartbeatSubject(service, incarnation), body);
    rollCall?.answer(body);
  }

  /** Says that it is leaving, or has left; no beat follows by itself. */
  say(state: Exclude<HeartbeatState, "up">): void {
    this.#cancelNext();
    this.#state = state;
    this.beat();
  }
}
