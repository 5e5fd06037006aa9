// Faults of instances in tests: which calls they affect, and what happens to these. `faults.hang("reserve", { instance: 2 })`
// is a value. A memory bus applies it (memory-network.ts).

import { checkOperationName, checkServiceName, type NameCheck } from "../../bus/core/subjects.ts";
import { MAX_INSTANCE } from "../../health/heartbeat.ts";
import {
  aNumber,
  aWholeNumber,
  checkOptions,
  type Rule,
  type Rules,
  required,
  trueOrFalse,
} from "../../util/options.ts";
import { quoted } from "../../util/printable.ts";

/** The calls that a fault affects: requests that reach an instance, copies and hedges among them. */
export interface FaultTarget {
  /** The number of the instance. Default: every instance, and its calls are counted together. */
  readonly instance?: number | undefined;
  /** Default: every service. */
  readonly service?: string | undefined;
  /** The first call that it affects, counted from 1 on. Default: 1, the next one. */
  readonly from?: number | undefined;
  /** How many calls it affects. Default: all from then on. */
  readonly count?: number | undefined;
}

export interface HandledTarget extends FaultTarget {
  /** True: the handler is executed, and its answer is lost. Default: false, it is not executed. */
  readonly handled?: boolean | undefined;
}

export interface DelayTarget extends FaultTarget {
  /** By how many ms. */
  readonly ms: number;
}

export interface RefusalTarget extends FaultTarget {
  /** Three digits, as in HTTP: 500, or a code of the protocol, such as 503 (leaving) and 529 (overloaded). */
  readonly code: number;
  /** Default: `failed on purpose`. */
  readonly message?: string | undefined;
}

/** What a fault does to a call. */
export type FaultEffect =
  | { readonly kind: "hang"; readonly handled: boolean }
  | { readonly kind: "die"; readonly handled: boolean }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "late"; readonly ms: number }
  | { readonly kind: "refuse"; readonly code: number; readonly message: string };

/** A fault, and the calls that it affects. Made by `faults`. */
export interface CallFault {
  readonly effect: FaultEffect;
  /** `*`: every operation. */
  readonly operation: string;
  readonly service: string | undefined;
  readonly instance: number | undefined;
  readonly from: number;
  readonly count: number;
}

/** The functions that make faults. Each throws TypeError for an option that breaks its rule. */
export interface FaultMakers<Operation extends string = string> {
  /** The instance receives the call and never answers. */
  hang(operation: Operation | "*", target?: HandledTarget): CallFault;
  /**
   * The process of the instance ends at the call, without a goodbye: its bus has no responders for it any more. With
   * `handled` it ends after the handler, before the answer.
   */
  die(operation: Operation | "*", target?: HandledTarget): CallFault;
  /** The handler begins later. */
  slow(operation: Operation | "*", target: DelayTarget): CallFault;
  /** The handler is executed at once, and its answer arrives later. */
  late(operation: Operation | "*", target: DelayTarget): CallFault;
  /** The instance answers with an error, and the handler is not executed. */
  refuse(operation: Operation | "*", target: RefusalTarget): CallFault;
}

const aName = (check: (name: string) => NameCheck, must: string): Rule => ({
  must,
  fits: (value) => typeof value === "string" && check(value).kind === "good",
});
const TARGET: Rules<FaultTarget> = {
  instance: aWholeNumber(1, MAX_INSTANCE),
  service: aName(checkServiceName, "the name of a service"),
  from: aWholeNumber(1, Number.MAX_SAFE_INTEGER),
  count: aWholeNumber(1, Number.MAX_SAFE_INTEGER),
};
/** An hour: longer than a call waits. */
const MAX_DELAY_MS = 3_600_000;
const HANDLED: Rules<HandledTarget> = { ...TARGET, handled: trueOrFalse };
const DELAY: Rules<DelayTarget> = { ...TARGET, ms: required(aNumber(1, MAX_DELAY_MS)) };
const REFUSAL: Rules<RefusalTarget> = {
  ...TARGET,
  code: required(aWholeNumber(100, 999)),
  message: { must: "a text", fits: (value) => typeof value === "string" },
};

/** @param own the service of the contract; undefined: of any */
function makersFor(own: string | undefined, checkName: (name: string) => NameCheck): FaultMakers {
  function make<Target extends FaultTarget>(
    kind: FaultEffect["kind"],
    rules: Rules<Target>,
    effectOf: (target: Target) => FaultEffect,
  ) {
    return (operation: string, target: Target = {} as Target): CallFault => {
      checkOptions(`faults.${kind}`, target, rules);
      const name = operation === "*" ? undefined : checkName(String(operation));
      if (name?.kind === "bad") throw new TypeError(name.why);
      const { service = own, instance, from = 1, count = Number.POSITIVE_INFINITY } = target;
      return { effect: effectOf(target), operation, service, instance, from, count };
    };
  }
  return {
    hang: make("hang", HANDLED, ({ handled = false }) => ({ kind: "hang", handled })),
    die: make("die", HANDLED, ({ handled = false }) => ({ kind: "die", handled })),
    slow: make("slow", DELAY, ({ ms }) => ({ kind: "slow", ms })),
    late: make("late", DELAY, ({ ms }) => ({ kind: "late", ms })),
    refuse: make("refuse", REFUSAL, ({ code, message = "failed on purpose" }) => ({ kind: "refuse", code, message })),
  };
}

/** What a contract says of its operations' names. */
export interface ContractNames<Name extends string> {
  readonly service: string;
  readonly operations: Readonly<Record<Name, unknown>>;
}

/** `of` limits the makers to the service and the operations of a contract. The compiler checks their names, and so does `of`. */
export const faults = {
  ...makersFor(undefined, checkOperationName),
  of: <Name extends string>({ service, operations }: ContractNames<Name>): FaultMakers<Name> =>
    makersFor(service, (name) =>
      Object.hasOwn(operations, name)
        ? { kind: "good", name }
        : { kind: "bad", why: `${service} has no operation ${quoted(name, MAX_SHOWN)}` },
    ),
};

const MAX_SHOWN = 64;

/** A call as it reaches an instance. */
export interface ReachedCall {
  readonly service: string;
  readonly operation: string;
  /** Undefined: no heartbeat has named the receiver. */
  readonly instance: number | undefined;
}

/** Faults that are in force, with their counts. */
export class FaultPlan {
  readonly #active = new Set<ActiveFault>();

  /** @throws TypeError for what is no fault of `faults` */
  add(fault: CallFault): ActiveFault {
    if (typeof fault?.effect?.kind !== "string")
      throw new TypeError('no fault: make one, such as  faults.hang("reserve", { instance: 2 })');
    const active = new ActiveFault(fault, () => this.#active.delete(active));
    this.#active.add(active);
    return active;
  }

  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  /** Counts the call. @returns its effect: that of the first fault that affects it */
  effectOn(call: ReachedCall): FaultEffect | undefined {
    let effect: FaultEffect | undefined;
    for (const active of this.#active) if (active.meets(call, effect !== undefined)) effect = active.fault.effect;
    return effect;
  }
}

/** A fault in force. */
export class ActiveFault {
  readonly fault: CallFault;
  /** How many calls of its target have reached an instance. */
  calls = 0;
  /** How many of them it has affected. A test that names the wrong operation finds 0. */
  hits = 0;
  /** Ends the fault. Calls that it has affected already stay as they are. */
  readonly end: () => void;

  constructor(fault: CallFault, end: () => void) {
    this.fault = fault;
    this.end = end;
  }

  /** Counts the call. @param isTaken another fault affects it. @returns whether this one does */
  meets(call: ReachedCall, isTaken: boolean): boolean {
    const { operation, service, instance, from, count } = this.fault;
    const isTarget =
      (operation === "*" || operation === call.operation) &&
      (service === undefined || service === call.service) &&
      (instance === undefined || instance === call.instance);
    if (!isTarget) return false;
    this.calls += 1;
    if (isTaken || this.calls < from || this.calls >= from + count) return false;
    this.hits += 1;
    return true;
  }
}
