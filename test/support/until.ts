// Waiting in tests: for a condition and with a limit, never for a time that hopes.

/** How often a condition is looked at that nobody announces. */
const LOOK_EVERY_MS = 10;
/** Long on an idle machine, and enough on a busy one. */
const USUAL_LIMIT_MS = 10_000;

/** Waits until `isSo`, and fails with `what` when it never is. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  limitMs = USUAL_LIMIT_MS,
  seen: () => string = () => "",
): Promise<void> {
  const giveUpAt = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt)
      throw new Error(`did not come to be within ${limitMs} ms: ${what}\n${seen()}`.trimEnd());
    await pause(LOOK_EVERY_MS);
  }
}

/** Lets time pass between two calls of a load; never to hope that something has happened meanwhile. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
