// What has become different since the last look, so that two hundred viewers of a thousand instances are sent what
// changed and not everything. Rows whose state changed go out whole; numbers that only count go out as short tuples,
// once a second. Finding out costs a comparison of two references per row, as states are values that are never changed.

import type { Breaker } from "../health/breaker.ts";
import type { Member, Membership } from "../health/member.ts";
import type { SeenEvent } from "./event-stream.ts";
import type { Count, InstanceRow } from "./row.ts";
import { MOST_ROWS, type Sight, worstFirst } from "./sight.ts";
import { type Seen, type Snapshot, type Turns, turnsOf } from "./snapshot.ts";
import { secondOf } from "./tally.ts";

export interface Change {
  readonly type: "change";
  readonly at: number;
  readonly bus: Snapshot["bus"];
  readonly calls: Snapshot["calls"];
  readonly second: Snapshot["second"];
  /** Left out when they are as before. */
  readonly turns?: Turns;
  /** Rows that are new or in another state. */
  readonly instances: readonly InstanceRow[];
  /** Of the others, the numbers that moved. */
  readonly counts: readonly Count[];
  /** Incarnations that are no longer listed. */
  readonly gone: readonly string[];
  readonly events: readonly SeenEvent[];
}

interface Last {
  readonly membership: Membership;
  readonly breaker: Breaker;
  readonly proven: boolean;
}

export class Changes {
  readonly #sight: Sight;
  readonly #seen: Seen;
  #last = new Map<string, Last>();
  #lastCounts = new Map<string, string>();
  #lastEvent: number;
  #lastTurns = "";

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
    for (const member of listed) (this.#isChanged(member) ? changed : same).push(member);
    const gone = this.#keep(listed);
    const events = sight.stream.after(this.#lastEvent);
    this.#lastEvent = sight.stream.lastId;
    return {
      ...{ type: "change", at: wall, bus: sight.bus, calls: sight.calls(now), second: secondOf(now) },
      ...this.#turns(now),
      instances: sight.rows(changed, this.#seen, now, wall),
      counts: withCounts ? this.#moved(sight.counts(same, now, wall)) : [],
      gone,
      events,
    };
  }

  #listed(): readonly Member[] {
    const { tracker } = this.#seen;
    return tracker.size <= MOST_ROWS ? [...tracker.all()] : worstFirst(tracker.all()).slice(0, MOST_ROWS);
  }

  #isChanged({ who, membership, breaker, proven }: Member): boolean {
    const last = this.#last.get(who.incarnation);
    return last === undefined || last.membership !== membership || last.breaker !== breaker || last.proven !== proven;
  }

  #keep(listed: readonly Member[]): readonly string[] {
    const before = this.#last;
    this.#last = new Map(
      listed.map(({ who, membership, breaker, proven }) => [who.incarnation, { membership, breaker, proven }]),
    );
    return [...before.keys()].filter((incarnation) => !this.#last.has(incarnation));
  }

  /** Of those who did nothing in the last second, nothing is sent. */
  #moved(counts: readonly Count[]): readonly Count[] {
    const before = this.#lastCounts;
    this.#lastCounts = new Map();
    return counts.filter((count) => {
      const text = count.join();
      this.#lastCounts.set(count[0], text);
      return before.get(count[0]) !== text;
    });
  }

  #turns(now: number): { readonly turns?: Turns } {
    const turns = turnsOf(this.#seen, now, MOST_ROWS);
    const text = JSON.stringify(turns);
    if (text === this.#lastTurns) return {};
    this.#lastTurns = text;
    return { turns };
  }
}
