// One clock for all who bring none: each would have a timer of its own.

import { type Clock, systemClock } from "../clock.ts";

let clock: Clock | undefined;

export function defaultClock(): Clock {
  clock ??= systemClock();
  return clock;
}
