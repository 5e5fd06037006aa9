// The options of an instance, with their defaults, and its events.

import type { Bus } from "../bus/bus.ts";
import { type Clock, clockOf } from "../clock.ts";
import type { FaultEvent } from "../faults/core/faults.ts";
import type { ProcessControl } from "../faults/process-control.ts";
import { defaultHealthRules } from "../settings.ts";
import type { Trace, Tracing } from "../trace/core/trace.ts";
import { DEFAULT_OPERATION } from "../util/operation-name.ts";
import { aFunction, anObject, checkOptions, type Rule, type Rules, required } from "../util/options.ts";
import type { RequestLimit } from "./core/admission.ts";
import type { Handler } from "./core/handler.ts";
import { limitOf } from "./core/limit-option.ts";
import { aBus, aClock, aServiceName, aTracing, type Resolved } from "./core/option-rules.ts";
import { Guard } from "./guard.ts";
import { newIncarnation } from "./identity.ts";

/** The events of an instance, as they happen. */
export type InstanceEvent =
  /** `trouble`: why the bus is away, if that is known. */
  | { readonly kind: "waiting"; readonly trouble?: Bus["lastFailure"] }
  | { readonly kind: "up"; readonly address: string }
  | { readonly kind: "resumed"; readonly pausedMs: number }
  | { readonly kind: "dropped"; readonly count: number }
  /** The handler of the operation threw, rejected, or returned what cannot be sent. Its caller got a 500. */
  | { readonly kind: "failed"; readonly error: unknown; readonly operation: string }
  /**
   * With a limit: a handler has not settled 5 s after its caller's time was over. Its slot is free for another request,
   * although the handler may still be at work.
   */
  | { readonly kind: "handler-overdue"; readonly operation: string; readonly ranMs: number }
  | { readonly kind: "disconnected" }
  | { readonly kind: "reconnected" }
  | FaultEvent;

/** The options of `startInstance`. */
export interface InstanceOptions {
  readonly service: string;
  /** The number that people use for it. */
  readonly instance: number;
  readonly bus: Bus;
  /** The handler of each operation, by its name. */
  readonly operations?: Readonly<Record<string, Handler>> | undefined;
  /** The handler of a service with one operation, `get`. */
  readonly handle?: Handler | undefined;
  /**
   * How many requests the instance handles at once, and how many wait beyond them (default: as many again), first in, first
   * out. What finds no room is refused as overloaded, and its caller goes on to another instance. A handler that returns no
   * promise is never one of several at once, so the limit does not bound it. Default: no limit.
   */
  readonly limit?: { readonly concurrent: number; readonly queued?: number | undefined } | undefined;
  /** Unique to this process. Default: a new one at every start. */
  readonly incarnation?: string | undefined;
  readonly version?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly heartbeatIntervalMs?: number | undefined;
  readonly random?: (() => number) | undefined;
  /**
   * Called four times a second. While it returns false, or throws, the instance gets no calls: what arrives is not begun, and
   * its callers go on to another instance. Default: always ready.
   */
  readonly ready?: (() => boolean) | undefined;
  /**
   * `trace`: of the request that caused the event, if a request did and has one. Without this listener, the errors of
   * handlers go to `report`.
   */
  readonly onEvent?: ((event: InstanceEvent, trace?: Trace) => void) | undefined;
  /** Receives a sentence when a handler, `onEvent` or other user code fails: at most one a minute for each. Default: stderr. */
  readonly report?: ((sentence: string) => void) | undefined;
  /** Exports the spans of its requests (`datawire-connect/tracing`). Default: no spans. */
  readonly tracing?: Tracing | undefined;
  /** Accepts fault commands from the bus and applies them to this process (CHAOS=1). Default: no such subject. */
  readonly chaos?: ProcessControl | undefined;
}

/** All options. User listeners are guarded: they cannot throw. */
export type ResolvedInstanceOptions = Resolved<
  Omit<InstanceOptions, "tracing" | "chaos" | "ready" | "report" | "handle" | "operations" | "limit">
> &
  Pick<InstanceOptions, "tracing" | "chaos" | "ready"> & {
    readonly guard: Guard;
    readonly handlers: ReadonlyMap<string, Handler>;
    readonly limit: RequestLimit | undefined;
  };

/** The default version: the NATS service protocol requires one, of three numbers. */
const NO_VERSION = "0.0.0";

/** A value that checkIdentity checks. */
const anything: Rule = { must: "given", fits: () => true };

const RULES: Rules<InstanceOptions> = {
  service: required(aServiceName),
  instance: anything,
  bus: required(aBus),
  operations: { ...anObject, must: "an object with a handler for each operation" },
  handle: aFunction,
  // Checked by limitOf.
  limit: anything,
  incarnation: anything,
  version: anything,
  clock: aClock,
  heartbeatIntervalMs: anything,
  random: aFunction,
  ready: aFunction,
  onEvent: aFunction,
  report: aFunction,
  tracing: aTracing,
  chaos: { ...anObject, must: "a process control, as processControl returns" },
};

/**
 * Applied one by one, not by spreading: plain JavaScript may pass `undefined` for an option that it does not set.
 * @throws TypeError for an option that breaks its rule
 */
export function withDefaults(options: InstanceOptions): ResolvedInstanceOptions {
  checkOptions("startInstance", options, RULES);
  if (options.handle !== undefined && options.operations !== undefined)
    throw new TypeError("handle and operations are both given: operations alone has all handlers");
  const { handle } = options;
  const clock = clockOf(options);
  const guard = new Guard(`instance ${options.instance} of ${options.service}`, options.report, clock);
  return {
    ...options,
    guard,
    limit: limitOf(options.limit),
    handlers: new Map(
      Object.entries(options.operations ?? (handle === undefined ? {} : { [DEFAULT_OPERATION]: handle })),
    ),
    incarnation: options.incarnation ?? newIncarnation(options.instance),
    version: options.version ?? NO_VERSION,
    clock,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? defaultHealthRules().heartbeatIntervalMs,
    random: options.random === undefined ? Math.random : guard.random(options.random),
    onEvent: guard.listener("onEvent", options.onEvent ?? ((event) => reportFailure(event, guard))),
    chaos: options.chaos,
  };
}

/** An error that no listener receives is shown all the same. */
function reportFailure(event: InstanceEvent, guard: Guard): void {
  if (event.kind === "failed") guard.failed(`the handler of ${event.operation}`, event.error);
}
