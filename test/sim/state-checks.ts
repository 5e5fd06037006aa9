// P3, P4, P11, P12 and P14: the state of the tracker and the resolver.

import type { Choice, PickOptions } from "../../src/health/balancer.ts";
import type { HealthEvent, Member } from "../../src/health/member.ts";
import type { Check, Made, Settled, View } from "./view.ts";

/** Comparing all that is held costs more than a choice does: it is done at one in so many. */
const SNAPSHOT_EVERY = 41;
/** Losses and purges are noticed by a tick, and the tick may be late. */
const LATE_MS = 1_000;

interface Kind {
  kind: string;
  generation: number;
  era: number;
}

export class StateChecks implements Check {
  readonly #view: View;
  readonly #kinds = new Map<string, Kind>();
  #choices = 0;

  constructor(view: View) {
    this.#view = view;
  }

  /** Counts the changes of kind of a breaker, whatever the breaker says of its own. */
  noteKind(member: Member | undefined): number | undefined {
    if (member === undefined) return undefined;
    const { incarnation } = member.who;
    const { kind } = member.breaker;
    const known = this.#kinds.get(incarnation);
    if (known === undefined) this.#kinds.set(incarnation, { kind, generation: 0, era: 0 });
    else if (known.kind !== kind) {
      // The end of a probation admits no call that was not admitted before.
      if (known.kind !== "probation" || kind !== "closed") known.era += 1;
      known.kind = kind;
      known.generation += 1;
    }
    return this.generationOf(incarnation);
  }

  generationOf(incarnation: string): number {
    return this.#kinds.get(incarnation)?.generation ?? 0;
  }

  /** How often it has opened, or admitted calls again. */
  eraOf(incarnation: string): number {
    return this.#kinds.get(incarnation)?.era ?? 0;
  }

  /** Called before the choice is made; now and then with a copy of the whole state. */
  lookFirst(now: number, traits: PickOptions): Choice {
    const { resolver, tracker } = this.#view.market.client;
    this.#choices += 1;
    if (this.#choices % SNAPSHOT_EVERY !== 0) return resolver.peek(now, traits);
    const before = this.#snapshot();
    const first = names(resolver.peek(now, traits));
    tracker.live(now);
    tracker.dueForRetest(now, true, 1);
    const second = resolver.peek(now, traits);
    if (this.#snapshot() !== before) this.#view.world.breaks("P12", "a look changed the table");
    if (names(second) !== first) this.#view.world.breaks("P12", `one look saw ${first}, the next ${names(second)}`);
    return second;
  }

  made({ turn, seen }: Made): void {
    const done = names(turn);
    const expected = names(seen);
    if (done !== expected) this.#view.world.breaks("P3", `foreseen was ${expected}, done was ${done}`);
  }

  settled({ call, result, generations: [before, after] }: Settled): void {
    if (call.generation === before || after === before) return;
    const { incarnation } = call.ticket.who;
    this.#view.world.breaks("P4", `a late ${result} changed the breaker of ${incarnation}`);
  }

  onEvent(change: HealthEvent): void {
    if (change.kind !== "joined") return;
    const { breaker, who } = this.#view.member(change.who.incarnation) ?? {};
    if (breaker === undefined || (breaker.kind === "closed" && breaker.failures === 0)) return;
    this.#view.world.breaks("P11", `${who?.incarnation} joined with a breaker that is ${breaker.kind}`);
  }

  audit(): void {
    const { world, market, rules } = this.#view;
    const longestMs = rules.leaseIntervals * rules.heartbeatIntervalMs + rules.purgeAfterMs + LATE_MS;
    const since = world.timeline.now - longestMs;
    if (!market.hasBeenWellSince(since) || !world.busHasBeenWellSince(since)) return;
    for (const { who } of market.client.tracker.all()) {
      const diedAt = world.find(who.incarnation)?.host.diedAtMs;
      if (diedAt !== undefined && diedAt < since) world.breaks("P14", `${who.incarnation} is remembered for ever`);
    }
  }

  atTheEnd(): void {
    const { world, market, calls } = this.#view;
    const { size } = market.client.tracker;
    if (size > world.instances.length) world.breaks("P14", `${size} rows for ${world.instances.length} instances`);
    // A page of four and its copies, and one call besides.
    const most = 16;
    if (market.bus.pending > most) world.breaks("P14", `${market.bus.pending} calls are left in the bus`);
    if (calls.size > most) world.breaks("P14", `${calls.size} tickets were never settled`);
  }

  #snapshot(): string {
    const { tracker } = this.#view.market.client;
    const places = tracker.ring.all().map(({ who }) => who.incarnation);
    return JSON.stringify([[...tracker.all()], places], (key, value: unknown) =>
      CALLS.has(key) ? typeof value : value,
    );
  }
}

/** Fields that refer to calls, which refer to their instance. */
const CALLS: ReadonlySet<string> = new Set(["first", "last", "longest"]);

interface Sendings {
  readonly call: { readonly who: { readonly incarnation: string } } | undefined;
  readonly retests: readonly { readonly who: { readonly incarnation: string } }[];
  readonly newcomerProbes: readonly { readonly who: { readonly incarnation: string } }[];
}

const names = ({ call, retests, newcomerProbes }: Sendings): string =>
  `${call?.who.incarnation ?? "none"} + [${[...retests, ...newcomerProbes].map(({ who }) => who.incarnation).join(" ")}]`;
