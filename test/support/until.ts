// Waiting in tests: for a condition and with a limit, never for a time that hopes.

/** Interval of the checks of a condition. It grows with the waiting time, as a check may cost a page. */
const POLL_INTERVAL_MS = 10;
const MAX_POLL_INTERVAL_MS = 50;
const SHARE_OF_WAIT = 0.1;
/** Long on an idle machine, and enough on a busy one. */
const DEFAULT_LIMIT_MS = 10_000;

/** Waits until `isSo`, and fails with `what` when it never is. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  limitMs = DEFAULT_LIMIT_MS,
  seen: () => string = () => "",
): Promise<void> {
  const beganAt = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - beganAt;
    if (waitedMs > limitMs) throw new Error(`did not come to be within ${limitMs} ms: ${what}\n${seen()}`.trimEnd());
    await pause(Math.min(MAX_POLL_INTERVAL_MS, POLL_INTERVAL_MS + waitedMs * SHARE_OF_WAIT));
  }
}

/** Waits until the text matches. The failure shows the last text. */
export async function untilMatches(
  pattern: RegExp,
  read: () => Promise<string> | string,
  limitMs?: number,
): Promise<void> {
  let text = "";
  const matches = async (): Promise<boolean> => {
    text = await read();
    return pattern.test(text);
  };
  await until(String(pattern), matches, limitMs, () => text);
}

/** Waits until there is a value, and returns it. */
export async function untilPresent<T>(what: string, read: () => Promise<T | null>, limitMs?: number): Promise<T> {
  const found: T[] = [];
  const isThere = async (): Promise<boolean> => {
    const value = await read();
    if (value !== null) found.push(value);
    return value !== null;
  };
  await until(what, isThere, limitMs);
  return found[0] as T;
}

/** Lets time pass between two calls of a load; never to hope that something has happened meanwhile. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
