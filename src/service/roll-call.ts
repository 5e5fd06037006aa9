// The first roll call after connecting. Until somebody has answered it nobody is known, and a call that did not wait
// would find all services down though they are there: so the first calls wait, a moment, and no others.

import type { Clock } from "../clock.ts";

/** How long they wait at most: a page is promised within 300 ms of its request. */
const ROLL_CALL_TIMEOUT_MS = 200;

export interface RollCall {
  /** Resolves when calls need wait no longer. */
  readonly finished: Promise<void>;
  /** Somebody has beaten. */
  answered(): void;
  over(): void;
}

/** @param done called once, when it is over */
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
  // The others' beats are in the same packet or the next: one more turn of reading lets them in.
  return { finished, over, answered: () => clock.afterIoPoll(over) };
}
