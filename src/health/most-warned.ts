// The share of members that are warned of, by operation: more than half, or not. Of the proven ones, and of all. Only members
// that can get calls count.
//
// The counts of an operation are made at the first pick of it after a warning, and each change is added to them. To count for
// each pick was rejected: with 4,900 of 10,000 members warned of, that took 1.3 ms. To count after each change, too: 200
// warnings a second took a whole core, where calls went to five operations.

import type { Member } from "./member.ts";

interface Counts {
  members: number;
  warned: number;
}

/** Of the members that have one operation. */
interface OperationCounts {
  readonly ofProven: Counts;
  readonly ofAll: Counts;
}

export class MostWarned {
  /** Only while there are warnings. */
  readonly #counts = new Map<string | undefined, OperationCounts>();
  /** The members that are warned of, and until when. */
  readonly #warned = new Map<Member, number>();
  /** None of the warnings is over before. */
  #firstEnd = Number.POSITIVE_INFINITY;

  /**
   * Whether more than half of those with the operation are warned of: of the proven ones, if `member` is proven.
   * @param operation undefined: each member has it
   * @param rotation the members that can get calls, in any order
   */
  isMost(member: Member, operation: string | undefined, rotation: Iterable<Member>, now: number): boolean {
    if (now >= this.#firstEnd) this.#expire(now);
    const { ofProven, ofAll } = this.#counts.get(operation) ?? this.#count(operation, rotation);
    const { members, warned } = member.hasAnswered ? ofProven : ofAll;
    return 2 * warned > members;
  }

  /** Its warning counts until then. */
  warn(member: Member, until: number): void {
    if (!this.#warned.has(member)) this.#change(member, "warned", 1);
    this.#warned.set(member, until);
    this.#firstEnd = Math.min(this.#firstEnd, until);
  }

  /** Its warning counts no more. */
  unwarn(member: Member): void {
    if (!this.#warned.delete(member)) return;
    this.#change(member, "warned", -1);
    if (this.#warned.size > 0) return;
    this.#counts.clear();
    this.#firstEnd = Number.POSITIVE_INFINITY;
  }

  /** It can get calls from now on, or none. */
  moved(member: Member, isIn: boolean): void {
    this.#change(member, "members", isIn ? 1 : -1);
  }

  /** It has answered for the first time. `isIn`: it can get calls. */
  proven(member: Member, isIn: boolean): void {
    for (const { ofProven } of this.#countsOf(member)) {
      if (isIn) ofProven.members += 1;
      if (this.#warned.has(member)) ofProven.warned += 1;
    }
  }

  /** A warning is over at its time, whenever the tick comes. */
  #expire(now: number): void {
    this.#firstEnd = Number.POSITIVE_INFINITY;
    for (const [member, until] of this.#warned) {
      if (now >= until) this.unwarn(member);
      else this.#firstEnd = Math.min(this.#firstEnd, until);
    }
  }

  #count(operation: string | undefined, rotation: Iterable<Member>): OperationCounts {
    const made = { ofProven: { members: 0, warned: 0 }, ofAll: { members: 0, warned: 0 } };
    for (const member of rotation) if (has(member, operation)) add(made, member, "members", 1);
    for (const member of this.#warned.keys()) if (has(member, operation)) add(made, member, "warned", 1);
    this.#counts.set(operation, made);
    return made;
  }

  #change(member: Member, what: keyof Counts, by: number): void {
    for (const counts of this.#countsOf(member)) add(counts, member, what, by);
  }

  #countsOf(member: Member): readonly OperationCounts[] {
    if (this.#counts.size === 0) return NONE;
    return [...this.#counts].flatMap(([operation, counts]) => (has(member, operation) ? [counts] : []));
  }
}

const NONE: readonly OperationCounts[] = [];

const has = ({ operations }: Member, operation: string | undefined): boolean =>
  operation === undefined || operations.includes(operation);

function add({ ofProven, ofAll }: OperationCounts, member: Member, what: keyof Counts, by: number): void {
  ofAll[what] += by;
  if (member.hasAnswered) ofProven[what] += by;
}
