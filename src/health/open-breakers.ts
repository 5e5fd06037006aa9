// The members that are up and whose breaker is open or retesting. Those whose last retest is the longest ago come
// first. A flood of forged instances can make them ten thousand. So no pick searches them before a retest is due, and a
// search ends with the first members that it needs.
//
// An early retest is sent before its delay has passed, because no member can take a call.

import { retestIsDue } from "./breaker.ts";
import type { Member } from "./member.ts";

type Test = (member: Member) => boolean;

export class OpenBreakers {
  readonly #proven = new Set<Member>();
  readonly #newcomers = new Set<Member>();
  /** No retest is due before this. It is too low if the member that it came from left: the next search corrects it. */
  #nextDueAt = Number.POSITIVE_INFINITY;

  /** Removes `member`. If it belongs in, adds it at the end: its breaker opened or was retested last. */
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

  /** False if a search would find nothing. */
  mayHaveDue(now: number, early: boolean): boolean {
    return early ? this.#proven.size + this.#newcomers.size > 0 : now >= this.#nextDueAt;
  }

  /** Expired leases have been extended, so that a search may find members that it left out before. */
  searchAgain(): void {
    this.#nextDueAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * The first of those whose retest may start now, at most `limit`. Proven members come before newcomers.
   * @param passedOver members that this call may not get, and the next one may
   */
  dueForRetest(now: number, early: boolean, limit: number, isLive: Test, passedOver?: Test): readonly Member[] {
    const due: Member[] = [];
    let nextDueAt = Number.POSITIVE_INFINITY;
    for (const members of [this.#proven, this.#newcomers]) {
      for (const member of members) {
        if (member.breaker.kind !== "open") continue;
        const mayStart = early || retestIsDue(member.breaker, now);
        // Its lease has expired. Until it is back it is not due, so that it costs no search for each call.
        if (mayStart && !isLive(member)) continue;
        nextDueAt = Math.min(nextDueAt, member.breaker.retestAt);
        if (mayStart && !passedOver?.(member)) due.push(member);
        if (due.length === limit) return due;
      }
    }
    // All were searched, so the lowest is known.
    this.#nextDueAt = nextDueAt;
    return due;
  }
}
