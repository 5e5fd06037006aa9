// The client-side load balancer of one service: which instance gets the next call, and which copies go along with it.
// `peek` returns the next choice and moves no cursor. `next` makes the choice and issues its tickets: each is the
// permission to send once.
//
// A member is proven if it has answered one of our calls, and a newcomer until then. It is healthy if it is live, its
// breaker is closed or on probation, and it is neither guarded nor late nor deprioritized. Guarded: its probation allows
// one call at a time, and that call is in flight. Late: it owes an answer for too long (lateness.ts). Deprioritized: it
// is overloaded.
//
// A call goes to the next healthy member that no other caller warns of (warnings.ts), or else to the next healthy one. Without
// one it goes to the next that is up and has no open breaker, and without such a member it fails at once. Copies of the call
// go along, whose answers the caller does not wait for:
// - A retest goes to a member with an open breaker, and finds out if it answers again.
// - A probe goes to a newcomer, while the quarantine for newcomers is active: several of them have failed.
//
// A call that is not idempotent is never copied, so the call itself has to be the retest or the probe. If no member can
// take it, it is the retest of a member with an open breaker. Otherwise one of a hundred such calls is a trial: a
// retest that is due, or a probe. Only the first sending of a call may be either. One that goes on after 529 would wait
// at an instance that hangs, and its caller would learn after a second that it may have been executed.

import type { HealthRules } from "../settings.ts";
import { eligibility, type Random } from "./breaker.ts";
import { type HealthEvent, type InstanceRef, isLate, type Member } from "./member.ts";
import type { Ticket } from "./ticket.ts";
import { Tracker } from "./tracker.ts";

/** The tickets for one call. Each must be settled with the tracker. */
export interface PickResult {
  /** Of the call itself. Undefined: no instance can take it, and it fails at once. */
  readonly call: Ticket | undefined;
  /** Of copies, each the one retest of an open breaker. */
  readonly retests: readonly Ticket[];
  /** Of more copies, each to a newcomer in quarantine. */
  readonly newcomerProbes: readonly Ticket[];
  /** The caller has to emit them. */
  readonly events: readonly HealthEvent[];
}

/** The call, as far as a pick has to know it. */
export interface PickOptions {
  /** The operation of the call: members without it are passed over. Default: any member will do. */
  readonly operation?: string;
  /** An attempt of the call has ended after so long. Default: the request timeout of the rules. */
  readonly timeoutMs?: number | undefined;
  /** Incarnations that this call was sent to already. */
  readonly excluded?: Incarnations;
  /**
   * False for a call that must not be executed twice: it is never copied, but can itself be a retest or a probe.
   * Default: true.
   */
  readonly idempotent?: boolean;
  /** Incarnations that are overloaded (deprioritized.ts). They are picked only without a healthy member, and get no copies. */
  readonly deprioritized?: Incarnations | undefined;
  /** The hedge of a late call goes only to a healthy member. It has no copies: those went along with the call. */
  readonly isHedge?: boolean;
}

/** A set of incarnation ids. */
export interface Incarnations {
  readonly size: number;
  /** Whether it is in the set. */
  has(incarnation: string): boolean;
  /** Each of them once. */
  keys(): Iterable<string>;
}

/** The members that a `PickResult` would have tickets for. */
export interface Choice {
  readonly call: Member | undefined;
  readonly retests: readonly Member[];
  readonly newcomerProbes: readonly Member[];
  /** The call itself is the probe of a newcomer in quarantine. */
  readonly isProbe?: true;
}

/**
 * Of so many calls in a row that are not idempotent, one is a trial. It is itself the retest that is due, or the probe
 * of a newcomer. If the instance hangs, that call times out. So while others can take calls, the price is at most one
 * call in a hundred. Without this limit, where calls are rarer than retests are due, each call would be a trial. An
 * idempotent call with copies restarts the count, because these are retests and probes at no price. One without copies
 * does not: the instance with the open breaker may lack its operation, and then no copy ever retests it.
 *
 * No trial at all was rejected: in a service without idempotent calls, an instance that failed its probation would get
 * no call again. At a call every three seconds, a hundred take 300 s, as long as the longest delay of a retest. A
 * busier service waits less for the instance. One that is less busy can do without it.
 */
const CALLS_PER_TRIAL = 100;
/**
 * A call that has tried so many instances goes only to proven members, if one is healthy. A forged instance without
 * responders costs a call a millisecond, so a table full of them would cost it seconds.
 *
 * All that it has tried count: also one with an invalid answer, and the late instance of a hedged call. Each has cost
 * the call time. To count only the dead would take a second set beside `excluded`.
 */
const TRIED_BEFORE_QUARANTINE = 2;
/**
 * The most retests that one call sends, if no member can take the call itself. Four calls at once, as for one page of a
 * shop with four products, then retest 64 members: more than most services have. Without a limit, one call would become
 * ten thousand where as many forged instances have open breakers.
 */
const MAX_COPIES = 16;

/** Decides which member takes a call, and which members get a copy of it as a retest or a probe. */
export class Resolver {
  readonly #tracker: Tracker;
  /**
   * By operation, the last member that got a turn: the search begins after it. Retests and probes are no turns.
   * With one cursor for all, two operations that are called by turns would each go to every second member only.
   */
  readonly #cursors = new Map<string | undefined, InstanceRef>();
  /** The operation of the last turn: the default of a `peek` that only shows whose turn is next. */
  #lastOperation: string | undefined;
  /** The last newcomer in quarantine that got a probe. */
  #probeCursor: InstanceRef | undefined;
  /** Calls in a row that are not idempotent and were no trial. */
  #callsWithoutTrial = 0;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** Makes the next choice, moves the cursor and issues the tickets. */
  next(now: number, options: PickOptions = {}): PickResult {
    const choice = this.peek(now, options);
    this.#countTowardsTrial(choice, options);
    // The common case, a turn without copies: the same result, without the arrays.
    if (choice.call?.breaker.kind === "closed" && isPlain(choice)) {
      return { call: this.#admitTurn(choice.call, now, options), retests: NONE, newcomerProbes: NONE, events: NONE };
    }
    const events: HealthEvent[] = [];
    const retests = choice.retests.flatMap((member) => this.#admitRetest(member, now, options, events) ?? []);
    const newcomerProbes = choice.newcomerProbes.map((member) => this.#admitProbe(member, now, options));
    const call = this.#admitCall(choice, now, options, events);
    return { call, retests, newcomerProbes, events };
  }

  // Choosing: moves no cursor, counts nothing.

  /** The choice that `next` would make now. */
  peek(now: number, options: PickOptions = {}): Choice {
    if (options.isHedge === true) return withoutCopies(this.#pickHealthy(now, options));
    const picked = this.#pick(now, options);
    if (options.idempotent === false) {
      const mayBeTrial = isFirstSending(options) && (picked === undefined || this.#isTrialDue);
      const trial = mayBeTrial ? this.#trial(picked, now, options) : undefined;
      return trial ?? withoutCopies(picked);
    }
    // One retest is enough beside a call that can succeed. If no member can take the call, open breakers are retested
    // early: before their delay has passed.
    const early = picked === undefined;
    const limit = early ? MAX_COPIES : 1;
    const retests = this.#dueForRetest(now, early, limit, options);
    return { call: picked, retests, newcomerProbes: this.#newcomerProbes(picked, now, options) };
  }

  /** The next healthy member, or else the next guarded, late or deprioritized one. */
  #pick(now: number, options: PickOptions): Member | undefined {
    return (
      this.#pickHealthy(now, options) ?? this.#nextOf(options, (member) => this.#isAvailable(member, now, options))
    );
  }

  #nextOf(options: PickOptions, accepts: (member: Member) => boolean): Member | undefined {
    return this.#tracker.rotation.firstAfter(this.#cursor(options), accepts);
  }

  /** The next healthy member. With an active quarantine, the next proven one, if there is one. */
  #pickHealthy(now: number, options: PickOptions): Member | undefined {
    const isHealthy = (member: Member): boolean => this.#isHealthy(member, now, options);
    if (!this.#isQuarantineActive(now, options)) return this.#unwarned(now, options, isHealthy);
    const isProven = (member: Member): boolean => member.hasAnswered && isHealthy(member);
    // A newcomer in quarantine is better than a guarded, late or deprioritized member, and than none.
    return this.#unwarned(now, options, isProven) ?? this.#unwarned(now, options, isHealthy);
  }

  /**
   * The next that is accepted, without a warning if there is such a one. A claim of another caller is worth less than what
   * this one has seen itself, so it never makes a call go to a member that is late or unproven.
   */
  #unwarned(now: number, options: PickOptions, accepts: (member: Member) => boolean): Member | undefined {
    const { rotation, lateness } = this.#tracker;
    const { warnings } = lateness;
    const next = this.#nextOf(options, accepts);
    if (next === undefined || warnings.size === 0) return next;
    const isPassedOver = (member: Member): boolean =>
      warnings.passesOver(member, rotation.all(), options.operation, now);
    if (!isPassedOver(next)) return next;
    return this.#nextOf(options, (member) => accepts(member) && !isPassedOver(member)) ?? next;
  }

  #cursor({ operation = this.#lastOperation }: PickOptions): InstanceRef | undefined {
    return this.#cursors.get(operation);
  }

  #isHealthy(member: Member, now: number, options: PickOptions): boolean {
    return (
      eligibility(member.breaker, now) === "yes" &&
      !isLate(member) &&
      !options.deprioritized?.has(member.who.incarnation) &&
      this.#isAvailable(member, now, options)
    );
  }

  /** `rotation` has no open breakers, so an available member of it is healthy, guarded, late or deprioritized. */
  #isAvailable(member: Member, now: number, options: PickOptions): boolean {
    return this.#tracker.isLive(member, now) && mayGetCall(member, options);
  }

  /** Whether the call goes to proven members only. So does each that has tried several instances. */
  #isQuarantineActive(now: number, { excluded }: PickOptions): boolean {
    if (excluded !== undefined && excluded.size >= TRIED_BEFORE_QUARANTINE) return true;
    return this.#tracker.quarantine.isActive(now);
  }

  get #isTrialDue(): boolean {
    return this.#callsWithoutTrial >= CALLS_PER_TRIAL - 1;
  }

  /** The call itself as a retest, or else as the probe of a newcomer. */
  #trial(picked: Member | undefined, now: number, options: PickOptions): Choice | undefined {
    const early = picked === undefined;
    const [retest] = this.#dueForRetest(now, early, 1, options);
    if (retest !== undefined) return withoutCopies(retest);
    const [newcomer] = this.#newcomerProbes(picked, now, options);
    return newcomer === undefined ? undefined : { ...withoutCopies(newcomer), isProbe: true };
  }

  #dueForRetest(now: number, early: boolean, limit: number, options: PickOptions): readonly Member[] {
    const { deprioritized } = options;
    const isPassedOver = (member: Member): boolean =>
      !mayGetCall(member, options) || deprioritized?.has(member.who.incarnation) === true;
    return this.#tracker.dueForRetest(now, early, limit, isPassedOver);
  }

  /** During the quarantine one newcomer gets a copy of each call that goes to a proven member. */
  #newcomerProbes(picked: Member | undefined, now: number, options: PickOptions): readonly Member[] {
    const goesToProven = picked?.hasAnswered === true;
    if (!goesToProven || !this.#tracker.quarantine.isActive(now)) return NO_MEMBERS;
    const newcomer = this.#tracker.rotation.firstAfter(
      this.#probeCursor,
      (member) => !member.hasAnswered && this.#isHealthy(member, now, options),
    );
    return newcomer === undefined ? NO_MEMBERS : [newcomer];
  }

  // Issuing tickets.

  /** Undefined if the breaker is not open. A retest is no turn: moving the cursor would skip the members in between. */
  #admitRetest(member: Member, now: number, options: PickOptions, events: HealthEvent[]): Ticket | undefined {
    const retest = this.#tracker.admitRetest(member, now, options.timeoutMs, options.operation);
    if (retest !== undefined) events.push(...retest.events);
    return retest?.ticket;
  }

  #admitProbe(member: Member, now: number, { timeoutMs, operation }: PickOptions): Ticket {
    this.#probeCursor = member.who;
    return this.#tracker.admit(member, now, timeoutMs, operation);
  }

  #countTowardsTrial(choice: Choice, options: PickOptions): void {
    const { call, isProbe } = choice;
    const isTrial = isProbe === true || call?.breaker.kind === "open" || !isPlain(choice);
    if (isTrial) this.#callsWithoutTrial = 0;
    // A call that goes on is counted once.
    else if (options.idempotent === false && isFirstSending(options)) this.#callsWithoutTrial += 1;
  }

  /** The ticket of the call itself: the probe of a newcomer, a retest if the breaker is open, or a turn. */
  #admitCall(choice: Choice, now: number, options: PickOptions, events: HealthEvent[]): Ticket | undefined {
    const { call: member, isProbe } = choice;
    if (member === undefined) return undefined;
    if (isProbe) return this.#admitProbe(member, now, options);
    return this.#admitRetest(member, now, options, events) ?? this.#admitTurn(member, now, options);
  }

  /** A hedge is a turn as well: the instance has had a request. */
  #admitTurn(member: Member, now: number, { operation, timeoutMs }: PickOptions): Ticket {
    this.#lastOperation = operation ?? this.#lastOperation;
    this.#cursors.set(this.#lastOperation, member.who);
    return this.#tracker.admit(member, now, timeoutMs, operation);
  }
}

/** It has the operation, and this call was not sent to it before. */
const mayGetCall = (member: Member, { operation, excluded }: PickOptions): boolean =>
  (operation === undefined || member.operations.includes(operation)) && !excluded?.has(member.who.incarnation);

const isFirstSending = ({ excluded }: PickOptions): boolean => excluded === undefined || excluded.size === 0;

// Shared, because they are empty for nearly every call.
const NO_MEMBERS: readonly Member[] = [];
const NONE: readonly never[] = [];

const withoutCopies = (call: Member | undefined): Choice => ({ call, retests: NO_MEMBERS, newcomerProbes: NO_MEMBERS });

const isPlain = ({ retests, newcomerProbes, isProbe }: Choice): boolean =>
  retests.length === 0 && newcomerProbes.length === 0 && isProbe === undefined;

/** The health of the instances of one service, and the choice among them. */
export interface Balancer {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
}

/**
 * Makes the balancer of a service. A client takes it as an option, so that it can be given one that records every
 * input.
 * @param random the only source of chance in a balancer
 */
export type BalancerFactory = (service: string, rules: HealthRules, random: Random) => Balancer;

export const newBalancer: BalancerFactory = (_service, rules, random) => {
  const tracker = new Tracker(rules, random);
  return { tracker, resolver: new Resolver(tracker) };
};
