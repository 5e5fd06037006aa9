// What every part of a Market is given: its settings, its clock, and where its lines go.

import type { Clock } from "../clock.ts";
import type { Log } from "../program/log.ts";
import type { Settings } from "../settings.ts";

export interface AppContext {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly say: Log;
}
