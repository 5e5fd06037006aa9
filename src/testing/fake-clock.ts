// A clock that a test advances: tests of timeouts and retests then take milliseconds, and are the same in every run.
//
// One moment is a turn of the real loop: the timers that are due run in the order in which they fall due, and of two that
// fall due together the one that was set first. After each of them every promise settles that can. Then the simulated
// sockets are read, and after that comes what waited for the reading; after both, promises settle again.

import { type Cancel, type Clock, defaultClock, loopTurn } from "../clock.ts";
import { aNumber, checkOptions, type Rules } from "../util/options.ts";

/** A stall adds this to the running time: one tick, as in the real clock. */
const STALL_COUNTS_AS_MS = 50;
/** 1 January 2024, so that a wall time is never mistaken for a running time. */
const WALL_START_MS = 1_704_067_200_000;
/** One and a half times the longest timeout of a call: what has not ended by then does not end. */
const RUN_LIMIT_MS = 900_000;
/** So many steps without a passing of time are timers that set each other without a delay. */
const MAX_STEPS_AT_ONCE = 10_000;
/** How long `run` waits, in real time, for work that waits for no timer of this clock: it may read a file. */
const IO_PATIENCE_MS = 500;

const RUN_RULES: Rules<RunOptions> = { limitMs: aNumber(1, Number.MAX_SAFE_INTEGER) };

/** What callers wait for, by clocks that have not been advanced since. */
const WAITING = new Map<FakeClock, string>();
let isExitWatched = false;

/** The event loop is empty: what is waited for will never come, and the program would end without a word. */
function reportWaiting(): void {
  for (const what of WAITING.values())
    console.error(`${what} waits for a fake clock that no test advances: write  await clock.run(…)`);
  if (WAITING.size > 0) process.exitCode ||= 1;
}

interface Timer {
  readonly order: number;
  dueAtMs: number;
  readonly everyMs: number | undefined;
  readonly act: () => void;
}

/** How long work may run. */
export interface RunOptions {
  /** How much of this clock's time may pass before the work has ended. Default: 900,000 ms, a quarter of an hour. */
  readonly limitMs?: number | undefined;
}

/** A clock that moves when a test says so. */
export class FakeClock implements Clock {
  #realMs = 0;
  #runningMs = 0;
  #wallOffsetMs = WALL_START_MS;
  #timersMade = 0;
  #stepsAtOnce = 0;
  readonly #timers = new Set<Timer>();
  readonly #listeners = new Set<(stalledMs: number) => void>();
  readonly #toRead: (() => void)[] = [];
  readonly #afterIoPoll: (() => void)[] = [];
  /** An `advance` or a `stall` that has not ended. */
  #isAdvancing = false;
  /** The step of a `run` that has not ended. */
  #step: Promise<void> | undefined;
  /** How many `run` have not ended: the latest of them moves the clock. */
  #runs = 0;

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

  onStall(act: (stalledMs: number) => void): Cancel {
    this.#listeners.add(act);
    return () => this.#listeners.delete(act);
  }

  /** Resolves once `delayMs` have passed: for a handler that takes its time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Sets the host's clock right or wrong; running time knows nothing of it. */
  setWall(epochMs: number): void {
    this.#wallOffsetMs = epochMs - this.#realMs;
  }

  /**
   * Lets `ms` pass, and runs what falls due meanwhile.
   * @throws RangeError for no number of 0 or more
   * @throws Error while another `advance` has not ended; and what a timer throws
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new RangeError(`a clock is advanced by a number of ms from 0 on, not by ${String(ms)}`);
    await this.#exclusively("advance", async () => {
      const untilMs = this.#realMs + ms;
      await this.#settle();
      for (let first = this.#earliest(untilMs); first !== undefined; first = this.#earliest(untilMs)) {
        this.#moveTo(Math.max(first.dueAtMs, this.#realMs));
        await this.#runOverdue();
      }
      this.#moveTo(Math.max(untilMs, this.#realMs));
    });
  }

  /**
   * Lets time pass until `work` has ended: whenever nothing is left to do, the clock jumps to its next timer. So `await`
   * works within the work as on a real clock, and takes no real time. A function may also call `advance`.
   * What the work waits for outside this clock takes no time of it, or much: a file, or a timer of Node.
   * @param work a promise, or a function that returns a value or a promise
   * @returns the value of the work. Rejects as the work does
   * @throws Error when the work cannot end, because no timer is set; when it has not ended within the limit; and what a
   * timer throws
   */
  async run<T>(work: PromiseLike<T> | (() => T | PromiseLike<T>), options: RunOptions = {}): Promise<T> {
    checkOptions("clock.run", options, RUN_RULES);
    const { limitMs = RUN_LIMIT_MS } = options;
    const result = typeof work === "function" ? new Promise<T>((resolve) => resolve(work())) : Promise.resolve(work);
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    result.then(over, over);
    this.#runs += 1;
    try {
      await this.#runUntil(() => isOver, limitMs, this.#runs);
    } finally {
      this.#runs -= 1;
      WAITING.delete(this);
    }
    return result;
  }

  async #runUntil(isOver: () => boolean, limitMs: number, level: number): Promise<void> {
    let passedMs = 0;
    let isSettled = false;
    while (!isOver()) {
      // Another moves the clock: the work itself, or a run that it began.
      const isMoved = this.#isAdvancing || this.#runs > level;
      if (isMoved || !isSettled) {
        await (isMoved ? loopTurn() : this.#oneAtATime(() => this.#settle()));
        isSettled = !isMoved;
        continue;
      }
      const next = this.#earliest(Number.POSITIVE_INFINITY);
      if (next === undefined) {
        await this.#awaitOthers(isOver);
        isSettled = false;
        continue;
      }
      const jumpMs = Math.max(next.dueAtMs - this.#realMs, 0);
      passedMs += jumpMs;
      if (passedMs > limitMs) throw new Error(`${NOT_ENDED} within ${limitMs} ms of its clock`);
      this.#moveTo(this.#realMs + jumpMs);
      await this.#oneAtATime(() => this.#runOverdue());
    }
  }

  /** Nothing is scheduled: the work waits for something outside this clock, or for ever. */
  async #awaitOthers(isOver: () => boolean): Promise<void> {
    let isPatient = true;
    const cancel = defaultClock().after(IO_PATIENCE_MS, () => {
      isPatient = false;
    });
    const isStuck = (): boolean =>
      !isOver() && this.#timers.size + this.#toRead.length + this.#afterIoPoll.length === 0;
    while (isPatient && isStuck()) await loopTurn();
    cancel();
    if (isStuck())
      throw new Error(`${NOT_ENDED}, and never will: no timer of its clock is set, and no message is under way`);
  }

  /** Lets `ms` pass without this process running: afterwards all that is overdue runs at once, and only then is read. */
  async stall(ms: number): Promise<void> {
    await this.#exclusively("stall", async () => {
      await this.#settle();
      this.stallNow(ms);
      await this.#runOverdue();
    });
  }

  /** The same in the middle of a turn, as when a process stops itself: overdue timers run later. */
  stallNow(ms: number): void {
    this.#realMs += ms;
    const ranMs = Math.min(ms, STALL_COUNTS_AS_MS);
    this.#runningMs += ranMs;
    if (ms > ranMs) for (const listener of [...this.#listeners]) listener(ms - ranMs);
  }

  // For the memory network; not part of a Clock.

  /** The contents of a simulated socket. Read after the timers that are due. */
  read(act: () => void): void {
    this.#toRead.push(act);
  }

  /** A caller waits for `what`. If the process ends and no time has passed since, that is reported. */
  waitsFor(what: string): void {
    if (this.#runs === 0 && !this.#isAdvancing) WAITING.set(this, what);
    if (isExitWatched) return;
    isExitWatched = true;
    process.once("beforeExit", reportWaiting);
  }

  // Steps.

  /** `advance` or `stall`: it waits for the step of a run, and no other may begin before it has ended. */
  async #exclusively(name: string, act: () => Promise<void>): Promise<void> {
    if (this.#isAdvancing)
      throw new Error(`${name} was called before the last one had ended: write  await clock.${name}(…)`);
    this.#isAdvancing = true;
    try {
      while (this.#step !== undefined) await this.#step;
      await act();
    } finally {
      this.#isAdvancing = false;
      WAITING.delete(this);
    }
  }

  /** A step of a run. While another advances the clock, it is a turn of the loop. */
  async #oneAtATime(act: () => Promise<void>): Promise<void> {
    if (this.#isAdvancing || this.#step !== undefined) return loopTurn();
    const acting = act();
    this.#step = acting.then(
      () => undefined,
      () => undefined,
    );
    try {
      await acting;
    } finally {
      this.#step = undefined;
    }
  }

  #start(delayMs: number, everyMs: number | undefined, act: () => void): Cancel {
    if (typeof delayMs !== "number" || Number.isNaN(delayMs))
      throw new TypeError(`a timer is set for a number of ms, not for ${String(delayMs)}`);
    this.#timersMade += 1;
    const timer: Timer = { order: this.#timersMade, dueAtMs: this.#realMs + Math.max(0, delayMs), everyMs, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #moveTo(realMs: number): void {
    this.#stepsAtOnce = realMs > this.#realMs ? 0 : this.#stepsAtOnce + 1;
    if (this.#stepsAtOnce > MAX_STEPS_AT_ONCE)
      throw new Error("the clock stands still: its timers set each other without a delay");
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
    await this.#readAll();
  }

  /** An interval that was overdue several times runs once, as in node. */
  #run(timer: Timer): void {
    if (timer.everyMs === undefined) this.#timers.delete(timer);
    else timer.dueAtMs = this.#realMs + Math.max(1, timer.everyMs);
    timer.act();
  }

  async #settle(): Promise<void> {
    await loopTurn();
    await this.#readAll();
  }

  /** Reads sockets, then runs the consequences, until nothing is left; promises settle after each. */
  async #readAll(): Promise<void> {
    while (this.#toRead.length + this.#afterIoPoll.length > 0) {
      const acts = this.#toRead.length > 0 ? this.#toRead.splice(0) : this.#afterIoPoll.splice(0);
      for (const act of acts) act();
      await loopTurn();
    }
  }
}

const NOT_ENDED = "what clock.run waits for has not ended";

const byDue = (left: Timer, right: Timer): number => left.dueAtMs - right.dueAtMs || left.order - right.order;

/** A clock that stands still until it is advanced. */
export const fakeClock = (): FakeClock => new FakeClock();
