// The options of a client, with their defaults, and its events.

import { hostname } from "node:os";
import type { Bus, BusStatus } from "../bus/bus.ts";
import { type Clock, clockOf } from "../clock.ts";
import type { Faults } from "../faults/core/active-faults.ts";
import { type BalancerFactory, newBalancer } from "../health/balancer.ts";
import type { HealthEvent, InstanceRef } from "../health/member.ts";
import type { Result } from "../health/result.ts";
import type { HealthRules } from "../settings.ts";
import type { Trace, Tracing } from "../trace/core/trace.ts";
import { aFunction, anObject, checkOptions, oneOf, type Rules, required, trueOrFalse } from "../util/options.ts";
import { healthRulesOf } from "./core/health-rules.ts";
import { aBus, aCallerName, aClock, aServiceName, aTracing, type Resolved } from "./core/option-rules.ts";
import { Guard } from "./guard.ts";
import type { UnansweredReason } from "./outcome.ts";

/** The options of `openClient`. */
export interface ClientOptions {
  readonly service: string;
  readonly bus: Bus;
  /**
   * The connection that receives heartbeats, if not the one of the calls. Any client can send heartbeats, and a connection
   * is read in order: on the same one, the answers to calls would wait behind a flood of heartbeats.
   */
  readonly heartbeatBus?: Bus | undefined;
  readonly clock?: Clock | undefined;
  /** The rules that differ from the defaults of the settings. */
  readonly rules?: Partial<Record<keyof HealthRules, number | undefined>> | undefined;
  readonly random?: (() => number) | undefined;
  /** Creates the balancer: for example, one that records its inputs. */
  readonly createBalancer?: BalancerFactory | undefined;
  /** Sends a late call to a second instance as well, unless the call is not idempotent. Default: false. */
  readonly hedge?: boolean | undefined;
  /**
   * Warns other callers of an instance that owes an answer for long, and passes over those that they warn of. Nothing is sent
   * twice for it, and no breaker opens. Default: true.
   */
  readonly warnings?: boolean | undefined;
  /** Its name in those warnings: up to 64 letters, digits and `. _ : [ ] @ -`. Default: host and process id. */
  readonly name?: string | undefined;
  /**
   * What a call does before the bus was connected for the first time: it waits, within its own time, or it fails at once.
   * After that it fails at once while the bus is disconnected. Default: `wait`.
   */
  readonly beforeConnected?: "wait" | "fail" | undefined;
  /**
   * The spans of its calls (`datawire-connect/tracing`): each call is a child of the span that is active where it is made, if
   * it has no `trace` of its own. Default: no spans but those of `trace`.
   */
  readonly tracing?: Tracing | undefined;
  /** `trace`: of the call that caused the event, if a call did and has one. */
  readonly onEvent?: ((event: ClientEvent, trace?: Trace) => void) | undefined;
  /** Called at the end of every attempt, while the caller waits. It should only count. */
  readonly onAttempt?: ((ended: AttemptOutcome) => void) | undefined;
  /** Receives a sentence when `onEvent`, `onAttempt` or other user code fails: at most one a minute for each. Default: stderr. */
  readonly report?: ((sentence: string) => void) | undefined;
}

/** The call itself; a copy (a retest or newcomer probe) that the caller does not wait for; or the hedge of a late call. */
export type SentAs = "call" | "copy" | "hedge";

/** The end of an attempt; or of a call without one, because no instance was eligible or the call itself failed. */
export type AttemptOutcome =
  | {
      readonly kind: "attempt";
      readonly who: InstanceRef;
      readonly operation: string;
      readonly sentAs: SentAs;
      /** The call went on to this instance after another one. */
      readonly isRetry: boolean;
      readonly result: Result;
      /** The service answered with an error of its own. */
      readonly isRefusal: boolean;
      /** That error, as the instance sent it: a text from outside. */
      readonly error?: { readonly code: number; readonly message: string } | undefined;
      readonly tookMs: number;
    }
  | { readonly kind: "short-circuited" }
  | { readonly kind: "failed"; readonly detail: string };

/** The end of a call, of which `ask` resolves with the Outcome. */
export interface CallEnd {
  /** Empty: the options of the call cannot be used. */
  readonly operation: string;
  readonly result: "ok" | "error" | UnansweredReason;
  /** From `ask` to its end, with the wait for the first roll call. */
  readonly tookMs: number;
}

/** The events of a client, as they happen. */
export type ClientEvent =
  | { readonly kind: "resolving" }
  /** `live` is a function, because with thousands of instances the list is expensive. */
  | { readonly kind: "resolved"; readonly live: () => readonly InstanceRef[] }
  | { readonly kind: "using"; readonly who: InstanceRef }
  /** `late` has not answered after `afterMs`, and the call is sent to `who` as well. */
  | { readonly kind: "hedging"; readonly who: InstanceRef; readonly late: InstanceRef; readonly afterMs: number }
  /** The response of `who` was invalid: to a call, to its hedge or to a copy. An idempotent call goes on to another instance. */
  | { readonly kind: "invalid-response"; readonly who: InstanceRef; readonly problems: readonly string[] }
  /** `subject` names the sender; a bus with logins has checked it. It is printable, and cut to a maximum length. */
  | { readonly kind: "unreadable-heartbeat" | "unreadable-warning"; readonly subject: string; readonly why: string }
  /** Too many unknown instances at once: the heartbeat of this one was dropped unread. */
  | { readonly kind: "newcomers-throttled" }
  /** Heartbeats were not received for `interruptedMs`, although the bus was connected: more were sent than could be read. */
  | { readonly kind: "heartbeats-interrupted"; readonly interruptedMs: number }
  /** The active faults of an instance with CHAOS=1 have changed. */
  | { readonly kind: "faults"; readonly who: InstanceRef; readonly faults: Faults }
  | { readonly kind: "bus"; readonly status: BusStatus }
  | HealthEvent;

/** All options. User functions are guarded: they cannot throw. */
export type ResolvedClientOptions = Resolved<Omit<ClientOptions, "report" | "rules" | "tracing">> & {
  readonly tracing?: Tracing | undefined;
  readonly rules: HealthRules;
  readonly guard: Guard;
};

const RULES: Rules<ClientOptions> = {
  service: required(aServiceName),
  bus: required(aBus),
  heartbeatBus: aBus,
  clock: aClock,
  rules: anObject,
  random: aFunction,
  createBalancer: aFunction,
  hedge: trueOrFalse,
  warnings: trueOrFalse,
  name: aCallerName,
  beforeConnected: oneOf("wait", "fail"),
  tracing: aTracing,
  onEvent: aFunction,
  onAttempt: aFunction,
  report: aFunction,
};

/** With a process id a name is then short enough. */
const MAX_HOST_LENGTH = 48;
/** Host and process id. Characters that a name must not have are replaced. */
const defaultName = (): string =>
  `${hostname()
    .replace(/[^A-Za-z0-9.-]/g, "-")
    .slice(0, MAX_HOST_LENGTH)}:${process.pid}`;

/**
 * Applied one by one, not by spreading: plain JavaScript may pass `undefined` for an option that it does not set.
 * @throws TypeError for an option that breaks its rule
 */
export function withDefaults(options: ClientOptions): ResolvedClientOptions {
  checkOptions("openClient", options, RULES);
  const clock = clockOf(options);
  const guard = new Guard(`the client of ${options.service}`, options.report, clock);
  return {
    ...options,
    heartbeatBus: options.heartbeatBus ?? options.bus,
    clock,
    guard,
    rules: healthRulesOf(options.rules),
    random: options.random === undefined ? Math.random : guard.random(options.random),
    createBalancer: options.createBalancer ?? newBalancer,
    hedge: options.hedge ?? false,
    warnings: options.warnings ?? true,
    name: options.name ?? defaultName(),
    beforeConnected: options.beforeConnected ?? "wait",
    onEvent: guard.listener("onEvent", options.onEvent),
    onAttempt: guard.listener("onAttempt", options.onAttempt),
  };
}
