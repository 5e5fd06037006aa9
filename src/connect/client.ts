/// <reference lib="esnext.disposable" preserve="true" />
// The caller's side of a contract.

import { type Cancel, type Clock, clockOf } from "../clock.ts";
import { MAX_INSTANCE } from "../health/heartbeat.ts";
import { type Client as CoreClient, openClient } from "../service/client.ts";
import type { ClientOptions as CoreOptions } from "../service/client-options.ts";
import type { InstanceStatus } from "../service/instance-status.ts";
import type { ClientObserver } from "../service/observers.ts";
import type { Outcome } from "../service/outcome.ts";
import type { ItemStream } from "../service/stream-reader.ts";
import { defaultHealthRules } from "../settings.ts";
import { aNumber, aWholeNumber, checkOptions, checkValue, type Rule, type Rules } from "../util/options.ts";
import type { CallOptions } from "./call-options.ts";
import type { CallerContext } from "./caller-middleware.ts";
import {
  type Contract,
  checkContract,
  isStream,
  type Operation,
  type Operations,
  type StreamOperation,
} from "./contract.ts";
import { type Logger, safeLogger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";
import { OperationCaller } from "./operation-caller.ts";
import { aLogger, checkedLater, middlewares } from "./option-rules.ts";
import type { InputOf, OutputOf } from "./schema.ts";
import { type OpenStream, StreamCaller, type StreamCallOptions } from "./stream-caller.ts";

/** The options of `createClient`. */
export interface ClientOptions extends Omit<CoreOptions, "service" | "report"> {
  /** Middlewares around each call, the first one outermost. */
  readonly use?: readonly Middleware[] | undefined;
  /** Receives what fails in `onEvent` and in other functions of the user. Default: `console`. */
  readonly log?: Logger | undefined;
}

/** An input that may be undefined can be left out. */
export type CallArguments<Op extends Operation> =
  undefined extends InputOf<Op["input"]>
    ? [input?: InputOf<Op["input"]>, options?: OptionsOf<Op>]
    : [input: InputOf<Op["input"]>, options?: OptionsOf<Op>];

type OptionsOf<Op extends Operation> = Op extends StreamOperation
  ? StreamCallOptions
  : CallOptions<OutputOf<Op["output"]>>;

/**
 * Resolves with how the call ended, and never rejects. The value of a stream that was opened is the stream, which throws a
 * StreamError if it does not come to its end.
 */
export type Asks<Ops extends Operations> = {
  readonly [Name in keyof Ops]: (...args: CallArguments<Ops[Name]>) => Promise<Outcome<AnswerOf<Ops[Name]>>>;
};

type AnswerOf<Op extends Operation> = Op extends StreamOperation
  ? ItemStream<OutputOf<Op["output"]>>
  : OutputOf<Op["output"]>;

/**
 * Resolves with the value. Rejects with a CallError: an error of the service, or no answer. A stream is returned at once: it
 * is opened for its first item, which rejects with the CallError.
 */
export type Calls<Ops extends Operations> = {
  readonly [Name in keyof Ops]: (...args: CallArguments<Ops[Name]>) => CalledOf<Ops[Name]>;
};

type CalledOf<Op extends Operation> = Op extends StreamOperation
  ? AsyncIterableIterator<OutputOf<Op["output"]>>
  : Promise<OutputOf<Op["output"]>>;

/** The caller's side of a contract. */
export interface Client<Ops extends Operations = Operations> {
  readonly service: string;
  /** `client.ask.reserve(input, options)`: how the call ended. */
  readonly ask: Asks<Ops>;
  /** `client.call.reserve(input, options)`: the value, or a CallError. */
  readonly call: Calls<Ops>;
  /** The same client without the contract (`datawire-connect/core`): for a monitor of its balancer. */
  readonly core: CoreClient;
  /** What this client believes of each instance, and why. */
  instances(): readonly InstanceStatus[];
  /**
   * Waits until so many instances take calls. No call needs it: one that is made before waits for the first roll call.
   * @returns false once the client or its bus is closed, or after `limitMs`. Default: no limit. Rejects with a TypeError for
   * what is no number
   */
  ready(atLeast?: number, limitMs?: number): Promise<boolean>;
  /** Observes its events, attempts and calls from now on. @returns ends that */
  observe(observer: ClientObserver): Cancel;
  /**
   * Ends the client and its streams. Its bus stays open. Calls that are in flight end as without it. Each later call, and each
   * that still waits for the first connection, ends at once as `failed`, and is not sent.
   */
  close(): void;
  /** As `close()`: for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const RULES: Rules<ClientOptions> = {
  bus: checkedLater,
  heartbeatBus: checkedLater,
  clock: checkedLater,
  rules: checkedLater,
  random: checkedLater,
  createBalancer: checkedLater,
  hedge: checkedLater,
  warnings: checkedLater,
  name: checkedLater,
  beforeConnected: checkedLater,
  tracing: checkedLater,
  onEvent: checkedLater,
  onAttempt: checkedLater,
  use: middlewares,
  log: aLogger,
};

/**
 * A caller of the contract's service. It learns of the instances by their heartbeats.
 * @throws TypeError for an option that breaks its rule: its name, its value and the rule
 */
export function createClient<const Ops extends Operations>(
  contract: Contract<Ops>,
  options: ClientOptions,
): Client<Ops> {
  checkContract(contract);
  checkOptions("createClient", options, RULES);
  const { use = [], log, ...others } = options;
  const { service } = contract;
  const core = openClient({ ...others, service, report: safeLogger(log).error });
  return new ContractClient(contract, core, options, [...use]) as Client as unknown as Client<Ops>;
}

/** How long `ready` waits, in ms. */
const aLimit: Rule = { ...aNumber(0, Number.POSITIVE_INFINITY), must: "a number from 0" };
/** How often `ready` reads what is believed of the instances. */
const READY_POLL_MS = 20;

class ContractClient implements Client {
  readonly service: string;
  readonly ask: Asks<Operations>;
  readonly call: Calls<Operations>;
  readonly core: CoreClient;
  readonly #clock: Clock;
  readonly #bus: CoreOptions["bus"];
  #isClosed = false;

  constructor({ service, operations }: Contract, core: CoreClient, options: ClientOptions, use: readonly Middleware[]) {
    const { bus, rules } = options;
    const clock = clockOf(options);
    const requestTimeoutMs = rules?.requestTimeoutMs ?? defaultHealthRules().requestTimeoutMs;
    const context: CallerContext = {
      service,
      send: (input, given) => core.ask(input, given),
      use,
      clock,
      requestTimeoutMs,
    };
    const open: OpenStream = (input, given) => core.stream(input, given);
    const callers = Object.entries(operations).map(([name, one]) => {
      const caller = isStream(one)
        ? new StreamCaller(context, open, name, one)
        : new OperationCaller(context, name, one);
      return [name, caller] as const;
    });
    this.service = service;
    this.ask = frozen(callers.map(([name, { ask }]) => [name, ask]));
    // The types of the contract say which of them are streams.
    this.call = frozen(callers.map(([name, { call }]) => [name, call])) as Calls<Operations>;
    this.core = core;
    this.#clock = clock;
    this.#bus = bus;
  }

  instances(): readonly InstanceStatus[] {
    return this.core.instances();
  }

  async ready(atLeast = 1, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    checkValue("atLeast", atLeast, aWholeNumber(0, MAX_INSTANCE));
    checkValue("limitMs", limitMs, aLimit);
    const startedAt = this.#clock.now();
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      const check = (): boolean => {
        const ready = this.instances().filter(({ takesCalls }) => takesCalls).length;
        const isReady = ready >= atLeast && !this.#isClosed;
        const isOver = this.#isClosed || this.#bus.status === "closed" || this.#clock.now() - startedAt >= limitMs;
        if (!isReady && !isOver) return false;
        cancel();
        resolve(isReady);
        return true;
      };
      if (check()) return;
      // The poll holds no process: what has just arrived must not wait for it.
      const stopPolling = this.#clock.every(READY_POLL_MS, check, "background");
      const stopWatching = this.observe({ onEvent: () => void check() });
      cancel = () => {
        stopPolling();
        stopWatching();
      };
      void this.core.ready().then(check);
    });
  }

  observe(observer: ClientObserver): Cancel {
    return this.core.observe(observer);
  }

  close(): void {
    this.#isClosed = true;
    this.core.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Without a prototype: an operation may be called `constructor`, and one that the contract lacks is undefined. */
const frozen = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
  Object.freeze(Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(entries)));
