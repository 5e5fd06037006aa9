// One breaker, as a value. It answers one question about one incarnation: does it answer in time? A call that went
// unanswered opens it; a heartbeat or a retest closes it, the first time in good faith, after that only on proof.
//
//   closed ──unanswered──► open ──heartbeat──► probation ──a few answers──► closed
//                           ▲  └──retest──► retesting ──answered──► probation
//                           └──unanswered───────┴────────────────────────┘   (delay doubled, heartbeats close no more)
//
// Every state has a generation. A result carries the generation under which its call was sent, and counts only for that one: a
// late answer from before the opening closes nothing, a late failure from before the closing opens nothing.

import type { HealthRules } from "../settings.ts";

interface Closed {
  readonly kind: "closed";
  readonly generation: number;
  /** Unanswered calls in a row; below the limit, or it would be open. */
  readonly failures: number;
}

/** Closed, but the next unanswered call opens it again, for twice as long. */
interface Probation {
  readonly kind: "probation";
  readonly generation: number;
  readonly answersLeft: number;
  /** The delay that the last opening had. */
  readonly delayMs: number;
  /**
   * Set for one that beat while it did not answer: until it has answered once it gets one call at a time, this one
   * being out until the given time. One that was silent and came back (a paused process) takes its full turns at once.
   */
  readonly inFlightUntil: number | undefined;
}

interface Open {
  readonly kind: "open";
  readonly generation: number;
  readonly openedAt: number;
  readonly delayMs: number;
  readonly retestAt: number;
  /** False once a probation was failed: an instance that beats but does not answer must not flap. */
  readonly heartbeatMayClose: boolean;
  /** The last retest ended without a result, so that the next one is no change of state. */
  readonly isRetestTold?: true;
}

/** One retest is out, leased until `until`: a result that never comes ends it all the same. */
interface Retesting {
  readonly kind: "retesting";
  readonly generation: number;
  readonly until: number;
  readonly open: Open;
  /** Whether the delay had passed; one sent early, for want of anyone healthy, does not grow the delay. */
  readonly wasDue: boolean;
}

export type Breaker = Closed | Probation | Open | Retesting;

/** What a change of a breaker's state tells the world. */
export type BreakerTransition =
  | { readonly kind: "opened"; readonly why: "request timed out" | "retest timed out"; readonly retestInMs: number }
  | { readonly kind: "retesting" }
  | { readonly kind: "closed"; readonly why: "heartbeat" | "retest succeeded" };

export interface TransitionResult {
  readonly breaker: Breaker;
  readonly transition?: BreakerTransition;
}

/** A random number in [0, 1), given in so that a simulation can repeat a day. */
export type Random = () => number;

/** How much of a doubled delay jitter may take away: callers that opened together do not retest together. */
const JITTER_SHARE = 0.25;
/** How much longer than the timeout a retest's lease is: its own timeout must come first, or it would end twice. */
const LEASE_MARGIN_MS = 500;

const FRESH: Breaker = { kind: "closed", generation: 0, failures: 0 };

/** The same for all, as it never changes: of ten thousand, one that is read for every choice is always at hand. */
export const freshBreaker = (): Breaker => FRESH;

/** May take a call that somebody waits for? (`guarded`: only if nobody else can.) */
export function eligibility(breaker: Breaker, now: number): "yes" | "guarded" | "no" {
  if (breaker.kind === "closed") return "yes";
  if (breaker.kind !== "probation") return "no";
  return breaker.inFlightUntil !== undefined && now < breaker.inFlightUntil ? "guarded" : "yes";
}

/** A call is being sent under `breaker`. Only a guarded probation has to remember it. */
export function afterSending(breaker: Breaker, now: number, rules: HealthRules): Breaker {
  if (breaker.kind !== "probation" || breaker.inFlightUntil === undefined) return breaker;
  return { ...breaker, inFlightUntil: now + rules.requestTimeoutMs + LEASE_MARGIN_MS };
}

export const retestIsDue = (breaker: Breaker, now: number): boolean =>
  breaker.kind === "open" && now >= breaker.retestAt;

/** Starts the one retest, also before it is due; undefined when one is out or none is needed. */
export function startRetest(breaker: Breaker, now: number, rules: HealthRules): TransitionResult | undefined {
  if (breaker.kind !== "open") return undefined;
  const retesting: Retesting = {
    kind: "retesting",
    generation: breaker.generation + 1,
    until: now + rules.requestTimeoutMs + LEASE_MARGIN_MS,
    open: breaker,
    wasDue: now >= breaker.retestAt,
  };
  return breaker.isRetestTold ? { breaker: retesting } : { breaker: retesting, transition: { kind: "retesting" } };
}

/** An answer, even an error that the service gave: it is alive. */
export function afterAnswer(breaker: Breaker, sentUnder: number, rules: HealthRules): TransitionResult {
  if (sentUnder !== breaker.generation) return { breaker };
  switch (breaker.kind) {
    case "closed":
      return { breaker: breaker.failures === 0 ? breaker : { ...breaker, failures: 0 } };
    case "probation":
      return { breaker: countProbationSuccess(breaker) };
    case "retesting":
      return { breaker: closeOnProbation(breaker, rules), transition: { kind: "closed", why: "retest succeeded" } };
    case "open":
      return { breaker };
  }
}

function countProbationSuccess(probation: Probation): Breaker {
  const { answersLeft, delayMs, generation, kind } = probation;
  if (answersLeft <= 1) return { kind: "closed", generation: generation + 1, failures: 0 };
  return { kind, generation, answersLeft: answersLeft - 1, delayMs, inFlightUntil: undefined };
}

/** The retest was the first of the answers that a probation asks for. */
function closeOnProbation({ generation, open }: Retesting, rules: HealthRules): Breaker {
  const { delayMs } = open;
  return countProbationSuccess({
    kind: "probation",
    generation: generation + 1,
    answersLeft: rules.probationSuccesses,
    delayMs,
    inFlightUntil: undefined,
  });
}

/** A call went unanswered for its whole time, and it was not our fault. */
export function afterTimeout(
  breaker: Breaker,
  sentUnder: number,
  now: number,
  rules: HealthRules,
  random: Random,
): TransitionResult {
  if (sentUnder !== breaker.generation) return { breaker };
  switch (breaker.kind) {
    case "closed":
      return afterFailure(breaker, now, rules);
    case "probation":
      return open(breaker, now, nextBackoff(breaker.delayMs, rules, random), false, "request timed out");
    case "retesting":
      return afterFailedRetest(breaker, now, rules, random);
    case "open":
      return { breaker };
  }
}

function afterFailure(closed: Closed, now: number, rules: HealthRules): TransitionResult {
  const failures = closed.failures + 1;
  if (failures < rules.failureLimit) return { breaker: { ...closed, failures } };
  // The first delay is exact: a person who counts the thirty seconds is right.
  const delay = { delayMs: rules.retestDelayMs, retestInMs: rules.retestDelayMs };
  return open(closed, now, delay, true, "request timed out");
}

function afterFailedRetest(retesting: Retesting, now: number, rules: HealthRules, random: Random): TransitionResult {
  const { delayMs, heartbeatMayClose } = retesting.open;
  const delay = retesting.wasDue ? nextBackoff(delayMs, rules, random) : { delayMs, retestInMs: delayMs };
  return open(retesting, now, delay, heartbeatMayClose, "retest timed out");
}

interface Delay {
  /** What the next doubling starts from. */
  readonly delayMs: number;
  /** The same, less jitter. */
  readonly retestInMs: number;
}

function nextBackoff(delayMs: number, rules: HealthRules, random: Random): Delay {
  const doubledMs = Math.min(delayMs * 2, rules.retestDelayMaxMs);
  return { delayMs: doubledMs, retestInMs: doubledMs * (1 - JITTER_SHARE * random()) };
}

type WhyOpened = Extract<BreakerTransition, { kind: "opened" }>["why"];

function open(
  from: Breaker,
  now: number,
  { delayMs, retestInMs }: Delay,
  heartbeatMayClose: boolean,
  why: WhyOpened,
): TransitionResult {
  return {
    breaker: {
      kind: "open",
      generation: from.generation + 1,
      openedAt: now,
      delayMs,
      retestAt: now + retestInMs,
      heartbeatMayClose,
    },
    transition: { kind: "opened", why, retestInMs },
  };
}

/**
 * The call ended in a way that says nothing about the instance: the bus was away, the caller gave up, nobody was there,
 * it was never sent.
 * What it held is given back, and nothing is told.
 */
export function afterInconclusive(breaker: Breaker, sentUnder: number, now: number): Breaker {
  if (sentUnder !== breaker.generation) return breaker;
  if (breaker.kind === "retesting") return { ...breaker.open, generation: breaker.generation + 1, isRetestTold: true };
  if (breaker.kind === "probation" && breaker.inFlightUntil !== undefined) return { ...breaker, inFlightUntil: now };
  return breaker;
}

/** A retest whose result never came ends as a failure once its lease is over. */
export function afterRetestLeaseExpiry(
  breaker: Breaker,
  now: number,
  rules: HealthRules,
  random: Random,
): TransitionResult {
  if (breaker.kind !== "retesting" || now < breaker.until) return { breaker };
  return afterFailedRetest(breaker, now, rules, random);
}

/** A heartbeat, received now: closes what opened before, unless a probation has been failed since it last was well. */
export function afterHeartbeat(breaker: Breaker, now: number, rules: HealthRules): TransitionResult {
  const opened = breaker.kind === "retesting" ? breaker.open : breaker;
  if (opened.kind !== "open" || !opened.heartbeatMayClose) return { breaker };
  // It was asked to beat when the breaker opened. Whoever obeys at once was not paused: it beats but does not answer.
  const wasSilent = now - opened.openedAt >= rules.requestTimeoutMs;
  const probation: Probation = {
    kind: "probation",
    generation: breaker.generation + 1,
    answersLeft: rules.probationSuccesses,
    delayMs: opened.delayMs,
    inFlightUntil: wasSilent ? undefined : now,
  };
  return { breaker: probation, transition: { kind: "closed", why: "heartbeat" } };
}
