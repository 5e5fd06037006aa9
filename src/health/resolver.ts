// Whose turn it is. `look` says what the next choice would be and changes nothing; `next` makes it. Of any service: it
// knows a tracker and nothing else.

import { eligibility } from "./breaker.ts";
import type { HealthEvent } from "./change.ts";
import type { InstanceRef, Member } from "./member.ts";
import type { Ticket } from "./ticket.ts";
import type { Tracker } from "./tracker.ts";

/** What to send for one call. */
export interface PickResult {
  /** The call itself; undefined: nobody is eligible, and the caller is told at once. */
  readonly call: Ticket | undefined;
  /** Copies of it that nobody waits for, each the one retest of an open breaker. */
  readonly retests: readonly Ticket[];
  /** More copies, each to a stranger who has yet to prove itself. */
  readonly trials: readonly Ticket[];
  readonly changes: readonly HealthEvent[];
}

export interface PickOptions {
  /** Incarnations that this call has been to already. */
  readonly excluded?: ReadonlySet<string>;
  /** False for a call that must not reach two instances: then the retest is that call itself, and its caller pays. */
  readonly repeatable?: boolean;
  /** Incarnations that are asked only if nobody else can be (hedge.ts). */
  readonly deprioritized?: Incarnations | undefined;
  /** Asks for a second one beside a call that is late: only who is well, and no copies, as those went with the first. */
  readonly isHedge?: boolean;
}

/** Incarnations, by their ids. */
export interface Incarnations {
  readonly size: number;
  has(incarnation: string): boolean;
  keys(): Iterable<string>;
}

/** Who would be sent what. */
export interface Choice {
  readonly call: Member | undefined;
  readonly retests: readonly Member[];
  readonly trials: readonly Member[];
}

/**
 * After this many addresses at which nobody answered, one call keeps to instances that have answered before: a table
 * full of forged heartbeats costs a call two milliseconds, not two thousand.
 */
const DEAD_ENDS_BEFORE_QUARANTINE = 2;
/**
 * Copies of one call at most when nobody is well: a page of four sends enough for any service that people run, and forged
 * instances with open breakers do not make one call ten thousand.
 */
const MAX_COPIES = 16;

export class Resolver {
  readonly #tracker: Tracker;
  #last: InstanceRef | undefined;
  #lastProbed: InstanceRef | undefined;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** The choice that `next` would make now. */
  peek(now: number, options: PickOptions = {}): Choice {
    if (options.isHedge === true) return { call: this.#healthy(now, options), retests: NO_MEMBERS, trials: NO_MEMBERS };
    const healthy = this.#eligible(now, options);
    const open = this.#dueForRetest(now, healthy === undefined, options.excluded);
    if (options.repeatable === false) return { call: open[0] ?? healthy, retests: NO_MEMBERS, trials: NO_MEMBERS };
    // One copy beside a call that succeeds is enough; when nobody is well, everyone who might be is asked.
    const retests = open.length === 0 ? NO_MEMBERS : open.slice(0, healthy === undefined ? MAX_COPIES : 1);
    return { call: healthy, retests, trials: this.#trials(healthy, now, options) };
  }

  /** Takes the next turn. Every ticket handed out has to be settled with the tracker. */
  next(now: number, options: PickOptions = {}): PickResult {
    const choice = this.peek(now, options);
    // Nearly every turn is nothing but a call to one who is well.
    if (choice.call?.breaker.kind === "closed" && hasNoProbes(choice)) {
      return { call: this.#admit(choice.call, now), retests: NONE, trials: NONE, changes: NONE };
    }
    const retests: Ticket[] = [];
    const changes: HealthEvent[] = [];
    for (const member of choice.retests) this.#startRetest(member, now, retests, changes);
    const trials = choice.trials.map((member) => this.#startProbe(member, now));
    const call = choice.call === undefined ? undefined : this.#send(choice.call, now, changes);
    return { call, retests, trials, changes };
  }

  #dueForRetest(now: number, early: boolean, excluded: ReadonlySet<string> | undefined): readonly Member[] {
    const open = this.#tracker.dueForRetest(now, early);
    return excluded === undefined || open.length === 0
      ? open
      : open.filter((member) => !excluded.has(member.who.incarnation));
  }

  /** While strangers are not trusted with a call, one of them gets a copy beside each call that is in good hands. */
  #trials(healthy: Member | undefined, now: number, options: PickOptions): readonly Member[] {
    if (healthy?.proven !== true || !this.#tracker.quarantine.isActive(now)) return NO_MEMBERS;
    const fits = this.#fitting(now, options, false);
    const stranger = this.#tracker.ring.firstAfter(this.#lastProbed, (member) => !member.proven && fits(member));
    return stranger === undefined ? NO_MEMBERS : [stranger];
  }

  #startRetest(member: Member, now: number, retests: Ticket[], changes: HealthEvent[]): void {
    const retest = this.#tracker.admitRetest(member, now);
    if (retest === undefined) return;
    retests.push(retest.ticket);
    changes.push(...retest.changes);
  }

  #startProbe(member: Member, now: number): Ticket {
    this.#lastProbed = member.who;
    return this.#tracker.admit(member, now);
  }

  #send(member: Member, now: number, changes: HealthEvent[]): Ticket {
    const retest = this.#tracker.admitRetest(member, now);
    if (retest === undefined) return this.#admit(member, now);
    // A retest is nobody's turn: moving the cursor there would pass over those who stand between.
    changes.push(...retest.changes);
    return retest.ticket;
  }

  #admit(member: Member, now: number): Ticket {
    this.#last = member.who;
    return this.#tracker.admit(member, now);
  }

  #eligible(now: number, options: PickOptions): Member | undefined {
    return this.#healthy(now, options) ?? this.#tracker.ring.firstAfter(this.#last, this.#fitting(now, options, true));
  }

  #healthy(now: number, options: PickOptions): Member | undefined {
    const fits = this.#fitting(now, options, false);
    const { ring } = this.#tracker;
    const proven = this.#isQuarantineActive(now, options)
      ? ring.firstAfter(this.#last, (member) => member.proven && fits(member))
      : undefined;
    return proven ?? ring.firstAfter(this.#last, fits);
  }

  /** @param alsoAvoided also those who are asked only if nobody else can be */
  #fitting(now: number, { excluded, deprioritized }: PickOptions, alsoAvoided: boolean): (member: Member) => boolean {
    return (member) => {
      const will = eligibility(member.breaker, now);
      if (will === "no" || (!alsoAvoided && (will === "guarded" || deprioritized?.has(member.who.incarnation))))
        return false;
      return this.#tracker.isLive(member, now) && !excluded?.has(member.who.incarnation);
    };
  }

  /** A call that must not be copied is all that strangers of its service can prove themselves by. */
  #isQuarantineActive(now: number, { excluded, repeatable }: PickOptions): boolean {
    if (excluded !== undefined && excluded.size >= DEAD_ENDS_BEFORE_QUARANTINE) return true;
    return repeatable !== false && this.#tracker.quarantine.isActive(now);
  }
}

// Of most choices these are empty, and a caller makes one for every call: shared they cost nothing.
const NO_MEMBERS: readonly Member[] = [];
const NONE: readonly never[] = [];

const hasNoProbes = ({ retests, trials }: Choice): boolean => retests.length === 0 && trials.length === 0;
