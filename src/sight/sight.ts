// Everything that is seen of one service, in one place. Events and ended calls go in, as the client tells them; board,
// metrics, terminal and log come out of it, so that no two of them can disagree. No timer and no clock: `now` is given.

import type { BusStatus } from "../bus/bus.ts";
import type { Member } from "../health/member.ts";
import type { AttemptOutcome, ClientEvent } from "../service/client-options.ts";
import type { Faults } from "../service/core/faults.ts";
import type { HealthRules } from "../settings.ts";
import { EVENTS, type EventName, eventName } from "./event-names.ts";
import { EventStream } from "./event-stream.ts";
import { turnOf } from "./explain.ts";
import { type Count, countOf, type InstanceRow, type Memory, rowOf, stateOf } from "./row.ts";
import { nextChoice, type Seen } from "./seen.ts";
import { SCHEMA_VERSION, type Snapshot, turnsOf } from "./snapshot.ts";
import { STATES } from "./state.ts";
import { outcomeOf, secondOf, Tally, Total } from "./tally.ts";

export interface SightOptions {
  readonly service: string;
  readonly version: string;
  readonly rules: HealthRules;
  /** Epoch ms. */
  readonly startedAt: number;
}

/** A table of more rows nobody reads, and forged heartbeats could make it ten thousand; the worst are kept. */
export const MOST_ROWS = 1_000;
/** As many instance numbers have metrics of their own; the calls of the others are counted as those of number 0. */
const MOST_NUMBERS = 1_000;
const OTHERS = 0;
/** Of the stream, as much as a page shows. */
const EVENTS_SHOWN = 100;
/** How far the wall clock may move against running time before times are shown by it anew: less is jitter. */
const WALL_SLACK_MS = 50;

/** From which breaker state to which. */
export type Transition = "closed>open" | "retesting>open" | "open>retesting" | "open>closed" | "retesting>closed";

export class Sight {
  readonly stream = new EventStream();
  readonly options: SightOptions;
  /** By instance number. */
  readonly totals = new Map<number, Total>();
  readonly transitions = new Map<Transition, number>();
  readonly eventCounts: Map<EventName, number> = new Map(EVENTS.map(({ name }) => [name, 0]));
  shortCircuited = 0;
  /** Calls that failed on our own side before an instance was chosen. */
  failed = 0;
  bus: BusStatus = "away";
  readonly #memories = new Map<string, Memory>();
  readonly #overall = new Tally();
  #wallOffsetMs = Number.NaN;

  constructor(options: SightOptions) {
    this.options = options;
  }

  // What goes in.

  /** An attempt has ended. On the way of every call. */
  count(ended: AttemptOutcome, now: number): void {
    if (ended.kind === "short-circuited") {
      this.shortCircuited += 1;
      return;
    }
    if (ended.kind === "failed") {
      this.failed += 1;
      return;
    }
    const outcome = outcomeOf(ended);
    this.#memoryOf(ended.who.incarnation).tally.add(ended, outcome, now);
    this.#overall.add(ended, outcome, now);
    this.#totalOf(ended.who.instance).add(ended, outcome);
  }

  /** Something has happened. Every event, also one that is not told because there were too many. */
  note(event: ClientEvent, now: number): void {
    const name = eventName(event);
    if (name === undefined) return;
    this.countEvent(name);
    if (event.kind === "bus") this.bus = event.status;
    if (event.kind === "faults") this.#memoryOf(event.who.incarnation).faults = event.faults;
    const transition = transitionOf(event);
    if (transition !== undefined) this.transitions.set(transition, (this.transitions.get(transition) ?? 0) + 1);
    if (event.kind === "opened") {
      const memory = this.#memoryOf(event.who.incarnation);
      memory.openedAt = now;
      memory.whyOpened = event.why;
    }
  }

  /** The reason of its last opening. */
  whyOpened(incarnation: string): string | undefined {
    return this.#memories.get(incarnation)?.whyOpened;
  }

  countEvent(name: EventName): void {
    this.eventCounts.set(name, (this.eventCounts.get(name) ?? 0) + 1);
  }

  // What comes out.

  /** What it said of its faults, the same object as long as it says the same. */
  faultsOf(incarnation: string): Faults | undefined {
    return this.#memories.get(incarnation)?.faults;
  }

  /** @param wall epoch ms of `now` */
  look(seen: Seen, now: number, wall: number): Snapshot {
    this.#prune(seen);
    const { service, version, rules, startedAt } = this.options;
    const { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs } = rules;
    const listed = worstFirst(seen.tracker.all()).slice(0, MOST_ROWS);
    return {
      schema_version: SCHEMA_VERSION,
      ...{ service, version, at: wall, startedAt, bus: this.bus },
      rules: { requestTimeoutMs, failureLimit, retestDelayMs, heartbeatIntervalMs },
      calls: this.calls(now),
      second: secondOf(now),
      turns: turnsOf(seen, now, MOST_ROWS),
      markets: seen.markets?.() ?? null,
      instances: this.rows(listed, seen, now, wall),
      unlisted: seen.tracker.size - listed.length,
      lastEvent: this.stream.lastId,
      events: this.stream.after(0, EVENTS_SHOWN),
    };
  }

  calls(now: number): Snapshot["calls"] {
    return { total: this.#overall.calls, lastMinute: this.#lastMinute(now), shortCircuited: this.shortCircuited };
  }

  rows(members: readonly Member[], seen: Seen, now: number, wall: number): readonly InstanceRow[] {
    const choice = nextChoice(seen, now);
    const around = { now, toWall: this.#toWall(now, wall), callsLastMinute: this.#lastMinute(now) };
    return members.map((member) =>
      rowOf(member, {
        ...around,
        turn: turnOf(member, choice, seen, now),
        memory: this.#memories.get(member.who.incarnation),
      }),
    );
  }

  /** Of each the numbers alone, which costs a fraction of its row. */
  counts(
    members: readonly Member[],
    { now, wall, seconds }: { readonly now: number; readonly wall: number; readonly seconds: number },
  ): readonly Count[] {
    const toWall = this.#toWall(now, wall);
    return members.map((member) =>
      countOf(member, { now, toWall, memory: this.#memories.get(member.who.incarnation), seconds }),
    );
  }

  #lastMinute(now: number): number {
    return this.#overall.seconds(now).reduce((sum, count) => sum + count, 0);
  }

  /** The same moment is shown as the same time, as long as nobody sets the clock: else every row would change always. */
  #toWall(now: number, wall: number): (at: number) => number {
    const offsetMs = wall - now;
    if (!(Math.abs(offsetMs - this.#wallOffsetMs) <= WALL_SLACK_MS)) this.#wallOffsetMs = offsetMs;
    return (at) => Math.round(at + this.#wallOffsetMs);
  }

  // Memory stays bounded: an incarnation is remembered as long as the tracker knows it.

  #memoryOf(incarnation: string): Memory {
    let memory = this.#memories.get(incarnation);
    if (memory === undefined) {
      memory = { tally: new Tally(), openedAt: undefined, whyOpened: undefined, faults: undefined };
      this.#memories.set(incarnation, memory);
      // Nobody may ever look: then the oldest go, as the tracker's would.
      if (this.#memories.size > this.options.rules.maxIncarnations) this.#forgetOldest();
    }
    return memory;
  }

  #forgetOldest(): void {
    const [oldest] = this.#memories.keys();
    if (oldest !== undefined) this.#memories.delete(oldest);
  }

  #prune({ tracker }: Seen): void {
    for (const incarnation of this.#memories.keys()) {
      if (!tracker.knows(incarnation)) this.#memories.delete(incarnation);
    }
  }

  #totalOf(instance: number): Total {
    const number = this.totals.has(instance) || this.totals.size < MOST_NUMBERS ? instance : OTHERS;
    const known = this.totals.get(number);
    if (known !== undefined) return known;
    const total = new Total();
    this.totals.set(number, total);
    return total;
  }
}

function transitionOf(event: ClientEvent): Transition | undefined {
  switch (event.kind) {
    case "opened":
      return event.why === "retest timed out" ? "retesting>open" : "closed>open";
    case "retesting":
      return "open>retesting";
    case "closed":
      return event.why === "heartbeat" ? "open>closed" : "retesting>closed";
    default:
      return undefined;
  }
}

const RANK = new Map(STATES.map((state, rank) => [state, rank]));
const rankOf = (member: Member): number => RANK.get(stateOf(member)) ?? STATES.length;

/** By state, then in the order of turns. */
export function worstFirst(members: Iterable<Member>): readonly Member[] {
  const ranked = [...members].map((member) => ({ member, rank: rankOf(member) }));
  ranked.sort((a, b) => a.rank - b.rank || a.member.who.instance - b.member.who.instance);
  return ranked.map(({ member }) => member);
}
