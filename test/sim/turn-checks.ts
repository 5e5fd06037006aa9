// P8 and P13: fair turns. Of any two instances that could take every call of a stretch, neither gets two turns without
// one of the other in between. So their counts differ by at most 1 over any part of it, whichever other instances come
// and go.

import type { Incarnations, PickOptions } from "../../src/health/balancer.ts";
import { eligibility } from "../../src/health/breaker.ts";
import type { Check, Made, View } from "./view.ts";

/** How long before the end everybody must have had a turn. */
const USED_TIMEOUT_MS = 8_000;

export class TurnChecks implements Check {
  readonly #view: View;
  readonly #isPassedOver: (incarnation: string, now: number, tried?: Incarnations) => boolean;
  /** For each instance: the others that could have had a turn at every choice since its last one, and had none. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #usedAt = new Map<string, number>();

  /** @param isPassedOver whether an instance is late, or warned of, as the simulation has it */
  constructor(view: View, isPassedOver: (incarnation: string, now: number, tried?: Incarnations) => boolean) {
    this.#view = view;
    this.#isPassedOver = isPassedOver;
  }

  /**
   * Instances that may be given the call: live, eligible, not tried by it, not late, not warned of, and proven while newcomers are in
   * quarantine.
   */
  eligible(now: number, { excluded: tried, deprioritized: slow }: PickOptions): readonly string[] {
    const { tracker } = this.#view.market.client;
    const isWary = tracker.quarantine.isActive(now) || (tried?.size ?? 0) > 0;
    return tracker
      .live(now)
      .filter(({ breaker, hasAnswered }) => eligibility(breaker, now) === "yes" && (hasAnswered || !isWary))
      .map(({ who }) => who.incarnation)
      .filter((incarnation) => tried?.has(incarnation) !== true && slow?.has(incarnation) !== true)
      .filter((incarnation) => !this.#isPassedOver(incarnation, now, tried));
  }

  made({ turn, eligible }: Made): void {
    const { call } = turn;
    for (const waiting of this.#waiting.values())
      for (const other of waiting) if (!eligible.includes(other)) waiting.delete(other);
    // An instance that could not have had this turn was not waiting for it: its stretch begins again.
    for (const one of this.#waiting.keys()) if (!eligible.includes(one)) this.#waiting.delete(one);
    // A retest counts as no turn.
    if (call === undefined || this.#view.calls.get(call)?.isRetest === true) return;
    const { incarnation } = call.who;
    this.#usedAt.set(incarnation, this.#view.world.timeline.now);
    const [passed] = this.#waiting.get(incarnation) ?? [];
    if (passed !== undefined && eligible.includes(incarnation))
      this.#view.world.breaks("P8", `${incarnation} had two turns and ${passed} none`);
    for (const waiting of this.#waiting.values()) waiting.delete(incarnation);
    this.#waiting.set(incarnation, new Set(eligible.filter((other) => other !== incarnation)));
  }

  atTheEnd(now: number): void {
    const { world, market } = this.#view;
    const serving = world.instances.filter((instance) => instance.isServing).map(({ incarnation }) => incarnation);
    const live = market.client.tracker.live(now).map(({ who }) => who.incarnation);
    if ([...live].sort().join() !== [...serving].sort().join())
      world.breaks("P13", `all is well, ${serving.join()} serve, and ${live.join()} are known`);
    for (const { who, breaker } of market.client.tracker.live(now)) {
      if (breaker.kind !== "closed") world.breaks("P13", `all is well, and ${who.incarnation} is ${breaker.kind}`);
      const usedAt = this.#usedAt.get(who.incarnation) ?? Number.NEGATIVE_INFINITY;
      if (usedAt < world.timeline.now - USED_TIMEOUT_MS && !this.#isPassedOver(who.incarnation, now))
        world.breaks("P13", `all is well, and ${who.incarnation} is not used`);
    }
  }
}
