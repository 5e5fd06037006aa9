// Whose turn it is. `look` says what the next choice would be and changes nothing; `next` makes it. Of any service: it
// knows a tracker and nothing else.

import { willingness } from "./breaker.ts";
import type { Change } from "./change.ts";
import type { Member, Who } from "./member.ts";
import type { Ticket } from "./ticket.ts";
import type { Tracker } from "./tracker.ts";

/** What to send for one call. */
export interface Turn {
  /** The call itself; undefined: nobody is eligible, and the caller is told at once. */
  readonly call: Ticket | undefined;
  /** Copies of it that nobody waits for, each the one retest of an open breaker. */
  readonly retests: readonly Ticket[];
  /** More copies, each to a stranger who has yet to prove itself. */
  readonly trials: readonly Ticket[];
  readonly changes: readonly Change[];
}

export interface CallTraits {
  /** Incarnations that this call has been to already. */
  readonly tried?: ReadonlySet<string>;
  /** False for a call that must not reach two instances: then the retest is that call itself, and its caller pays. */
  readonly repeatable?: boolean;
  /** Incarnations that are asked only if nobody else can be (hedge.ts). */
  readonly slow?: Slow | undefined;
  /** Asks for a second one beside a call that is late: only who is well, and no copies, as those went with the first. */
  readonly second?: boolean;
}

/** Incarnations, by their ids. */
export interface Slow {
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
const DEAD_ENDS_UNTIL_WARY = 2;
/**
 * Copies of one call at most when nobody is well: a page of four sends enough for any service that people run, and forged
 * instances with open breakers do not make one call ten thousand.
 */
const MOST_COPIES = 16;

export class Resolver {
  readonly #tracker: Tracker;
  #last: Who | undefined;
  #lastTried: Who | undefined;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** The choice that `next` would make now. */
  look(now: number, traits: CallTraits = {}): Choice {
    if (traits.second === true) return { call: this.#well(now, traits), retests: NOBODY, trials: NOBODY };
    const healthy = this.#healthy(now, traits);
    const open = this.#retestable(now, healthy === undefined, traits.tried);
    if (traits.repeatable === false) return { call: open[0] ?? healthy, retests: NOBODY, trials: NOBODY };
    // One copy beside a call that succeeds is enough; when nobody is well, everyone who might be is asked.
    const retests = open.length === 0 ? NOBODY : open.slice(0, healthy === undefined ? MOST_COPIES : 1);
    return { call: healthy, retests, trials: this.#trials(healthy, now, traits) };
  }

  /** Takes the next turn. Every ticket handed out has to be settled with the tracker. */
  next(now: number, traits: CallTraits = {}): Turn {
    const choice = this.look(now, traits);
    // Nearly every turn is nothing but a call to one who is well.
    if (choice.call?.breaker.kind === "closed" && isCallAlone(choice)) {
      return { call: this.#admit(choice.call, now), retests: NONE, trials: NONE, changes: NONE };
    }
    const retests: Ticket[] = [];
    const changes: Change[] = [];
    for (const member of choice.retests) this.#startRetest(member, now, retests, changes);
    const trials = choice.trials.map((member) => this.#startTrial(member, now));
    const call = choice.call === undefined ? undefined : this.#send(choice.call, now, changes);
    return { call, retests, trials, changes };
  }

  #retestable(now: number, early: boolean, tried: ReadonlySet<string> | undefined): readonly Member[] {
    const open = this.#tracker.retestable(now, early);
    return tried === undefined || open.length === 0
      ? open
      : open.filter((member) => !tried.has(member.who.incarnation));
  }

  /** While strangers are not trusted with a call, one of them gets a copy beside each call that is in good hands. */
  #trials(healthy: Member | undefined, now: number, traits: CallTraits): readonly Member[] {
    if (healthy?.proven !== true || !this.#tracker.wariness.isWary(now)) return NOBODY;
    const fits = this.#fitting(now, traits, false);
    const stranger = this.#tracker.ring.firstAfter(this.#lastTried, (member) => !member.proven && fits(member));
    return stranger === undefined ? NOBODY : [stranger];
  }

  #startRetest(member: Member, now: number, retests: Ticket[], changes: Change[]): void {
    const retest = this.#tracker.admitRetest(member, now);
    if (retest === undefined) return;
    retests.push(retest.ticket);
    changes.push(...retest.changes);
  }

  #startTrial(member: Member, now: number): Ticket {
    this.#lastTried = member.who;
    return this.#tracker.admit(member, now);
  }

  #send(member: Member, now: number, changes: Change[]): Ticket {
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

  #healthy(now: number, traits: CallTraits): Member | undefined {
    return this.#well(now, traits) ?? this.#tracker.ring.firstAfter(this.#last, this.#fitting(now, traits, true));
  }

  #well(now: number, traits: CallTraits): Member | undefined {
    const fits = this.#fitting(now, traits, false);
    const { ring } = this.#tracker;
    const proven = this.#isWary(now, traits)
      ? ring.firstAfter(this.#last, (member) => member.proven && fits(member))
      : undefined;
    return proven ?? ring.firstAfter(this.#last, fits);
  }

  /** @param guardedToo also those who are asked only if nobody else can be */
  #fitting(now: number, { tried, slow }: CallTraits, guardedToo: boolean): (member: Member) => boolean {
    return (member) => {
      const will = willingness(member.breaker, now);
      if (will === "no" || (!guardedToo && (will === "guarded" || slow?.has(member.who.incarnation)))) return false;
      return this.#tracker.isLive(member, now) && !tried?.has(member.who.incarnation);
    };
  }

  /** A call that must not be copied is all that strangers of its service can prove themselves by. */
  #isWary(now: number, { tried, repeatable }: CallTraits): boolean {
    if (tried !== undefined && tried.size >= DEAD_ENDS_UNTIL_WARY) return true;
    return repeatable !== false && this.#tracker.wariness.isWary(now);
  }
}

// Of most choices these are empty, and a caller makes one for every call: shared they cost nothing.
const NOBODY: readonly Member[] = [];
const NONE: readonly never[] = [];

const isCallAlone = ({ retests, trials }: Choice): boolean => retests.length === 0 && trials.length === 0;
