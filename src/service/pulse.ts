// The heartbeats of one instance: at start, on every interval, whenever somebody asks, and with its goodbye.

import type { Bus, Message } from "../bus/bus.ts";
import { heartbeatSubject } from "../bus/core/subjects.ts";
import type { Cancel, Clock } from "../clock.ts";
import { type Heartbeat, type HeartbeatState, jitteredIntervalMs } from "../health/heartbeat.ts";
import { type FaultNote, noteJson } from "./core/fault-notes.ts";
import { questionLimit } from "./core/question-limit.ts";

export interface PulseOptions extends Pick<Heartbeat, "service" | "instance" | "incarnation" | "address" | "version"> {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  readonly random: () => number;
  /** Of an instance that takes faults. */
  readonly faults?: { readonly isMute: boolean; readonly notes: readonly FaultNote[] } | undefined;
}

/** Whoever asked beyond that gets the one beat for all of them, this late. */
const ASKED_TOO_OFTEN_MS = 100;

export class Pulse {
  readonly #options: PulseOptions;
  #state: HeartbeatState = "up";
  #seq = 0;
  #cancelNext: Cancel = () => {};
  readonly #asked = questionLimit();
  #cancelLate: Cancel | undefined;

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
    if (!this.#isMute) this.beat();
    this.#cancelNext = clock.after(jitteredIntervalMs(heartbeatIntervalMs, random()), () => this.start());
  }

  /** The roll is called: beats now, unless that was asked for too often; whoever wants an answer gets the same beat. */
  asked(rollCall: Message): void {
    const { clock } = this.#options;
    if (this.#isMute) return;
    if (this.#asked.tryTake(clock.now())) rollCall.answer(this.beat());
    else this.#cancelLate ??= clock.after(ASKED_TOO_OFTEN_MS, () => this.#beatLate());
  }

  #beatLate(): void {
    this.#cancelLate = undefined;
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
    const body = JSON.stringify(faults === undefined ? beat : { ...beat, faults: faults.notes.map(noteJson) });
    bus.publish(heartbeatSubject(service, incarnation), body);
    return body;
  }

  /** Says that it is leaving, or has left; no beat follows by itself. */
  say(state: Exclude<HeartbeatState, "up">): void {
    this.#cancelNext();
    this.#cancelLate?.();
    this.#state = state;
    this.beat();
  }
}
