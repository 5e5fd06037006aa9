// What has become different since the last look, so that two hundred viewers of a thousand instances are sent what
// changed and not everything. Rows whose state changed go out whole; numbers that only count go out as short tuples,
// once a second. Finding out costs a few comparisons per row: states are values that are never changed, and why somebody
// is passed over is a word.

import type { Breaker } from "../health/breaker.ts";
import type { Member, Membership } from "../health/member.ts";
import type { MarketsComparison } from "../monitor/disagreement.ts";
import type { Faults } from "../service/core/faults.ts";
import { secondOf } from "./attempt-stats.ts";
import type { EventRecord } from "./event-stream.ts";
import { turnStatusOf } from "./explain.ts";
import { type MonitorSource, nextChoice } from "./monitor-source.ts";
import type { InstanceRow, RowDelta } from "./row.ts";
import { MAX_ROWS, type ServiceMonitor, worstFirst } from "./service-monitor.ts";
import { type Snapshot, type Turns, turnsOf } from "./snapshot.ts";

export interface SnapshotDelta {
  readonly type: "change";
  readonly at: number;
  readonly bus: Snapshot["bus"];
  readonly calls: Snapshot["calls"];
  readonly second: Snapshot["second"];
  /** Left out when they are as before; so is the ring in them, which of a thousand is long and seldom another. */
  readonly turns?: Omit<Turns, "ring"> & Partial<Pick<Turns, "ring">>;
  readonly markets?: MarketsComparison;
  /** Rows that are new or in another state. */
  readonly instances: readonly InstanceRow[];
  /** Of the others, the numbers that moved. */
  readonly counts: readonly RowDelta[];
  /** Incarnations that are no longer listed. */
  readonly gone: readonly string[];
  readonly events: readonly EventRecord[];
}

/** Two looks at the same row are a second apart for each part, and a late one must lose none. */
const SECONDS_SPARE = 2;
/** So many numbers in one frame: of a thousand instances each has its turn every four seconds, at a quarter of the price. */
const MAX_DELTAS = 250;

interface LastSent {
  readonly membership: Membership;
  readonly breaker: Breaker;
  readonly hasAnswered: boolean;
  /** Why it is passed over; time alone can change that, and a late call can. */
  readonly passed: string | undefined;
  readonly faults: Faults | undefined;
}

export class SnapshotDiff {
  readonly #monitor: ServiceMonitor;
  readonly #source: MonitorSource;
  #last = new Map<string, LastSent>();
  readonly #lastDeltas = new Map<string, string>();
  #lastEvent: number;
  #lastTurns = "";
  #lastRing = "";
  #part = 0;
  #lastMarkets: MarketsComparison | undefined;

  constructor(monitor: ServiceMonitor, source: MonitorSource) {
    this.#monitor = monitor;
    this.#source = source;
    this.#lastEvent = monitor.stream.lastId;
  }

  /** @param withDeltas also the numbers, which is once a second */
  next(now: number, wall: number, withDeltas: boolean): SnapshotDelta {
    const monitor = this.#monitor;
    const listed = this.#listed();
    const changed: Member[] = [];
    const same: Member[] = [];
    const before = this.#last;
    this.#last = this.#readStates(listed, now);
    for (const member of listed) (this.#isChanged(member, before) ? changed : same).push(member);
    const gone = [...before.keys()].filter((incarnation) => !this.#last.has(incarnation));
    const events = monitor.stream.after(this.#lastEvent);
    this.#lastEvent = monitor.stream.lastId;
    return {
      ...{ type: "change", at: wall, bus: monitor.bus, calls: monitor.calls(now), second: secondOf(now) },
      ...this.#turns(now),
      ...this.#markets(),
      instances: monitor.rows(changed, this.#source, now, wall),
      counts: withDeltas ? this.#changedDeltas(this.#deltasOf(same, now, wall), gone) : [],
      gone,
      events,
    };
  }

  #listed(): readonly Member[] {
    const { tracker } = this.#source;
    return tracker.size <= MAX_ROWS ? [...tracker.all()] : worstFirst(tracker.all()).slice(0, MAX_ROWS);
  }

  #isChanged({ who: { incarnation } }: Member, before: ReadonlyMap<string, LastSent>): boolean {
    const [last, is] = [before.get(incarnation), this.#last.get(incarnation)];
    if (last === undefined || is === undefined) return true;
    const isSame =
      last.membership === is.membership && last.breaker === is.breaker && last.hasAnswered === is.hasAnswered;
    return !isSame || last.passed !== is.passed || last.faults !== is.faults;
  }

  #readStates(listed: readonly Member[], now: number): Map<string, LastSent> {
    const choice = nextChoice(this.#source, now);
    return new Map(
      listed.map((member) => {
        const { who, membership, breaker, hasAnswered } = member;
        const turn = turnStatusOf(member, choice, this.#source, now);
        const passed = turn.kind === "passed over" ? turn.why : undefined;
        const faults = this.#monitor.faultsOf(who.incarnation);
        return [who.incarnation, { membership, breaker, hasAnswered, passed, faults }];
      }),
    );
  }

  /** All of them; or of very many a part each time, with as many seconds more. */
  #deltasOf(members: readonly Member[], now: number, wall: number): readonly RowDelta[] {
    const parts = Math.max(1, Math.ceil(members.length / MAX_DELTAS));
    this.#part = (this.#part + 1) % parts;
    const some = parts === 1 ? members : members.filter(({ who }) => who.instance % parts === this.#part);
    return this.#monitor.deltas(some, { now, wall, seconds: parts + SECONDS_SPARE });
  }

  /** Leaves out instances whose numbers have not changed since they were last sent. */
  #changedDeltas(counts: readonly RowDelta[], gone: readonly string[]): readonly RowDelta[] {
    for (const incarnation of gone) this.#lastDeltas.delete(incarnation);
    return counts.filter((count) => {
      const text = count.join();
      const isMoved = this.#lastDeltas.get(count[0]) !== text;
      this.#lastDeltas.set(count[0], text);
      return isMoved;
    });
  }

  #markets(): { readonly markets?: MarketsComparison } {
    const markets = this.#source.markets?.();
    if (markets === undefined || markets === this.#lastMarkets) return {};
    this.#lastMarkets = markets;
    return { markets };
  }

  #turns(now: number): Pick<SnapshotDelta, "turns"> {
    const { ring, ...turns } = turnsOf(this.#source, now, MAX_ROWS);
    const [text, order] = [JSON.stringify(turns), ring.join()];
    const isSameRing = order === this.#lastRing;
    if (isSameRing && text === this.#lastTurns) return {};
    [this.#lastTurns, this.#lastRing] = [text, order];
    return { turns: isSameRing ? turns : { ...turns, ring } };
  }
}
