// The members that are up, in the order of their turns: a sorted array. Joins and departures are rare and cost a
// binary search and one move of memory; a choice happens on every call and costs a look at one neighbour.

import { compareByInstance, type InstanceRef, type Member } from "./member.ts";

export class Ring {
  readonly #members: Member[] = [];
  /** Where the last choice fell; no more than a guess, as others may have come and gone since. */
  #lastPlace = 0;

  get size(): number {
    return this.#members.length;
  }

  all(): readonly Member[] {
    return this.#members;
  }

  add(member: Member): void {
    const place = this.#placeOf(member.who);
    if (this.#members[place] !== member) this.#members.splice(place, 0, member);
  }

  remove(member: Member): void {
    const place = this.#placeOf(member.who);
    if (this.#members[place] === member) this.#members.splice(place, 1);
  }

  /** Another member of the same number, if there is one: its neighbours are the only places to look. */
  duplicateOf(member: Member): Member | undefined {
    const place = this.#placeOf(member.who);
    const around = [this.#members[place - 1], this.#members[place], this.#members[place + 1]];
    return around.find(
      (other) => other !== undefined && other !== member && other.who.instance === member.who.instance,
    );
  }

  /**
   * The first member after `last` in turn order that `fits`, going round once. The cursor is the one who had the last
   * turn, not an index: whoever joins or leaves, nobody's turn is skipped or given twice.
   */
  firstAfter(last: InstanceRef | undefined, fits: (member: Member) => boolean): Member | undefined {
    const size = this.#members.length;
    let place = last === undefined ? 0 : this.#placeAfter(last);
    for (let seen = 0; seen < size; seen++, place++) {
      if (place >= size) place = 0;
      const member = this.#members[place];
      if (member === undefined || !fits(member)) continue;
      this.#lastPlace = place;
      return member;
    }
    return undefined;
  }

  #placeAfter(last: InstanceRef): number {
    if (this.#members[this.#lastPlace]?.who === last) return this.#lastPlace + 1;
    const place = this.#placeOf(last);
    const there = this.#members[place];
    return there !== undefined && compareByInstance(there.who, last) === 0 ? place + 1 : place;
  }

  /** Where `who` is, or would be. */
  #placeOf(who: InstanceRef): number {
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
