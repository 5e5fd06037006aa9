// The first roll call after connecting. Until an instance has answered it, no instance is known, and a call would fail with
// "all services are down" although they run. So the first calls wait for it, for a moment.

import type { Clock } from "../clock.ts";

/** How long calls wait at most: a page must be answered within 300 ms of its request. */
const ROLL_CALL_TIMEOUT_MS = 200;

export interface RollCall {
  /** Resolves when calls need not wait any longer. */
  readonly finished: Promise<void>;
  /** The first heartbeat has arrived. */
  answered(): void;
  over(): void;
}

/** @param done is called once, when it is over */
export function startRollCall(clock: Clock, done: () => void): RollCall {
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let isOver = false;
  const over = (): void => {
    if (isOver) return;
    isOver = true;
    cancel();
    done();
    finish();
  };
  const cancel = clock.after(ROLL_CALL_TIMEOUT_MS, over);
  let isAnswered = false;
  const answered = (): void => {
    if (isAnswered) return;
    isAnswered = true;
    // The other heartbeats are in the same packet or the next one, so one more poll for I/O is awaited.
    clock.afterIoPoll(over);
  };
  return { finished, over, answered };
}
