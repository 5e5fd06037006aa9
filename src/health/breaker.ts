// The circuit breaker of one incarnation, as a value: each function takes a breaker and returns the next one.
//
//   from        to          by
//   closed      open        `failureLimit` timeouts in a row
//   open        retesting   the sending of a retest
//   open        probation   a heartbeat
//   retesting   probation   its answer, or a heartbeat
//   retesting   closed      its answer, if `probationSuccesses` is 1
//   retesting   open        its timeout, or an end that shows nothing (`afterInconclusive`)
//   probation   closed      `probationSuccesses` answers, that of the retest included
//   probation   open        one timeout: the delay doubles
//
// In `closed` and `probation` calls go through. In `open` and `retesting` only the retest does. It is sent once the
// delay of an open breaker has passed, as a copy of a call, or is itself a call that must not be copied. If no instance
// can take the call, it is sent before that: early. After a probation that failed, heartbeats start no further one:
// only an answered retest does.
//
// The event `closed` means that calls go through again, so it is emitted when a probation starts. The step from
// probation to the state `closed` emits nothing.
//
// Each change of state adds one to the generation, and each call carries the generation in which it was sent. Its
// result counts only in that one. A late answer from before the opening therefore closes nothing, and a late timeout
// from before the closing opens nothing.

import type { HealthRules } from "../settings.ts";

interface Closed {
  readonly kind: "closed";
  readonly generation: number;
  /** Timeouts in a row, fewer than `failureLimit`. */
  readonly failures: number;
}

interface Probation {
  readonly kind: "probation";
  readonly generation: number;
  /** So many more answers end it. */
  readonly answersLeft: number;
  /** The delay of the last opening, before jitter. */
  readonly delayMs: number;
  readonly share: ProbationShare;
}

/** Which calls an instance on probation gets. */
type ProbationShare =
  /** As many as any other: the process was silent and came back, as after a pause, or it has answered. */
  | { readonly kind: "full" }
  /** One at a time, until the first answer: the process sent heartbeats and no answers. This is a guarded probation. */
  | {
      readonly kind: "one at a time";
      /** Calls without a result. More than one if no other instance could take a call. */
      readonly inFlight: number;
      /**
       * No next call before this: the last timeout of those in flight, and a margin. So a result that never comes
       * blocks the instance for a bounded time. If none is in flight, this time has passed.
       */
      readonly busyUntil: number;
    };

const FULL_SHARE: ProbationShare = { kind: "full" };

interface Open {
  readonly kind: "open";
  readonly generation: number;
  /** The last opening, by a call or by a failed retest. */
  readonly openedAt: number;
  /**
   * The last opening by a call, and not by a failed retest. The time from then until the next heartbeat shows if
   * the process was paused or hangs (`afterHeartbeat`).
   */
  readonly openedByCallAt: number;
  /** Before jitter: the next doubling starts from this. */
  readonly delayMs: number;
  readonly retestAt: number;
  /** False after a failed probation: an instance that sends heartbeats but no answers must not flap. */
  readonly heartbeatMayClose: boolean;
  /** The last retest was emitted and ended as inconclusive. The next one continues it, and is not emitted again. */
  readonly isRetestReported?: true;
}

interface Retesting {
  readonly kind: "retesting";
  readonly generation: number;
  /** Without a result by then the retest has failed. */
  readonly until: number;
  /** The state before. */
  readonly open: Open;
  /** False for an early retest. Its failure does not double the delay. */
  readonly wasDue: boolean;
}

/** The state of a circuit breaker. */
export type Breaker = Closed | Probation | Open | Retesting;

/** A transition that is emitted as an event. */
export type BreakerTransition =
  | { readonly kind: "opened"; readonly why: WhyOpened; readonly retestInMs: number }
  | { readonly kind: "retesting" }
  /** A probation starts. */
  | { readonly kind: "closed"; readonly why: "heartbeat" | "retest succeeded" };

type WhyOpened = "request timed out" | "retest timed out";

export interface TransitionResult {
  /** The same object if nothing has changed. */
  readonly breaker: Breaker;
  readonly transition?: BreakerTransition;
}

/** Returns a number in [0, 1). Passed in, so that the simulator can repeat a day exactly. */
export type Random = () => number;

/**
 * The largest share that jitter takes off a doubled delay. Callers whose breakers opened together then do not retest
 * together.
 */
const JITTER_SHARE = 0.25;
/**
 * The breaker waits for the result of a retest, or of a guarded call, until so long after its timeout. An answer just
 * before the timeout then still counts.
 */
const RESULT_MARGIN_MS = 500;

const FRESH: Breaker = { kind: "closed", generation: 0, failures: 0 };

/**
 * The breaker of a new incarnation: closed, without a failure. All share one object, which is immutable. With 10,000
 * members the object that each pick reads then stays in the CPU cache.
 */
export const freshBreaker = (): Breaker => FRESH;

/**
 * Whether the incarnation may get a call whose caller waits for the answer. "guarded": only if no other can take it,
 * because the one call of a guarded probation is in flight.
 */
export function eligibility(breaker: Breaker, now: number): "yes" | "guarded" | "no" {
  if (breaker.kind === "closed") return "yes";
  if (breaker.kind !== "probation") return "no";
  const { share } = breaker;
  return share.kind === "one at a time" && now < share.busyUntil ? "guarded" : "yes";
}

/** The breaker after the sending of a call that is no retest. Only a guarded probation counts it. */
export function afterSending(breaker: Breaker, now: number, timeoutMs: number): Breaker {
  if (breaker.kind !== "probation" || breaker.share.kind === "full") return breaker;
  const { busyUntil, inFlight, kind } = breaker.share;
  // Calls without a result by then count no more.
  const others = now < busyUntil ? inFlight : 0;
  // Each call has its own timeout, so that of an earlier one may end later.
  const until = Math.max(busyUntil, now + timeoutMs + RESULT_MARGIN_MS);
  return { ...breaker, share: { kind, inFlight: others + 1, busyUntil: until } };
}

/** Only a retest goes through. */
export const isOpen = ({ kind }: Breaker): boolean => kind === "open" || kind === "retesting";

export const retestIsDue = (breaker: Breaker, now: number): boolean =>
  breaker.kind === "open" && now >= breaker.retestAt;

/**
 * Starts a retest, whether or not it is due. Undefined if the breaker is not open: a second retest cannot start.
 * @param timeoutMs of the retest, which is a call
 */
export function startRetest(breaker: Breaker, now: number, timeoutMs: number): TransitionResult | undefined {
  if (breaker.kind !== "open") return undefined;
  const retesting: Retesting = {
    kind: "retesting",
    generation: breaker.generation + 1,
    until: now + timeoutMs + RESULT_MARGIN_MS,
    open: breaker,
    wasDue: now >= breaker.retestAt,
  };
  return breaker.isRetestReported ? { breaker: retesting } : { breaker: retesting, transition: { kind: "retesting" } };
}

/** The breaker after an answer in time. An error of the service is one as well: the incarnation is alive. */
export function afterAnswer(breaker: Breaker, sentGeneration: number, rules: HealthRules): TransitionResult {
  if (sentGeneration !== breaker.generation) return { breaker };
  switch (breaker.kind) {
    case "closed":
      return { breaker: breaker.failures === 0 ? breaker : { ...breaker, failures: 0 } };
    case "probation":
      return { breaker: countProbationSuccess(breaker) };
    case "retesting": {
      const probation = newProbation(breaker.generation, breaker.open.delayMs, FULL_SHARE, rules);
      // The answer to the retest is the first of the answers that end the probation.
      return { breaker: countProbationSuccess(probation), transition: { kind: "closed", why: "retest succeeded" } };
    }
    case "open":
      return { breaker };
  }
}

/** The breaker after one more answer on probation. The last one ends the probation. */
function countProbationSuccess(probation: Probation): Breaker {
  const { answersLeft, delayMs, generation, kind } = probation;
  if (answersLeft <= 1) return { kind: "closed", generation: generation + 1, failures: 0 };
  return { kind, generation, answersLeft: answersLeft - 1, delayMs, share: FULL_SHARE };
}

/** @param generation of the state before */
function newProbation(generation: number, delayMs: number, share: ProbationShare, rules: HealthRules): Probation {
  return { kind: "probation", generation: generation + 1, answersLeft: rules.probationSuccesses, delayMs, share };
}

/**
 * The breaker after a call without an answer within its timeout. Neither the bus nor our own process explains that:
 * where the bus disconnects, a call ends as inconclusive, and `now` is running time, without stalls of this process.
 */
export function afterTimeout(
  breaker: Breaker,
  sentGeneration: number,
  now: number,
  rules: HealthRules,
  random: Random,
): TransitionResult {
  if (sentGeneration !== breaker.generation) return { breaker };
  switch (breaker.kind) {
    case "closed":
      return countFailure(breaker, now, rules);
    case "probation": {
      const delay = nextBackoff(breaker.delayMs, rules, random);
      return open(breaker, now, { ...delay, openedByCallAt: now, heartbeatMayClose: false }, "request timed out");
    }
    case "retesting":
      return failRetest(breaker, now, rules, random);
    case "open":
      return { breaker };
  }
}

function countFailure(closed: Closed, now: number, rules: HealthRules): TransitionResult {
  const failures = closed.failures + 1;
  if (failures < rules.failureLimit) return { breaker: { ...closed, failures } };
  // The first delay has no jitter: a person who counts 30 seconds sees the retest come at 30 seconds.
  const delay = { delayMs: rules.retestDelayMs, retestInMs: rules.retestDelayMs };
  return open(closed, now, { ...delay, openedByCallAt: now, heartbeatMayClose: true }, "request timed out");
}

/**
 * The delay starts again at the failure, also after an early retest: that is the latest proof that the instance hangs.
 * An early failure adds no doubling, and no jitter: callers retest early with their own calls, and so not together.
 */
function failRetest(retesting: Retesting, now: number, rules: HealthRules, random: Random): TransitionResult {
  const { delayMs, openedByCallAt, heartbeatMayClose } = retesting.open;
  const delay = retesting.wasDue ? nextBackoff(delayMs, rules, random) : { delayMs, retestInMs: delayMs };
  return open(retesting, now, { ...delay, openedByCallAt, heartbeatMayClose }, "retest timed out");
}

interface Opening extends Pick<Open, "delayMs" | "openedByCallAt" | "heartbeatMayClose"> {
  /** The delay after jitter. */
  readonly retestInMs: number;
}

function nextBackoff(delayMs: number, rules: HealthRules, random: Random): Pick<Opening, "delayMs" | "retestInMs"> {
  const doubledMs = Math.min(delayMs * 2, rules.retestDelayMaxMs);
  return { delayMs: doubledMs, retestInMs: doubledMs * (1 - JITTER_SHARE * random()) };
}

function open(from: Breaker, now: number, opening: Opening, why: WhyOpened): TransitionResult {
  const { retestInMs, delayMs, openedByCallAt, heartbeatMayClose } = opening;
  const generation = from.generation + 1;
  const retestAt = now + retestInMs;
  return {
    breaker: { kind: "open", generation, openedAt: now, openedByCallAt, delayMs, retestAt, heartbeatMayClose },
    transition: { kind: "opened", why, retestInMs },
  };
}

/**
 * The breaker after a call that does not show if the incarnation answers in time. The bus was disconnected, the call
 * was not sent, it had too little time left, there was no responder, or the instance is leaving. Another retest, or the
 * next call of a guarded probation, may be sent at once. No event is emitted.
 */
export function afterInconclusive(breaker: Breaker, sentGeneration: number, now: number): Breaker {
  if (sentGeneration !== breaker.generation) return breaker;
  if (breaker.kind === "retesting")
    return { ...breaker.open, generation: breaker.generation + 1, isRetestReported: true };
  if (breaker.kind !== "probation" || breaker.share.kind === "full") return breaker;
  const { busyUntil, inFlight, kind } = breaker.share;
  // Another call may still be in flight, and the probation waits for its result.
  const left = Math.max(0, inFlight - 1);
  return { ...breaker, share: { kind, inFlight: left, busyUntil: left === 0 ? now : busyUntil } };
}

/** The breaker at `now`. A retest whose result has not come by `until` has failed. */
export function afterRetestExpiry(breaker: Breaker, now: number, rules: HealthRules, random: Random): TransitionResult {
  if (breaker.kind !== "retesting" || now < breaker.until) return { breaker };
  return failRetest(breaker, now, rules, random);
}

/** Whether the next heartbeat starts the probation of a breaker that has just opened. */
export const heartbeatMayClose = (breaker: Breaker): boolean => breaker.kind === "open" && breaker.heartbeatMayClose;

/** The breaker after a heartbeat. If it is open, a probation starts, unless the last one failed. */
export function afterHeartbeat(breaker: Breaker, now: number, rules: HealthRules): TransitionResult {
  const underlying = breaker.kind === "retesting" ? breaker.open : breaker;
  if (underlying.kind !== "open" || !underlying.heartbeatMayClose) return { breaker };
  // A heartbeat within a request timeout of the opening: the process hangs, and its probation is guarded. A later one:
  // it was paused. For at the opening a roll call requested a heartbeat, and a process that runs sends it at once. The
  // silence before the opening is not counted, because between two heartbeats each process is silent. Nor does a failed
  // retest begin a new silence.
  const wasPaused = now - underlying.openedByCallAt >= rules.requestTimeoutMs;
  const share: ProbationShare = wasPaused ? FULL_SHARE : { kind: "one at a time", inFlight: 0, busyUntil: now };
  const probation = newProbation(breaker.generation, underlying.delayMs, share, rules);
  return { breaker: probation, transition: { kind: "closed", why: "heartbeat" } };
}
