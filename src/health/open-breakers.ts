// The members that are up and whose breaker is open or retesting. Proven members come first, and among them roughly
// those whose last retest is the longest ago. A flood of forged instances can make them ten thousand. So no pick
// searches them before a retest is due, unless no member can take its call. A search ends with the first members that
// it needs.

import { retestIsDue } from "./breaker.ts";
import type { Member } from "./member.ts";

type Test = (member: Member) => boolean;

export class OpenBreakers {
  readonly #proven = new Set<Member>();
  readonly #newcomers = new Set<Member>();
  /** No retest is due before this. It may be too low, once that member has left: then one search finds nothing. */
  #nextDueAt = Number.POSITIVE_INFINITY;

  /** Adds `member` at the end, because its breaker opened or was retested last. Or removes it. */
  set(member: Member, isIn: boolean): void {
    this.#proven.delete(member);
    this.#newcomers.delete(member);
    if (!isIn) return;
    (member.hasAnswered ? this.#proven : this.#newcomers).add(member);
    if (member.breaker.kind === "open") this.#nextDueAt = Math.min(this.#nextDueAt, member.breaker.retestAt);
  }

  /** Moves `member` to the proven ones: it has answered for the first time. A late answer leaves its breaker open. */
  markProven(member: Member): void {
    if (this.#newcomers.delete(member)) this.#proven.add(member);
  }

  /** False if a search would find nothing. @param early whether no member can take the call */
  mayHaveDue(now: number, early: boolean): boolean {
    return early ? this.#proven.size + this.#newcomers.size > 0 : now >= this.#nextDueAt;
  }

  /** Lets the next pick search: expired leases have been extended, so it may find members that were left out before. */
  searchAgain(): void {
    this.#nextDueAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * The first whose retest is due or, with `early`, may be sent before that. At most `limit`, and proven members first.
   * @param passedOver members that this call may not be sent to, and the next one may
   */
  dueForRetest(now: number, early: boolean, limit: number, isLive: Test, passedOver?: Test): readonly Member[] {
    const due: Member[] = [];
    let nextDueAt = Number.POSITIVE_INFINITY;
    for (const members of [this.#proven, this.#newcomers]) {
      for (const member of members) {
        if (member.breaker.kind !== "open") continue;
        const mayStart = early || retestIsDue(member.breaker, now);
        // A member with an expired lease is left out of `nextDueAt`, so that it costs no search for each call. `set`
        // adds it again when it is back.
        if (mayStart && !isLive(member)) continue;
        nextDueAt = Math.min(nextDueAt, member.breaker.retestAt);
        if (mayStart && !passedOver?.(member)) due.push(member);
        if (due.length === limit) return due;
      }
    }
    // All were searched, so the lowest time is known.
    this.#nextDueAt = nextDueAt;
    return due;
  }
}
