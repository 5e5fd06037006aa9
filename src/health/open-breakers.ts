// The members that are up and whose breaker is open or retesting, those whose last retest is the longest ago first. A
// flood of forged instances can make them ten thousand. So no pick looks at them before a retest is due, and the search
// ends with the first members that it needs.

import { retestIsDue } from "./breaker.ts";
import type { Member } from "./member.ts";

export class OpenBreakers {
  readonly #proven = new Set<Member>();
  readonly #newcomers = new Set<Member>();
  /** No retest is due before. Too early if that member has left: then one search finds none, and sets it again. */
  #nextDueAt = Number.POSITIVE_INFINITY;

  /** Adds or removes `member`. One that is in is moved to the end, so its breaker was retested last. */
  set(member: Member, isIn: boolean): void {
    this.#proven.delete(member);
    this.#newcomers.delete(member);
    if (!isIn) return;
    (member.hasAnswered ? this.#proven : this.#newcomers).add(member);
    if (member.breaker.kind === "open") this.#nextDueAt = Math.min(this.#nextDueAt, member.breaker.retestAt);
  }

  /** `member` has answered for the first time: a late answer leaves its breaker open. */
  markProven(member: Member): void {
    if (this.#newcomers.delete(member)) this.#proven.add(member);
  }

  mayHaveDue(now: number, early: boolean): boolean {
    return early ? this.#proven.size + this.#newcomers.size > 0 : now >= this.#nextDueAt;
  }

  /** The first of those whose retest may start now, at most `limit`. Proven members come before newcomers. */
  dueForRetest(now: number, early: boolean, limit: number, accepts: (member: Member) => boolean): readonly Member[] {
    const due: Member[] = [];
    let nextDueAt = Number.POSITIVE_INFINITY;
    for (const members of [this.#proven, this.#newcomers]) {
      for (const member of members) {
        if (member.breaker.kind !== "open") continue;
        nextDueAt = Math.min(nextDueAt, member.breaker.retestAt);
        if ((early || retestIsDue(member.breaker, now)) && accepts(member)) due.push(member);
        if (due.length === limit) return due;
      }
    }
    // All were seen.
    this.#nextDueAt = nextDueAt;
    return due;
  }
}
