// One clock for all users that bring none: every clock has a timer of its own.

import { type Clock, systemClock } from "../clock.ts";

let clock: Clock | undefined;

export function defaultClock(): Clock {
  clock ??= systemClock();
  return clock;
}
