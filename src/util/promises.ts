// Promises that wait for time. The timer is a parameter: only src/clock.ts reads time.

type Cancel = () => void;
interface Timers {
  after(delayMs: number, act: () => void): Cancel;
}

export function sleep(delayMs: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    timers.after(delayMs, resolve);
  });
}

/**
 * The value of `promise`, or undefined once the timer fires. The timer is cancelled when the promise wins, so that it
 * does not keep the process alive.
 * @param startTimer decides which time counts: `clock.after`, or `afterRunning`, which excludes stalls of this process
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  startTimer: (late: () => void) => Cancel,
): Promise<T | undefined> {
  let cancel: Cancel = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = startTimer(() => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}

/** True for the promises of any library. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | undefined | null)?.then === "function";
