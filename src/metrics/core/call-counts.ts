// The counts of one client since it is observed: of its calls by operation, and of their attempts by operation and instance.
// An attempt costs two lookups and a few increments. Memory is bounded: what comes after the first thousand pairs of an
// operation and an instance is counted together.

import type { AttemptOutcome, CallEnd, ClientEvent } from "../../service/client-options.ts";
import { Histogram } from "./histogram.ts";
import { type Attempt, type AttemptOutcomeName, isTimed, noOutcomes, outcomeOf } from "./outcomes.ts";

/** So many pairs of an operation and an instance have counts of their own. */
const MAX_PAIRS = 1_000;
/** So many operations have counts of their own. An instance has at most 64. */
const MAX_OPERATIONS = 200;
/** The instance and the operation of the others. No instance has that number, and no operation that name. */
export const OTHER_INSTANCES = 0;
export const OTHER_OPERATIONS = "_other";

/** The attempts of one operation at the instances of one number. */
export class AttemptCounts {
  readonly outcomes = noOutcomes();
  readonly durations = new Histogram();
  hedges = 0;
  retries = 0;

  add({ tookMs, sentAs, isRetry }: Attempt, outcome: AttemptOutcomeName): void {
    this.outcomes[outcome] += 1;
    if (sentAs === "hedge") this.hedges += 1;
    if (isRetry) this.retries += 1;
    if (isTimed(outcome)) this.durations.add(tookMs);
  }
}

/** The calls of one operation. */
export interface OperationCounts {
  /** By how they ended: `ok`, `error`, or the reason. */
  readonly ends: Map<string, number>;
  readonly durations: Histogram;
}

export type Transition = "closed>open" | "retesting>open" | "open>retesting" | "open>closed" | "retesting>closed";

export class CallCounts {
  /** By operation, then by instance number. */
  readonly attempts = new Map<string, Map<number, AttemptCounts>>();
  readonly calls = new Map<string, OperationCounts>();
  readonly transitions = new Map<Transition, number>();
  shortCircuited = 0;
  /** Calls that failed in the caller before an instance was picked. */
  failed = 0;
  #pairs = 0;

  onAttempt(ended: AttemptOutcome): void {
    if (ended.kind === "short-circuited") this.shortCircuited += 1;
    else if (ended.kind === "failed") this.failed += 1;
    else this.#attemptsOf(ended.operation, ended.who.instance).add(ended, outcomeOf(ended));
  }

  onCall({ operation, result, tookMs }: CallEnd): void {
    const name = this.calls.has(operation) || this.calls.size < MAX_OPERATIONS ? operation : OTHER_OPERATIONS;
    let counts = this.calls.get(name);
    if (counts === undefined) {
      counts = { ends: new Map(), durations: new Histogram() };
      this.calls.set(name, counts);
    }
    counts.ends.set(result, (counts.ends.get(result) ?? 0) + 1);
    counts.durations.add(tookMs);
  }

  onEvent(event: ClientEvent): void {
    const transition = transitionOf(event);
    if (transition !== undefined) this.transitions.set(transition, (this.transitions.get(transition) ?? 0) + 1);
  }

  #attemptsOf(operation: string, instance: number): AttemptCounts {
    const known = this.attempts.get(operation)?.get(instance);
    if (known !== undefined) return known;
    if (this.#pairs < MAX_PAIRS) return this.#add(operation, instance);
    const name = this.attempts.has(operation) ? operation : OTHER_OPERATIONS;
    return this.attempts.get(name)?.get(OTHER_INSTANCES) ?? this.#add(name, OTHER_INSTANCES);
  }

  #add(operation: string, instance: number): AttemptCounts {
    const counts = new AttemptCounts();
    const instances = this.attempts.get(operation) ?? new Map<number, AttemptCounts>();
    instances.set(instance, counts);
    this.attempts.set(operation, instances);
    this.#pairs += 1;
    return counts;
  }
}

function transitionOf(event: ClientEvent): Transition | undefined {
  switch (event.kind) {
    case "opened":
      return event.why === "retest timed out" ? "retesting>open" : "closed>open";
    case "retesting":
      return "open>retesting";
    case "closed":
      return event.why === "heartbeat" ? "open>closed" : "retesting>closed";
    default:
      return undefined;
  }
}
