// The only reader of time. Running time decides health. Wall time is only shown to people or written into a deadline.
//
// Running time is monotonic. It stands still while this process does not run: stopped by a signal, or with its event loop
// blocked. Node runs overdue timers before it reads sockets. So after such a stall every pending call looks timed out and
// every lease looks expired, though the fault was ours. Measured in running time neither is true.

import { performance } from "node:perf_hooks";

/** Ends a timer, a subscription or a listener. Harmless when it is called again. */
export type Cancel = () => void;

/** `background`: a process that waits for nothing else may end. */
export type TimerUse = "needed" | "background";

/** The time of a client or an instance. `systemClock` is the real one, and `fakeClock` one that a test moves. */
export interface Clock {
  /** Running time in ms; only differences mean anything. */
  now(): number;
  /** Epoch ms by this host's clock. */
  wall(): number;
  /** Calls `act` once after `delayMs` of real time. @param use default: `needed` */
  after(delayMs: number, act: () => void, use?: TimerUse): Cancel;
  /** Calls `act` every `intervalMs` of real time. @param use default: `needed` */
  every(intervalMs: number, act: () => void, use?: TimerUse): Cancel;
  /** Calls `act` after the event loop has read its sockets once more. */
  afterIoPoll(act: () => void): void;
  /** Calls `act` with the length of each stall, as soon as it is detected. */
  onStall(act: (stalledMs: number) => void): Cancel;
}

/** A longer gap between two readings is a stall. Five times the tick: the ordinary lateness of a busy machine is none. */
export const STALL_MS = 250;
/** Interval of the clock's own readings. Without them a gap could mean that no caller had read the clock. */
const TICK_MS = 50;

/** Changed in place: two new objects for each reading were a twelfth of the memory that a call allocated. */
export interface RunningTime {
  runningMs: number;
  seenAtMs: number;
}

/**
 * Adds a reading of the monotonic clock to `time`. A gap up to STALL_MS counts as run; of a longer one only one tick does.
 * @returns the length of the stall in ms (0: none)
 */
export function advanceTo(time: RunningTime, monotonicMs: number): number {
  // On real hardware the monotonic clock has run backwards. Running time never does.
  const gapMs = Math.max(0, monotonicMs - time.seenAtMs);
  const ranMs = gapMs > STALL_MS ? TICK_MS : gapMs;
  time.runningMs += ranMs;
  time.seenAtMs = Math.max(monotonicMs, time.seenAtMs);
  return gapMs > STALL_MS ? gapMs - ranMs : 0;
}

/** The clock of the machine. Its own tick keeps no process alive. */
export function systemClock(): Clock {
  const time: RunningTime = { runningMs: 0, seenAtMs: performance.now() };
  const listeners = new Set<(stalledMs: number) => void>();

  const read = (): number => {
    const stalledMs = advanceTo(time, performance.now());
    if (stalledMs > 0) for (const listener of [...listeners]) listener(stalledMs);
    return time.runningMs;
  };
  setInterval(read, TICK_MS).unref();

  return {
    now: read,
    wall: () => Date.now(),
    after: (delayMs, act, use) => {
      const timer = setTimeout(act, delayMs);
      if (use === "background") timer.unref();
      return () => clearTimeout(timer);
    },
    every: (intervalMs, act, use) => {
      const timer = setInterval(act, intervalMs);
      if (use === "background") timer.unref();
      return () => clearInterval(timer);
    },
    afterIoPoll: (act) => {
      setImmediate(act);
    },
    onStall: (act) => {
      listeners.add(act);
      return () => listeners.delete(act);
    },
  };
}

/** Taken when the module is loaded: a test may replace the global by one that a fake runs. */
const afterPoll = setImmediate;

/** One turn of the event loop. Every promise that can settle without I/O has settled then, however long its chain. */
export const loopTurn = (): Promise<void> => new Promise((resolve) => void afterPoll(resolve));

let sharedClock: Clock | undefined;

/** One clock for all users that bring none: every clock has a timer of its own. */
export function defaultClock(): Clock {
  sharedClock ??= systemClock();
  return sharedClock;
}

/** The clock of a client or an instance: the one that its options name, or that of its bus, or that of the machine. */
export const clockOf = (options: { readonly clock?: Clock | undefined; readonly bus: HasClock }): Clock =>
  options.clock ?? options.bus.clock ?? defaultClock();

interface HasClock {
  readonly clock?: Clock | undefined;
}

/**
 * What is left of a time after rounding. Where a clock goes from event to event, a wait for less than the smallest step
 * of its numbers ends at the time at which it began, and the next one as well, without an end.
 */
const ROUNDING_MS = 1e-6;

/**
 * Calls `act` once this process has run for `delayMs` and has read its sockets: after SIGCONT an answer that takes several
 * steps gets the rest of its time.
 */
export function afterRunning(clock: Clock, delayMs: number, act: () => void): Cancel {
  const endsAt = clock.now() + delayMs;
  let cancel: Cancel = () => undefined;
  const wait = (ms: number): void => {
    cancel = clock.after(ms, () => {
      const leftMs = endsAt - clock.now();
      if (leftMs > ROUNDING_MS) wait(leftMs);
      else clock.afterIoPoll(act);
    });
  };
  wait(delayMs);
  return () => cancel();
}

/** Epoch ms as people and other programs read it: 2016-02-18T09:00:00.000Z. */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

/** The inverse of `isoTime`; NaN for a text that is no time. */
export const epochMs = (isoTime: string): number => Date.parse(isoTime);

const TWO_DIGITS = 2;

/** 23:59:01, in this machine's time zone. */
export function timeOfDay(wallMs: number): string {
  const date = new Date(wallMs);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return parts.map((part) => String(part).padStart(TWO_DIGITS, "0")).join(":");
}
