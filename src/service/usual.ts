// What a service or a caller need not say: everything that has a usual value. The programs of the Market say all of it,
// from their settings; a first service of somebody else's says who it is and what it does.

import { type Clock, systemClock } from "../clock.ts";
import { type HealthRules, usualHealthRules } from "../settings.ts";
import type { ClientOptions } from "./client.ts";
import { newIncarnation } from "./identity.ts";
import type { InstanceOptions } from "./instance.ts";

/** For a service that has no versions yet: the service protocol asks for one, of three numbers. */
const NO_VERSION = "0.0.0";

let clock: Clock | undefined;

/** One clock for all who bring none: each has a timer of its own. */
export function usualClock(): Clock {
  clock ??= systemClock();
  return clock;
}

// A value at a time, and not by spreading: plain JavaScript passes `undefined` for what it does not know.

export function wholeInstanceOptions(options: InstanceOptions): Required<InstanceOptions> {
  return {
    ...options,
    incarnation: options.incarnation ?? newIncarnation(options.instance),
    version: options.version ?? NO_VERSION,
    clock: options.clock ?? usualClock(),
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? usualHealthRules().heartbeatIntervalMs,
    random: options.random ?? Math.random,
    tell: options.tell ?? (() => undefined),
  };
}

export type WholeClientOptions = Required<ClientOptions> & { readonly rules: HealthRules };

export function wholeClientOptions(options: ClientOptions): WholeClientOptions {
  return {
    ...options,
    ears: options.ears ?? options.bus,
    clock: options.clock ?? usualClock(),
    rules: { ...usualHealthRules(), ...options.rules },
    random: options.random ?? Math.random,
    tell: options.tell ?? (() => undefined),
  };
}
