// What an instance says of itself, and what it tells; everything that it does not say has a usual value.

import type { Bus } from "../bus/bus.ts";
import type { Clock } from "../clock.ts";
import { usualHealthRules } from "../settings.ts";
import type { Trace, Tracing } from "../trace/core/trace.ts";
import type { Fault } from "./core/faults.ts";
import type { Handler } from "./core/handler.ts";
import { defaultClock } from "./default-clock.ts";
import { Guard } from "./guard.ts";
import { newIncarnation } from "./incarnation.ts";
import type { OwnProcess } from "./process-control.ts";

export type InstanceEvent =
  /** `trouble`: why the bus is away, where that is known. */
  | { readonly kind: "waiting"; readonly trouble?: Bus["lastTrouble"] }
  | { readonly kind: "up"; readonly address: string }
  | { readonly kind: "resumed"; readonly pausedMs: number }
  | { readonly kind: "dropped"; readonly count: number }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "away" }
  | { readonly kind: "back" }
  | FaultEvent;

/** Only of an instance that takes faults. */
export type FaultEvent =
  | { readonly kind: "takes faults" }
  | { readonly kind: "fault begins"; readonly fault: Fault; readonly forMs: number }
  | { readonly kind: "fault ended"; readonly fault: Fault; readonly why: "over" | "reset" | "continued early" }
  | { readonly kind: "killed" };

export interface InstanceOptions {
  readonly service: string;
  /** The number by which people know it. */
  readonly instance: number;
  readonly bus: Bus;
  readonly handle: Handler;
  /** Unique to this process: a fresh one at every start, unless a test says which. */
  readonly incarnation?: string;
  readonly version?: string;
  readonly clock?: Clock;
  readonly heartbeatIntervalMs?: number;
  readonly random?: () => number;
  /** `trace`: of the request that brought it about, if one did and has one. */
  readonly tell?: (event: InstanceEvent, trace?: Trace) => void;
  /** Receives a sentence when `tell` or other code of yours fails, of each one a minute. Left out: stderr. */
  readonly report?: (sentence: string) => void;
  /** Where the spans of its requests are sent (`datawire-market/tracing`); left out: nowhere. */
  readonly tracing?: Tracing | undefined;
  /** Takes faults from whoever asks on the bus, and does them to this process (CHAOS=1). Left out: there is no such subject. */
  readonly chaos?: OwnProcess | undefined;
}

/** With every listener of the user's own made safe. */
export type WholeInstanceOptions = Required<Omit<InstanceOptions, "tracing" | "report">> &
  Pick<InstanceOptions, "tracing"> & { readonly guard: Guard };

/** For a service that has no versions yet: the service protocol asks for one, of three numbers. */
const NO_VERSION = "0.0.0";

/** A value at a time, and not by spreading: plain JavaScript passes `undefined` for what it does not know. */
export function withDefaults(options: InstanceOptions): WholeInstanceOptions {
  const clock = options.clock ?? defaultClock();
  const guard = new Guard(`instance ${options.instance} of ${options.service}`, options.report, clock);
  return {
    ...options,
    guard,
    incarnation: options.incarnation ?? newIncarnation(options.instance),
    version: options.version ?? NO_VERSION,
    clock,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? usualHealthRules().heartbeatIntervalMs,
    random: options.random === undefined ? Math.random : guard.random(options.random),
    tell: guard.listener("tell", options.tell),
    chaos: options.chaos,
  };
}
