/// <reference lib="esnext.disposable" preserve="true" />
// An instance of a contract's service.

import type { Bus } from "../bus/bus.ts";
import { type Clock, clockOf } from "../clock.ts";
import { type Heartbeat, MAX_INSTANCE } from "../health/heartbeat.ts";
import type { InstanceRef } from "../health/member.ts";
import { type ClaimedNumber, claimNumber } from "../service/claim-number.ts";
import type { ServiceStats } from "../service/core/nats-service-info.ts";
import { aBus, aClock } from "../service/core/option-rules.ts";
import { Guard } from "../service/guard.ts";
import { type Instance as CoreInstance, startClaimed, startInstance, waitForBus } from "../service/instance.ts";
import type { InstanceOptions } from "../service/instance-options.ts";
import {
  aFunction,
  aNumber,
  anObject,
  aWholeNumber,
  checkOptions,
  checkValue,
  type Rules,
  required,
} from "../util/options.ts";
import { type Contract, checkContract, type Operations } from "./contract.ts";
import { ErrorLog } from "./error-log.ts";
import { checkHandlers, coreHandlers, type HandlersOf } from "./handlers.ts";
import { type Logger, safeLogger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";
import { aLogger, checkedLater, middlewares } from "./option-rules.ts";

/** The options of `serve`. */
export interface ServeOptions<Ops extends Operations>
  extends Omit<InstanceOptions, "service" | "instance" | "operations" | "handle" | "report"> {
  /** A handler for each operation of the contract. */
  readonly handlers: HandlersOf<Ops>;
  /** The number that people use for it. Default: the lowest that no running instance has. */
  readonly instance?: number | undefined;
  /** Middlewares around each handler, the first one outermost. */
  readonly use?: readonly Middleware[] | undefined;
  /** Receives the errors of handlers, and what else fails in functions of the user. Default: `console`. */
  readonly log?: Logger | undefined;
}

/** A running instance. Its incarnation is new at every start. */
export interface Instance extends InstanceRef {
  /** The counts of all its operations since the start. */
  readonly counts: ServiceStats;
  /** The same for each operation. */
  readonly operationCounts: ReadonlyMap<string, ServiceStats>;
  /** Requests that wait for a slot of its limit. */
  readonly waiting: number;
  /** The process was continued (SIGCONT): sends a heartbeat at once. */
  resumed(): void;
  /** Says goodbye, finishes its requests, and leaves, within `limitMs` (default: 5 s; a day at most) and a round trip. */
  goodbye(limitMs?: number): Promise<void>;
  /** The same as `goodbye()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Another process has the number, and answers. */
export class NumberTaken extends Error {
  override readonly name = "NumberTaken";
  readonly by: InstanceRef;

  constructor({ service, instance, incarnation, address }: Heartbeat) {
    super(
      `instance ${instance} of ${service} runs already: ${address}. Without a number, serve takes one that is free`,
    );
    this.by = { service, instance, incarnation, address };
  }
}

const RULES: Rules<ServeOptions<Operations>> = {
  handlers: required({ ...anObject, must: "an object with a handler for each operation" }),
  bus: required(aBus),
  clock: aClock,
  instance: aWholeNumber(1, MAX_INSTANCE),
  incarnation: checkedLater,
  version: checkedLater,
  limit: checkedLater,
  heartbeatIntervalMs: checkedLater,
  random: checkedLater,
  ready: aFunction,
  onEvent: aFunction,
  tracing: checkedLater,
  chaos: checkedLater,
  use: middlewares,
  log: aLogger,
};

/**
 * Starts an instance of the contract's service. Resolves once callers can reach it; waits for the bus until then.
 *
 * The instance validates each input once: what does not fit is a 400, whose message and data name the paths. What a
 * handler returns is validated by its caller. A handler that throws a ServiceError answers with it. Anything else that it
 * throws is a 500 "internal error" for its caller, and is logged.
 * @throws TypeError for an option that breaks its rule, and for a missing handler: its name, its value and the rule
 * @throws NumberTaken when another process has the number
 * @throws NotPermitted when the server refuses its subscriptions: which one, and what to type
 * @throws BusClosed when the bus is closed meanwhile
 * @throws Error when a bus of the user's own is connected, and each of its flushes returns false for a second
 */
export async function serve<const Ops extends Operations>(
  contract: Contract<Ops>,
  options: ServeOptions<NoInfer<Ops>>,
): Promise<Instance> {
  checkContract(contract);
  checkOptions<ServeOptions<Operations>>("serve", options as ServeOptions<Operations>, RULES);
  checkHandlers(contract, options.handlers);
  const { handlers, use = [], log: given, instance: wanted, ...others } = options;
  const { bus } = others;
  const clock = clockOf(others);
  const { service } = contract;
  const log = safeLogger(given);
  const errors = new ErrorLog(log, clock);
  const operations = coreHandlers(contract, handlers, [...use]);
  const listenerOf =
    (who: string): NonNullable<InstanceOptions["onEvent"]> =>
    (event, trace) => {
      errors.onEvent(who, event);
      return others.onEvent?.(event, trace);
    };
  const start = async (instance: number, claimed?: ClaimedNumber): Promise<Instance | NumberTaken> => {
    const onEvent = listenerOf(`instance ${instance} of ${service}`);
    const all = { ...others, service, instance, operations, report: log.error, onEvent };
    const started = await (claimed === undefined ? startInstance(all) : startClaimed(all, claimed));
    return started.kind === "taken"
      ? new NumberTaken(started.by)
      : new ServedInstance(started.instance, service, instance);
  };
  if (wanted === undefined) {
    // The core waits as well, once it has a number.
    const onEvent = new Guard(`an instance of ${service}`, log.error, clock).listener("onEvent", listenerOf(service));
    await waitForBus({ bus, clock, onEvent });
  }
  const started = await (wanted === undefined ? startWithFreeNumber(bus, service, clock, start) : start(wanted));
  if (started instanceof NumberTaken) throw started;
  return started;
}

/** Only a process that does not claim its number can take a claimed one: one of another program. */
const MAX_CLAIMS = 5;

async function startWithFreeNumber(
  bus: Bus,
  service: string,
  clock: Clock,
  start: (instance: number, claimed: ClaimedNumber) => Promise<Instance | NumberTaken>,
): Promise<Instance | NumberTaken> {
  for (let claims = 1; ; claims += 1) {
    const claimed = await claimNumber(bus, service, clock);
    try {
      const started = await start(claimed.instance, claimed);
      if (!(started instanceof NumberTaken) || claims === MAX_CLAIMS) return started;
    } finally {
      claimed.release();
    }
  }
}

/** A day. A timer of Node takes 24 days at most, and runs a longer one at once. */
const MAX_GOODBYE_MS = 86_400_000;

class ServedInstance implements Instance {
  readonly service: string;
  readonly instance: number;
  readonly incarnation: string;
  readonly address: string;
  readonly #core: CoreInstance;

  constructor(core: CoreInstance, service: string, instance: number) {
    this.service = service;
    this.instance = instance;
    this.address = core.address;
    this.incarnation = core.address.slice(core.address.lastIndexOf(".") + 1);
    this.#core = core;
  }

  get counts(): ServiceStats {
    return this.#core.counts;
  }

  get waiting(): number {
    return this.#core.waiting;
  }

  get operationCounts(): ReadonlyMap<string, ServiceStats> {
    return this.#core.operationCounts;
  }

  resumed(): void {
    this.#core.resumed();
  }

  async goodbye(limitMs?: number): Promise<void> {
    if (limitMs !== undefined) checkValue("limitMs", limitMs, aNumber(0, MAX_GOODBYE_MS));
    return this.#core.goodbye(limitMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.goodbye();
  }
}
