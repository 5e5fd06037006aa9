// The context of every part of a Market: settings, clock, log.

import type { Clock } from "../clock.ts";
import type { Log } from "../program/log.ts";
import type { Settings } from "../settings.ts";

export interface AppContext {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
}
