// The fault injector of an instance with CHAOS=1: it begins each fault, applies it, and ends it in time. It wraps the handler
// and can mute the heartbeats. Commands come from fault-service.ts.

import type { Cancel, Clock } from "../clock.ts";
import {
  effectOf,
  expired,
  type Faults,
  faultStatuses,
  hasFault,
  NO_FAULTS,
  nextEnd,
  withFault,
  withoutFault,
} from "./core/active-faults.ts";
import type { Fault, FaultEvent, FaultStatus, WhyFaultEnded } from "./core/faults.ts";

export interface InjectorOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: (event: FaultEvent) => void;
  /** Sends one heartbeat now, also when muted. */
  readonly beat: () => void;
}

/**
 * The most requests that a slow instance delays: ten seconds of a thousand a second, and some MB. Beyond that a request is
 * handled at once.
 */
const MAX_DELAYED_REQUESTS = 10_000;
/**
 * The watchdog's time of a pause starts a little before ours. If the process resumes earlier than this before the planned
 * end, another process sent SIGCONT.
 */
const FOREIGN_SIGCONT_TOLERANCE_MS = 250;

export class FaultInjector {
  readonly #options: InjectorOptions;
  readonly #delayed = new Set<() => void>();
  #faults: Faults = NO_FAULTS;
  #cancelEnd: Cancel = () => {};
  /** Real time is running time plus this. */
  #stalledMs = 0;

  constructor(options: InjectorOptions) {
    this.#options = options;
  }

  get isMute(): boolean {
    return this.has("mute");
  }

  get faultStatuses(): readonly FaultStatus[] {
    return faultStatuses(this.#faults, this.now());
  }

  has(kind: Fault["kind"]): boolean {
    return hasFault(this.#faults, kind, this.now());
  }

  /** Real time: running time plus stalls. The clock is read first, because reading it detects a stall. */
  now(): number {
    const ranMs = this.#options.clock.now();
    return ranMs + this.#stalledMs;
  }

  afterStall(stalledMs: number): void {
    this.#stalledMs += stalledMs;
  }

  /** @returns the handler, subject to the faults that are active when it is called. @param failure of an injected error */
  wrap<Args extends readonly unknown[], Result>(
    handle: (...args: Args) => Result | Promise<Result>,
    failure: Result,
  ): (...args: Args) => Result | Promise<Result> {
    return (...args) => {
      if (this.#faults.length === 0) return handle(...args);
      const { delayMs, fails } = effectOf(this.#faults, this.now(), this.#options.random());
      const act = fails ? () => failure : () => handle(...args);
      return delayMs === 0 || this.#delayed.size >= MAX_DELAYED_REQUESTS ? act() : this.#delay(delayMs, act);
    };
  }

  #delay<Result>(delayMs: number, act: () => Result | Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        cancel();
        this.#delayed.delete(release);
        // In a promise, so that a handler that throws fails its request and not the timer.
        Promise.resolve().then(act).then(resolve, reject);
      };
      const cancel = this.#options.clock.after(delayMs, release);
      this.#delayed.add(release);
    });
  }

  begin(fault: Fault, forMs: number): void {
    this.#options.emit({ kind: "fault begins", fault, forMs });
    this.#setFaults(withFault(this.#faults, fault, this.now() + forMs));
  }

  /** Ends all faults. */
  reset(): void {
    this.#end(NO_FAULTS, this.#faults, "reset");
  }

  /** The process runs again after SIGSTOP. */
  endPause(): void {
    // The fault is removed before the clock is read, because reading it sends a heartbeat.
    const ended = this.#faults.filter(({ kind }) => kind === "pause");
    this.#faults = withoutFault(this.#faults, "pause");
    const isOver = ended.every(({ until }) => this.now() > until - FOREIGN_SIGCONT_TOLERANCE_MS);
    this.#end(this.#faults, ended, isOver ? "over" : "continued early");
  }

  #end(left: Faults, ended: Faults, why: WhyFaultEnded): void {
    if (ended.length === 0) return;
    for (const fault of ended) this.#options.emit({ kind: "fault ended", fault, why });
    this.#setFaults(left);
  }

  #setFaults(next: Faults): void {
    const wasMute = this.isMute;
    this.#faults = next;
    if (!next.some(({ kind }) => kind === "slow")) for (const release of [...this.#delayed]) release();
    this.#scheduleEnd();
    // One heartbeat announces "mute" before it begins. The next one is sent when it is over.
    if (!(wasMute && this.isMute)) this.#options.beat();
  }

  #scheduleEnd(): void {
    this.#cancelEnd();
    const end = nextEnd(this.#faults);
    if (end === undefined) return;
    this.#cancelEnd = this.#options.clock.after(Math.max(0, end - this.now()), () => {
      const { faults, ended } = expired(this.#faults, this.now());
      if (ended.length === 0) this.#scheduleEnd();
      else this.#end(faults, ended, "over");
    });
  }
}
