// The changes since the last read. Two hundred viewers of a thousand instances get these and not all of it. A row whose
// state changed is sent whole. Numbers that only count are sent as short tuples, once a second. The comparison costs a
// few comparisons for each row: states are values that are never changed in place, and the reason for passing over is a
// string.

import type { Faults } from "../faults/core/active-faults.ts";
import type { Breaker } from "../health/breaker.ts";
import { isLate, type Member, type Membership } from "../health/member.ts";
import { isWarned } from "../health/warnings.ts";
import { secondOf } from "../util/last-minute.ts";
import type { MarketsComparison } from "./disagreement.ts";
import type { EventRecord } from "./event-stream.ts";
import type { ServiceMonitor } from "./monitor.ts";
import {
  type InstanceRow,
  MAX_ROWS,
  type MonitorSource,
  nextChoice,
  type RowDelta,
  type Snapshot,
  type Turns,
  turnStatusOf,
  turnsOf,
} from "./snapshot.ts";
import type { Traffic } from "./traffic.ts";

export interface SnapshotDelta {
  readonly type: "change";
  readonly at: number;
  readonly bus: Snapshot["bus"];
  readonly busSince: Snapshot["busSince"];
  readonly calls: Snapshot["calls"];
  readonly second: Snapshot["second"];
  /**
   * Absent when they have not changed. Their ring is absent by itself: of a thousand instances it is long, and seldom
   * changes.
   */
  readonly turns?: Omit<Turns, "ring"> & Partial<Pick<Turns, "ring">>;
  readonly markets?: MarketsComparison;
  readonly traffic?: Traffic;
  /** Rows that are new or have another state. */
  readonly instances: readonly InstanceRow[];
  /** The changed numbers of the other rows. */
  readonly counts: readonly RowDelta[];
  /** Incarnations that are no longer listed. */
  readonly gone: readonly string[];
  readonly events: readonly EventRecord[];
}

/** Of n parts, each is read every n seconds. A late read must lose no second. */
const SECONDS_SPARE = 2;
/** Deltas in one frame. Of a thousand instances, each has a delta every four seconds, at a quarter of the price. */
const MAX_DELTAS = 250;

interface LastSent {
  readonly membership: Membership;
  readonly breaker: Breaker;
  readonly hasAnswered: boolean;
  /** Whether its calls fail. Time alone can change it. */
  readonly isFailing: boolean;
  readonly isLate: boolean;
  /** The reason why it is passed over. Time alone can change it, and so can a late call. */
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
  #lastTraffic = "";

  constructor(monitor: ServiceMonitor, source: MonitorSource) {
    this.#monitor = monitor;
    this.#source = source;
    this.#lastEvent = monitor.stream.lastId;
  }

  /** @param withDeltas include the numbers: once a second */
  next(now: number, wall: number, withDeltas: boolean): SnapshotDelta {
    const monitor = this.#monitor;
    const listed = this.#listed(now);
    const changed: Member[] = [];
    const same: Member[] = [];
    const before = this.#last;
    this.#last = this.#readStates(listed, now);
    for (const member of listed) (this.#isChanged(member, before) ? changed : same).push(member);
    const gone = [...before.keys()].filter((incarnation) => !this.#last.has(incarnation));
    const events = monitor.stream.after(this.#lastEvent);
    this.#lastEvent = monitor.stream.lastId;
    return {
      ...{
        type: "change",
        at: wall,
        bus: monitor.bus,
        busSince: monitor.busSince(now, wall),
        calls: monitor.calls(now),
        second: secondOf(now),
      },
      ...this.#turns(now),
      ...this.#markets(),
      ...this.#traffic(),
      instances: monitor.rows(changed, this.#source, now, wall),
      counts: withDeltas ? this.#changedDeltas(this.#deltasOf(same, now, wall), gone) : [],
      gone,
      events,
    };
  }

  #listed(now: number): readonly Member[] {
    const { tracker } = this.#source;
    return tracker.size <= MAX_ROWS ? [...tracker.all()] : this.#monitor.worst(this.#source, now);
  }

  #isChanged({ who: { incarnation } }: Member, before: ReadonlyMap<string, LastSent>): boolean {
    const [last, current] = [before.get(incarnation), this.#last.get(incarnation)];
    if (last === undefined || current === undefined) return true;
    const isSame =
      last.membership === current.membership &&
      last.breaker === current.breaker &&
      last.hasAnswered === current.hasAnswered &&
      last.isFailing === current.isFailing &&
      last.isLate === current.isLate;
    return !isSame || last.passed !== current.passed || last.faults !== current.faults;
  }

  #readStates(listed: readonly Member[], now: number): Map<string, LastSent> {
    const moment = { now, bus: this.#monitor.bus };
    const choice = nextChoice(this.#source, now, moment.bus);
    return new Map(
      listed.map((member) => {
        const { who, membership, breaker, hasAnswered } = member;
        const turn = turnStatusOf(member, choice, this.#source, moment);
        const passed = turn.kind === "passed over" ? turn.why : undefined;
        const faults = this.#monitor.faultsOf(who.incarnation);
        const isFailing = this.#monitor.isFailing(who.incarnation, now);
        const state = { membership, breaker, hasAnswered, isFailing, isLate: isLate(member) || isWarned(member) };
        return [who.incarnation, { ...state, passed, faults }];
      }),
    );
  }

  /** All of them; or one part of very many each time, with one more second for each part. */
  #deltasOf(members: readonly Member[], now: number, wall: number): readonly RowDelta[] {
    const parts = Math.max(1, Math.ceil(members.length / MAX_DELTAS));
    this.#part = (this.#part + 1) % parts;
    const some = parts === 1 ? members : members.filter(({ who }) => who.instance % parts === this.#part);
    return this.#monitor.deltas(some, { now, wall, seconds: parts + SECONDS_SPARE });
  }

  /** Without the instances whose numbers are as they were last sent. */
  #changedDeltas(counts: readonly RowDelta[], gone: readonly string[]): readonly RowDelta[] {
    for (const incarnation of gone) this.#lastDeltas.delete(incarnation);
    return counts.filter((count) => {
      const text = count.join();
      const isChanged = this.#lastDeltas.get(count[0]) !== text;
      this.#lastDeltas.set(count[0], text);
      return isChanged;
    });
  }

  #markets(): { readonly markets?: MarketsComparison } {
    const markets = this.#source.markets?.();
    if (markets === undefined || markets === this.#lastMarkets) return {};
    this.#lastMarkets = markets;
    return { markets };
  }

  #traffic(): { readonly traffic?: Traffic } {
    const traffic = this.#source.traffic?.();
    const text = JSON.stringify(traffic) ?? "";
    if (traffic === undefined || text === this.#lastTraffic) return {};
    this.#lastTraffic = text;
    return { traffic };
  }

  #turns(now: number): Pick<SnapshotDelta, "turns"> {
    const { ring, ...turns } = turnsOf(this.#source, nextChoice(this.#source, now, this.#monitor.bus), MAX_ROWS);
    const [text, order] = [JSON.stringify(turns), ring.join()];
    const isSameRing = order === this.#lastRing;
    if (isSameRing && text === this.#lastTurns) return {};
    [this.#lastTurns, this.#lastRing] = [text, order];
    return { turns: isSameRing ? turns : { ...turns, ring } };
  }
}
