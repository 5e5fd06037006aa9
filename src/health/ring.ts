// Members in the order of their instance numbers: a sorted array, read from any place on and around. Adding or removing
// one is rare: a binary search and one move of memory. A pick happens on every call, and usually tests one.

import { compareByInstance, type InstanceRef, type Member } from "./member.ts";

/** Members in the order of their instance numbers, read in turn. */
export class Ring {
  readonly #members: Member[] = [];
  /** Where `firstAfter` found a member last. It only shortens the search: a wrong index costs a binary search. */
  #lastIndex = 0;

  /** All of them, in order. The list is the ring's own: it changes with the ring. */
  all(): readonly Member[] {
    return this.#members;
  }

  /** The number of members. */
  get size(): number {
    return this.#members.length;
  }

  /** Adds or removes a member. @returns false if it is in, or out, already */
  set(member: Member, isIn: boolean): boolean {
    const index = this.#indexOf(member.who);
    const wasIn = this.#members[index] === member;
    if (isIn && !wasIn) this.#members.splice(index, 0, member);
    if (!isIn && wasIn) this.#members.splice(index, 1);
    return isIn !== wasIn;
  }

  /**
   * The direct neighbours of `member` in the ring that have its number. The ring is sorted by number, so a member
   * without such a neighbour has no duplicate. Of several duplicates these are two at most: ten thousand forged ones
   * cost no more.
   */
  duplicatesOf(member: Member): readonly Member[] {
    const index = this.#indexOf(member.who);
    const neighbours: readonly (Member | undefined)[] = [this.#members[index - 1], this.#members[index + 1]];
    return neighbours.filter((other) => other?.who.instance === member.who.instance) as readonly Member[];
  }

  /**
   * The first member after `last` that `accepts` returns true for, in one round. The cursor is a member and not an
   * index, so a join or a departure neither skips a turn of another member nor gives it two.
   */
  firstAfter(last: InstanceRef | undefined, accepts: (member: Member) => boolean): Member | undefined {
    const size = this.#members.length;
    let index = last === undefined ? 0 : this.#indexAfter(last);
    for (let visited = 0; visited < size; visited++, index++) {
      if (index >= size) index = 0;
      const member = this.#members[index];
      if (member === undefined || !accepts(member)) continue;
      this.#lastIndex = index;
      return member;
    }
    return undefined;
  }

  #indexAfter(last: InstanceRef): number {
    if (this.#members[this.#lastIndex]?.who === last) return this.#lastIndex + 1;
    const index = this.#indexOf(last);
    const found = this.#members[index];
    return found !== undefined && compareByInstance(found.who, last) === 0 ? index + 1 : index;
  }

  /** Where `who` is, or where it would be inserted. */
  #indexOf(who: InstanceRef): number {
    let low = 0;
    let high = this.#members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const member = this.#members[middle];
      if (member !== undefined && compareByInstance(member.who, who) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
