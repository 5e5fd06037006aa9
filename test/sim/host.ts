// One simulated process: its clock, and whether it runs. During a stall its timers and the contents of its sockets
// wait. Then all of it runs at once, timers first, as in node.

import { advanceTo, type Cancel, type Clock, type RunningTime } from "../../src/clock.ts";
import { PHASES, type Timeline } from "./timeline.ts";

/** 1 January 2024, so that a wall time is never mistaken for a running time. */
export const WALL_START_MS = 1_704_067_200_000;
/** Interval of the real clock's own tick. */
const TICK_MS = 50;

/** Position of a host: partitions are defined by it. Processes of one number share a place. */
export interface Home {
  readonly kind: "instances" | "markets";
  /** From 0. */
  readonly place: number;
}

export class Host implements Clock {
  readonly name: string;
  readonly home: Home;
  readonly timeline: Timeline;
  /** How wrong this host's wall clock is. */
  skewMs = 0;
  diedAtMs: number | undefined;
  lastStall: { readonly fromMs: number; readonly toMs: number } | undefined;
  #time: RunningTime;
  #stalledSince: number | undefined;
  /** Work that waits for the end of the stall, by phase. */
  #overdue: (() => void)[] = [];
  #unread: (() => void)[] = [];
  #unreadAfter: (() => void)[] = [];
  readonly #listeners = new Set<(stalledMs: number) => void>();

  constructor(name: string, home: Home, timeline: Timeline) {
    this.name = name;
    this.home = home;
    this.timeline = timeline;
    this.#time = { runningMs: 0, seenAtMs: timeline.now };
  }

  get isStalled(): boolean {
    return this.#stalledSince !== undefined;
  }

  get isDead(): boolean {
    return this.diedAtMs !== undefined;
  }

  now(): number {
    // While the process runs the real clock ticks: all of the time since the last tick counts as run.
    const { runningMs, seenAtMs } = this.#time;
    const { now } = this.timeline;
    if (now !== seenAtMs && !this.isStalled) this.#time = { runningMs: runningMs + now - seenAtMs, seenAtMs: now };
    return this.#time.runningMs;
  }

  wall(): number {
    return WALL_START_MS + this.timeline.now + this.skewMs;
  }

  after(delayMs: number, act: () => void): Cancel {
    let isOff = false;
    const run = (): void => {
      if (!isOff && !this.isDead) act();
    };
    const entry = this.timeline.at(this.timeline.now + Math.max(0, delayMs), PHASES.timer, () => {
      if (this.isStalled) this.#overdue.push(run);
      else run();
    });
    return () => {
      isOff = true;
      entry.act = undefined;
    };
  }

  /** An interval that was overdue several times runs once, as in node. */
  every(intervalMs: number, act: () => void): Cancel {
    let cancel: Cancel = () => undefined;
    let isOff = false;
    const arm = (): void => {
      cancel = this.after(Math.max(1, intervalMs), () => {
        act();
        if (!isOff) arm();
      });
    };
    arm();
    return () => {
      isOff = true;
      cancel();
    };
  }

  afterIoPoll(act: () => void): void {
    this.timeline.at(this.timeline.now, PHASES.afterIoPoll, () => {
      if (this.isDead) return;
      if (this.isStalled) this.#unreadAfter.push(act);
      else act();
    });
  }

  onStall(act: (stalledMs: number) => void): Cancel {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** The contents of this process' sockets; called by an event of the network. */
  read(act: () => void): void {
    if (this.isDead) return;
    if (this.isStalled) this.#unread.push(act);
    else act();
  }

  /** Stops running: by a signal, or with the loop blocked. */
  stall(): void {
    this.now();
    this.#stalledSince ??= this.timeline.now;
  }

  /** Runs again, and notices for how long it did not. */
  goOn(): void {
    const since = this.#stalledSince;
    if (since === undefined) return;
    // The last reading was that of the tick before the stall.
    const ticked = Math.floor(since / TICK_MS) * TICK_MS;
    const { runningMs } = this.#time;
    const time = { runningMs: runningMs - (since - ticked), seenAtMs: ticked };
    const stalledMs = advanceTo(time, this.timeline.now);
    // A reading between that tick and the stall has been acted on, and is not taken back.
    this.#time = { ...time, runningMs: Math.max(time.runningMs, runningMs) };
    this.#stalledSince = undefined;
    this.lastStall = { fromMs: since, toMs: this.timeline.now };
    if (stalledMs > 0) for (const listener of [...this.#listeners]) listener(stalledMs);
    this.#catchUp();
  }

  #catchUp(): void {
    const { timeline } = this;
    for (const act of this.#overdue.splice(0)) timeline.at(timeline.now, PHASES.timer, act);
    for (const act of this.#unread.splice(0)) timeline.at(timeline.now, PHASES.socket, () => this.read(act));
    for (const act of this.#unreadAfter.splice(0)) this.afterIoPoll(act);
  }

  die(): void {
    this.diedAtMs ??= this.timeline.now;
    this.#overdue = [];
    this.#unread = [];
    this.#unreadAfter = [];
  }
}
