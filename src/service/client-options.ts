// What a caller says of itself, and what it is told; everything that it does not say has a usual value.

import type { Bus, BusStatus } from "../bus/bus.ts";
import type { Clock } from "../clock.ts";
import { type BalancerFactory, newBalancer } from "../health/balancer.ts";
import type { HealthEvent, InstanceRef } from "../health/member.ts";
import type { Result } from "../health/tracker.ts";
import { type HealthRules, usualHealthRules } from "../settings.ts";
import type { Trace } from "../trace/core/trace.ts";
import type { WhyFailed } from "./answer.ts";
import type { Faults } from "./core/faults.ts";
import { defaultClock } from "./default-clock.ts";
import { Guard } from "./guard.ts";

export interface ClientOptions {
  readonly service: string;
  readonly bus: Bus;
  /**
   * Where heartbeats are heard, if on another connection than calls. Anybody may send those, and what comes in on one
   * connection is read in order: on the same one, the answers to calls would wait behind a flood of them.
   */
  readonly ears?: Bus;
  readonly clock?: Clock;
  /** Those that differ from the settings' defaults. */
  readonly rules?: Partial<HealthRules>;
  readonly random?: () => number;
  /** Opens what decides; one that writes a record of it, for example. */
  readonly core?: BalancerFactory;
  /** Sends a call that is late once more, to another instance; not those that are not repeatable. Left out: no. */
  readonly hedge?: boolean;
  /** `trace`: of the call that brought it about, if one did and has one. */
  readonly tell?: (event: ClientEvent, trace?: Trace) => void;
  /** Called at the end of every attempt, with somebody waiting for what comes after it: count, and no more. */
  readonly count?: (ended: AttemptOutcome) => void;
  /** Receives a sentence when `tell`, `count` or other code of yours fails, of each one a minute. Left out: stderr. */
  readonly report?: (sentence: string) => void;
}

/** As the call itself; as a retest or a trial, a copy that nobody waited for; or once more, beside a late one. */
export type SentAs = "call" | "copy" | "hedge";

/** What an attempt came to, or that there was none: no instance could be asked, or the call itself could not be made. */
export type AttemptOutcome =
  | {
      readonly kind: "attempt";
      readonly who: InstanceRef;
      readonly sentAs: SentAs;
      readonly result: Result;
      /** Answered with an error of the service's own. */
      readonly isRefusal: boolean;
      readonly tookMs: number;
    }
  | { readonly kind: "short-circuited" }
  | { readonly kind: "failed"; readonly why: WhyFailed };

/** What happens on the way, as it happens. */
export type ClientEvent =
  | { readonly kind: "resolving" }
  /** `live` is called only by who wants to know: with thousands of instances the list is not free. */
  | { readonly kind: "resolved"; readonly live: () => readonly InstanceRef[] }
  | { readonly kind: "using"; readonly who: InstanceRef }
  /** `late` has not answered after so long, and `who` is asked as well. */
  | { readonly kind: "hedging"; readonly who: InstanceRef; readonly late: InstanceRef; readonly afterMs: number }
  /** Answered, but nothing that the caller could use; another is asked. */
  | { readonly kind: "nonsense"; readonly who: InstanceRef }
  /** `subject`: on which it came; it names the sender, and the bus may vouch for it. Printable, and cut to a length. */
  | { readonly kind: "unreadable heartbeat"; readonly subject: string; readonly why: string }
  /** More strangers than are listened to: this one's heartbeat was not even read. */
  | { readonly kind: "crowded" }
  /** Heartbeats could not be heard for a while, though the bus was there: more were sent than could be read. */
  | { readonly kind: "deaf"; readonly deafMs: number }
  /** It takes faults (CHAOS=1), and says that these are on now. */
  | { readonly kind: "faults"; readonly who: InstanceRef; readonly faults: Faults }
  | { readonly kind: "bus"; readonly status: BusStatus }
  | HealthEvent;

/** With every function of the user's own made safe. */
export type ResolvedClientOptions = Required<Omit<ClientOptions, "report">> & {
  readonly rules: HealthRules;
  readonly guard: Guard;
};

/** A value at a time, and not by spreading: plain JavaScript passes `undefined` for what it does not know. */
export function withDefaults(options: ClientOptions): ResolvedClientOptions {
  const clock = options.clock ?? defaultClock();
  const guard = new Guard(`the client of ${options.service}`, options.report, clock);
  return {
    ...options,
    ears: options.ears ?? options.bus,
    clock,
    guard,
    rules: { ...usualHealthRules(), ...options.rules },
    random: options.random === undefined ? Math.random : guard.random(options.random),
    core: options.core ?? newBalancer,
    hedge: options.hedge ?? false,
    tell: guard.listener("tell", options.tell),
    count: guard.listener("count", options.count),
  };
}
