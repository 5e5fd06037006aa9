// What has become different since the last look, so that two hundred viewers of a thousand instances are sent what
// changed and not everything. Rows whose state changed go out whole; numbers that only count go out as short tuples,
// once a second. Finding out costs a few comparisons per row: states are values that are never changed, and why somebody
// is passed over is a word.

import type { Breaker } from "../health/breaker.ts";
import type { Member, Membership } from "../health/member.ts";
import type { Faults } from "../service/core/faults.ts";
import type { Markets } from "./agreement.ts";
import type { SeenEvent } from "./event-stream.ts";
import { turnOf } from "./explain.ts";
import type { Count, InstanceRow } from "./row.ts";
import { nextChoice, type Seen } from "./seen.ts";
import { MOST_ROWS, type Sight, worstFirst } from "./sight.ts";
import { type Snapshot, type Turns, turnsOf } from "./snapshot.ts";
import { secondOf } from "./tally.ts";

export interface Change {
  readonly type: "change";
  readonly at: number;
  readonly bus: Snapshot["bus"];
  readonly calls: Snapshot["calls"];
  readonly second: Snapshot["second"];
  /** Left out when they are as before; so is the ring in them, which of a thousand is long and seldom another. */
  readonly turns?: Omit<Turns, "ring"> & Partial<Pick<Turns, "ring">>;
  readonly markets?: Markets;
  /** Rows that are new or in another state. */
  readonly instances: readonly InstanceRow[];
  /** Of the others, the numbers that moved. */
  readonly counts: readonly Count[];
  /** Incarnations that are no longer listed. */
  readonly gone: readonly string[];
  readonly events: readonly SeenEvent[];
}

/** Two looks at the same row are a second apart for each part, and a late one must lose none. */
const SECONDS_SPARE = 2;
/** So many numbers in one frame: of a thousand instances each has its turn every four seconds, at a quarter of the price. */
const MOST_COUNTS = 250;

interface Last {
  readonly membership: Membership;
  readonly breaker: Breaker;
  readonly proven: boolean;
  /** Why it is passed over; time alone can change that, and a late call can. */
  readonly passed: string | undefined;
  readonly faults: Faults | undefined;
}

export class Changes {
  readonly #sight: Sight;
  readonly #seen: Seen;
  #last = new Map<string, Last>();
  readonly #lastCounts = new Map<string, string>();
  #lastEvent: number;
  #lastTurns = "";
  #lastRing = "";
  #part = 0;
  #lastMarkets: Markets | undefined;

  constructor(sight: Sight, seen: Seen) {
    this.#sight = sight;
    this.#seen = seen;
    this.#lastEvent = sight.stream.lastId;
  }

  /** @param withCounts also the numbers, which is once a second */
  next(now: number, wall: number, withCounts: boolean): Change {
    const sight = this.#sight;
    const listed = this.#listed();
    const changed: Member[] = [];
    const same: Member[] = [];
    const before = this.#last;
    this.#last = this.#read(listed, now);
    for (const member of listed) (this.#isChanged(member, before) ? changed : same).push(member);
    const gone = [...before.keys()].filter((incarnation) => !this.#last.has(incarnation));
    const events = sight.stream.after(this.#lastEvent);
    this.#lastEvent = sight.stream.lastId;
    return {
      ...{ type: "change", at: wall, bus: sight.bus, calls: sight.calls(now), second: secondOf(now) },
      ...this.#turns(now),
      ...this.#markets(),
      instances: sight.rows(changed, this.#seen, now, wall),
      counts: withCounts ? this.#moved(this.#counted(same, now, wall), gone) : [],
      gone,
      events,
    };
  }

  #listed(): readonly Member[] {
    const { tracker } = this.#seen;
    return tracker.size <= MOST_ROWS ? [...tracker.all()] : worstFirst(tracker.all()).slice(0, MOST_ROWS);
  }

  #isChanged({ who: { incarnation } }: Member, before: ReadonlyMap<string, Last>): boolean {
    const [last, is] = [before.get(incarnation), this.#last.get(incarnation)];
    if (last === undefined || is === undefined) return true;
    const isSame = last.membership === is.membership && last.breaker === is.breaker && last.proven === is.proven;
    return !isSame || last.passed !== is.passed || last.faults !== is.faults;
  }

  #read(listed: readonly Member[], now: number): Map<string, Last> {
    const choice = nextChoice(this.#seen, now);
    return new Map(
      listed.map((member) => {
        const { who, membership, breaker, proven } = member;
        const turn = turnOf(member, choice, this.#seen, now);
        const passed = turn.kind === "passed over" ? turn.why : undefined;
        const faults = this.#sight.faultsOf(who.incarnation);
        return [who.incarnation, { membership, breaker, proven, passed, faults }];
      }),
    );
  }

  /** All of them; or of very many a part each time, with as many seconds more. */
  #counted(members: readonly Member[], now: number, wall: number): readonly Count[] {
    const parts = Math.max(1, Math.ceil(members.length / MOST_COUNTS));
    this.#part = (this.#part + 1) % parts;
    const some = parts === 1 ? members : members.filter(({ who }) => who.instance % parts === this.#part);
    return this.#sight.counts(some, { now, wall, seconds: parts + SECONDS_SPARE });
  }

  /** Of those who did nothing since they were last told, nothing is sent. */
  #moved(counts: readonly Count[], gone: readonly string[]): readonly Count[] {
    for (const incarnation of gone) this.#lastCounts.delete(incarnation);
    return counts.filter((count) => {
      const text = count.join();
      const isMoved = this.#lastCounts.get(count[0]) !== text;
      this.#lastCounts.set(count[0], text);
      return isMoved;
    });
  }

  #markets(): { readonly markets?: Markets } {
    const markets = this.#seen.markets?.();
    if (markets === undefined || markets === this.#lastMarkets) return {};
    this.#lastMarkets = markets;
    return { markets };
  }

  #turns(now: number): Pick<Change, "turns"> {
    const { ring, ...turns } = turnsOf(this.#seen, now, MOST_ROWS);
    const [text, order] = [JSON.stringify(turns), ring.join()];
    const isSameRing = order === this.#lastRing;
    if (isSameRing && text === this.#lastTurns) return {};
    [this.#lastTurns, this.#lastRing] = [text, order];
    return { turns: isSameRing ? turns : { ...turns, ring } };
  }
}
