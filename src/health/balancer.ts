// The client-side load balancer of one service: which instance gets the next call, and which copies go along with it.
// `peek` returns the next choice and changes nothing; `next` makes the choice and issues its tickets. It knows the
// tracker and nothing of any particular service.
//
// A member is proven if it has answered one of our calls, and a newcomer until then. It is healthy if it is live, its
// breaker is closed or on probation, and it is neither guarded (on probation with its one call in flight) nor
// deprioritized (it owes an answer that a hedge has given).
//
// A call goes to the next healthy member. Without one it goes to the next guarded or deprioritized member, and without
// such a member it fails at once. A call that is not idempotent is itself the retest, where one is due, or
// where no member can take it.

import type { HealthRules } from "../settings.ts";
import { eligibility, type Random } from "./breaker.ts";
import type { HealthEvent, InstanceRef, Member } from "./member.ts";
import { type Ticket, Tracker } from "./tracker.ts";

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

/** What to send for one call. Every ticket must be settled with the tracker. */
export interface PickResult {
  /** The call itself. Undefined: no instance can take it, and it fails at once. */
  readonly call: Ticket | undefined;
  /**
   * Copies of the call, each the one retest of an open breaker. The caller does not wait for them. None for a call that
   * is not idempotent, and no newcomer probes either.
   */
  readonly retests: readonly Ticket[];
  /** More copies, each to a newcomer in quarantine. */
  readonly newcomerProbes: readonly Ticket[];
  readonly changes: readonly HealthEvent[];
}

export interface PickOptions {
  /** Incarnations that this call was sent to already. */
  readonly excluded?: ReadonlySet<string>;
  /**
   * False for a call that must not reach two instances. The call is then never copied. If a retest is due, the call is
   * the retest. Default: true.
   */
  readonly idempotent?: boolean;
  /** Incarnations that owe an answer which a hedge has given (hedge.ts). They are picked only without a healthy member. */
  readonly deprioritized?: Incarnations | undefined;
  /** The second request of a late call: only to a healthy member, and without copies, as those went with the first. */
  readonly isHedge?: boolean;
}

/** A set of incarnation ids. */
export interface Incarnations {
  readonly size: number;
  has(incarnation: string): boolean;
  keys(): Iterable<string>;
}

/** The members that a `PickResult` would have tickets for. */
export interface Choice {
  readonly call: Member | undefined;
  readonly retests: readonly Member[];
  readonly newcomerProbes: readonly Member[];
}

/**
 * A call that has left so many instances goes only to proven members, if one is healthy. A forged instance without
 * responders costs a call a millisecond, so a table full of them would cost it seconds.
 */
const DEAD_ENDS_BEFORE_QUARANTINE = 2;
/**
 * The most retests of one call that no member can take. Four calls at once then retest 64 members, more than most services
 * have. Without a limit, ten thousand forged instances with open breakers would turn one call into ten thousand.
 */
const MAX_COPIES = 16;

export class Resolver {
  readonly #tracker: Tracker;
  /** The cursor of the rotation: the last member that got a turn. */
  #last: InstanceRef | undefined;
  /** The same for newcomers in quarantine. */
  #lastProbed: InstanceRef | undefined;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** The choice that `next` would make now. */
  peek(now: number, options: PickOptions = {}): Choice {
    if (options.isHedge === true)
      return { call: this.#pickHealthy(now, options), retests: NO_MEMBERS, newcomerProbes: NO_MEMBERS };
    const picked = this.#pick(now, options);
    if (options.idempotent === false) {
      // The call must not be copied. If a retest is due, the call is the retest, and its caller waits for the result.
      const [retest] = this.#tracker.dueForRetest(now, picked === undefined, 1, options.excluded);
      return { call: retest ?? picked, retests: NO_MEMBERS, newcomerProbes: NO_MEMBERS };
    }
    // One retest is enough beside a call that can succeed. If no member can take the call, all open breakers are
    // retested.
    const limit = picked === undefined ? MAX_COPIES : 1;
    const retests = this.#tracker.dueForRetest(now, picked === undefined, limit, options.excluded);
    return { call: picked, retests, newcomerProbes: this.#newcomerProbes(picked, now, options) };
  }

  /** Makes the next choice, moves the cursor and issues the tickets. */
  next(now: number, options: PickOptions = {}): PickResult {
    const choice = this.peek(now, options);
    // The common case, a call without copies: the same result, without the arrays.
    if (choice.call?.breaker.kind === "closed" && hasNoCopies(choice)) {
      return { call: this.#admitTurn(choice.call, now), retests: NONE, newcomerProbes: NONE, changes: NONE };
    }
    const retests: Ticket[] = [];
    const changes: HealthEvent[] = [];
    for (const member of choice.retests) this.#admitRetest(member, now, retests, changes);
    const newcomerProbes = choice.newcomerProbes.map((member) => this.#admitProbe(member, now));
    const call = choice.call === undefined ? undefined : this.#admitCall(choice.call, now, changes);
    return { call, retests, newcomerProbes, changes };
  }

  // Choosing: changes nothing.

  /** The next healthy member, or else the next guarded or deprioritized one. */
  #pick(now: number, options: PickOptions): Member | undefined {
    return (
      this.#pickHealthy(now, options) ??
      this.#tracker.rotation.firstAfter(this.#last, (member) => this.#isAvailable(member, now, options))
    );
  }

  /** The next healthy member. With an active quarantine, the next proven one, if there is one. */
  #pickHealthy(now: number, options: PickOptions): Member | undefined {
    const { rotation } = this.#tracker;
    const isHealthy = (member: Member): boolean => this.#isHealthy(member, now, options);
    const proven = this.#isQuarantineActive(now, options)
      ? rotation.firstAfter(this.#last, (member) => member.hasAnswered && isHealthy(member))
      : undefined;
    // A newcomer in quarantine is better than a guarded or deprioritized member, and than none.
    return proven ?? rotation.firstAfter(this.#last, isHealthy);
  }

  #isHealthy(member: Member, now: number, options: PickOptions): boolean {
    return (
      eligibility(member.breaker, now) === "yes" &&
      !options.deprioritized?.has(member.who.incarnation) &&
      this.#isAvailable(member, now, options)
    );
  }

  /** A member of the rotation that is available is healthy, guarded or deprioritized. */
  #isAvailable(member: Member, now: number, { excluded }: PickOptions): boolean {
    return this.#tracker.isLive(member, now) && !excluded?.has(member.who.incarnation);
  }

  /**
   * After two dead ends, for any call. Otherwise not for a call that must not be copied: in a service with only such calls
   * no newcomer gets a copy, and so none could leave the quarantine.
   */
  #isQuarantineActive(now: number, { excluded, idempotent }: PickOptions): boolean {
    if (excluded !== undefined && excluded.size >= DEAD_ENDS_BEFORE_QUARANTINE) return true;
    return idempotent !== false && this.#tracker.quarantine.isActive(now);
  }

  /** During the quarantine one newcomer gets a copy of each call that goes to a proven member. */
  #newcomerProbes(picked: Member | undefined, now: number, options: PickOptions): readonly Member[] {
    if (picked?.hasAnswered !== true || !this.#tracker.quarantine.isActive(now)) return NO_MEMBERS;
    const newcomer = this.#tracker.rotation.firstAfter(
      this.#lastProbed,
      (member) => !member.hasAnswered && this.#isHealthy(member, now, options),
    );
    return newcomer === undefined ? NO_MEMBERS : [newcomer];
  }

  // Issuing tickets.

  #admitRetest(member: Member, now: number, retests: Ticket[], changes: HealthEvent[]): void {
    const retest = this.#tracker.admitRetest(member, now);
    if (retest === undefined) return;
    retests.push(retest.ticket);
    changes.push(...retest.changes);
  }

  #admitProbe(member: Member, now: number): Ticket {
    this.#lastProbed = member.who;
    return this.#tracker.admit(member, now);
  }

  /** The ticket of the call itself. It is a retest if the breaker is open, and else a turn. */
  #admitCall(member: Member, now: number, changes: HealthEvent[]): Ticket {
    const retest = this.#tracker.admitRetest(member, now);
    if (retest === undefined) return this.#admitTurn(member, now);
    // A retest is not a turn of the rotation: moving the cursor here would skip the members in between.
    changes.push(...retest.changes);
    return retest.ticket;
  }

  /** A hedge is a turn as well: the instance has had a request. */
  #admitTurn(member: Member, now: number): Ticket {
    this.#last = member.who;
    return this.#tracker.admit(member, now);
  }
}

// Shared, because they are empty for nearly every call.
const NO_MEMBERS: readonly Member[] = [];
const NONE: readonly never[] = [];

const hasNoCopies = ({ retests, newcomerProbes }: Choice): boolean =>
  retests.length === 0 && newcomerProbes.length === 0;
