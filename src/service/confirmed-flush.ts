// A flush of a start: its instance goes on once the server has the subscriptions.

import type { Bus } from "../bus/bus.ts";
import type { Clock } from "../clock.ts";

/** A flush that failed with its connection is ahead of the bus's status by less than one such delay. */
const RETRY_DELAY_MS = 50;
/** With the delays a second: a caller waits as long for an answer, by default. */
const MAX_FLUSHES = 20;

/**
 * Flushes until it succeeds, or the bus is no longer connected. A bus of the user's own may refuse each flush although it is
 * connected, and to wait for its end would never end.
 * @returns whether the server has all that was sent before
 * @throws Error after a second of failed flushes on a bus that stays connected
 */
export async function confirmedFlush(bus: Bus, clock: Pick<Clock, "after">): Promise<boolean> {
  for (let flushes = 0; flushes < MAX_FLUSHES; flushes += 1) {
    if (await bus.flush()) return true;
    if (await isAway(bus, clock)) return false;
  }
  throw new Error(
    `the bus is connected, and its flush() returned false ${MAX_FLUSHES} times in a second: ` +
      "it must resolve true once the server has what was sent before",
  );
}

/** Waits a moment for the end of a connection, of which a flush knows already, to be the status of the bus. */
function isAway(bus: Bus, clock: Pick<Clock, "after">): Promise<boolean> {
  if (bus.status !== "connected") return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      cancel();
      stop();
      resolve(isOver);
    };
    const cancel = clock.after(RETRY_DELAY_MS, () => end(bus.status !== "connected"));
    const stop = bus.watch((status) => end(status !== "connected"));
  });
}
