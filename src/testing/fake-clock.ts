// A clock that a test advances. One advance runs everything that falls due, in order. After each step promises settle
// and the simulated sockets are read, as in the real loop: timers first, then reading, then its consequences.

import { type Cancel, type Clock, loopTurn } from "../clock.ts";

/** A stall adds this to the running time: one tick, as in the real clock. */
const STALL_COUNTS_AS_MS = 50;
/** 1 January 2024, so that a wall time is never mistaken for a running time. */
const WALL_START_MS = 1_704_067_200_000;

interface Timer {
  readonly order: number;
  dueAtMs: number;
  readonly everyMs: number | undefined;
  readonly act: () => void;
}

export class FakeClock implements Clock {
  #realMs = 0;
  #runningMs = 0;
  #wallOffsetMs = WALL_START_MS;
  #timersMade = 0;
  readonly #timers = new Set<Timer>();
  readonly #listeners = new Set<(stalledMs: number) => void>();
  readonly #toRead: (() => void)[] = [];
  readonly #afterIoPoll: (() => void)[] = [];

  now(): number {
    return this.#runningMs;
  }

  wall(): number {
    return this.#realMs + this.#wallOffsetMs;
  }

  after(delayMs: number, act: () => void): Cancel {
    return this.#start(delayMs, undefined, act);
  }

  every(intervalMs: number, act: () => void): Cancel {
    return this.#start(intervalMs, intervalMs, act);
  }

  afterIoPoll(act: () => void): void {
    this.#afterIoPoll.push(act);
  }

  /** Not part of a Clock: the contents of a simulated socket. Read after the timers that are due. */
  read(act: () => void): void {
    this.#toRead.push(act);
  }

  onStall(act: (stalledMs: number) => void): Cancel {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** How many timers are set: none may be left over. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Sets the host's clock right or wrong; running time knows nothing of it. */
  setWall(epochMs: number): void {
    this.#wallOffsetMs = epochMs - this.#realMs;
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#realMs + ms;
    await this.#settle();
    for (let first = this.#earliest(untilMs); first !== undefined; first = this.#earliest(untilMs)) {
      this.#moveTo(Math.max(first.dueAtMs, this.#realMs));
      await this.#runOverdue();
    }
    this.#moveTo(Math.max(untilMs, this.#realMs));
  }

  /** Lets `ms` pass without this process running: afterwards all that is overdue runs at once, and only then is read. */
  async stall(ms: number): Promise<void> {
    await this.#settle();
    this.stallNow(ms);
    await this.#runOverdue();
  }

  /** The same in the middle of a turn, as when a process stops itself: overdue timers run later. */
  stallNow(ms: number): void {
    this.#realMs += ms;
    const ranMs = Math.min(ms, STALL_COUNTS_AS_MS);
    this.#runningMs += ranMs;
    if (ms > ranMs) for (const listener of [...this.#listeners]) listener(ms - ranMs);
  }

  #start(delayMs: number, everyMs: number | undefined, act: () => void): Cancel {
    this.#timersMade += 1;
    const timer: Timer = { order: this.#timersMade, dueAtMs: this.#realMs + Math.max(0, delayMs), everyMs, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #moveTo(realMs: number): void {
    this.#runningMs += realMs - this.#realMs;
    this.#realMs = realMs;
  }

  #earliest(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAtMs <= untilMs && (first === undefined || byDue(timer, first) < 0)) first = timer;
    }
    return first;
  }

  /** Runs all timers that are due, as one turn of the real loop does; reading comes after. */
  async #runOverdue(): Promise<void> {
    const overdue = [...this.#timers].filter((timer) => timer.dueAtMs <= this.#realMs).sort(byDue);
    for (const timer of overdue) {
      if (!this.#timers.has(timer)) continue; // cancelled by one before it
      this.#run(timer);
      await loopTurn();
    }
    await this.#settle();
  }

  /** An interval that was overdue several times runs once, as in node. */
  #run(timer: Timer): void {
    if (timer.everyMs === undefined) this.#timers.delete(timer);
    else timer.dueAtMs = this.#realMs + Math.max(1, timer.everyMs);
    timer.act();
  }

  /** Settles promises, then reads sockets, then runs the consequences, until nothing is left. */
  async #settle(): Promise<void> {
    await loopTurn();
    while (this.#toRead.length + this.#afterIoPoll.length > 0) {
      const acts = this.#toRead.length > 0 ? this.#toRead.splice(0) : this.#afterIoPoll.splice(0);
      for (const act of acts) act();
      await loopTurn();
    }
  }
}

const byDue = (left: Timer, right: Timer): number => left.dueAtMs - right.dueAtMs || left.order - right.order;
