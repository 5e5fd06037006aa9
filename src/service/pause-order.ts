// What is asked of a pause, and what whoever watches over it is told. Only shapes.

import type { Credentials } from "../bus/core/credentials.ts";
import type { OpenBusRule } from "../bus/core/open-bus.ts";

export interface PauseRequest {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly forMs: number;
}

export interface WatchdogConfig extends PauseRequest {
  readonly natsUrls: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly openBus?: OpenBusRule | undefined;
}
