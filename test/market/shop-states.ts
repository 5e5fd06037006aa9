// Everything that the shop can say about its ratings, for tests that look at each.

import type { PageRatings } from "../../src/market/ratings/rate-page.ts";
import type { InstanceStates } from "../../src/monitor/instance-states.ts";
import { type InstanceState, STATE_NAMES } from "../../src/monitor/states.ts";
import { ratings } from "./serve.ts";

export interface ShopState {
  readonly what: string;
  readonly page: PageRatings;
  readonly states: InstanceStates;
  readonly says: RegExp;
  /** The text of each chip; empty: there are none. */
  readonly chips: readonly string[];
}

let version = 0;

/** Instances 1, 2, … in these states. */
export function statesOf(...states: readonly InstanceState[]): InstanceStates {
  const byNumber = new Map(states.map((state, place) => [place + 1, state]));
  const rank = (instance: number): number => STATE_NAMES.indexOf(byNumber.get(instance) ?? "healthy");
  const present = [...byNumber].flatMap(([instance, state]) => (state === "left" ? [] : [instance]));
  const worstFirst = present.sort((one, other) => rank(one) - rank(other) || one - other);
  version += 1;
  return { version, byNumber, worstFirst };
}

const [camera, ...others] = ratings().ratings;
const old = { fresh: false, ageMs: 12_000, instance: 2 };
const crowd = Array.from({ length: 40 }, (_, place): InstanceState => (place === 29 ? "open" : "healthy"));

export const SHOPS: readonly ShopState[] = [
  {
    what: "all fresh",
    page: ratings(),
    states: statesOf("healthy", "open", "probation"),
    says: /All ratings are fresh.*Answered by instance 1\./,
    chips: ["✓ 1 Healthy", "✕ 2 Breaker open", "! 3 On probation"],
  },
  {
    what: "no instance was ever there",
    page: { ratings: new Map(), failureReasons: ["all services are down"] },
    states: statesOf(),
    says: /No ratings yet: no ratings service is running\./,
    chips: [],
  },
  {
    what: "one of two hangs",
    page: {
      ratings: new Map(
        [...(camera === undefined ? [] : [camera]), ...others.slice(1)].map(([id, view], place) => [
          id,
          place === 1 ? { ...view, ...old } : view,
        ]),
      ),
      failureReasons: ["request timed out"],
    },
    states: statesOf("healthy", "open"),
    says: /2 ratings fresh, 1 last known, 1 not known yet\..*Why: request timed out\..*Answered by instance 1\./,
    chips: ["✓ 1 Healthy", "✕ 2 Breaker open"],
  },
  {
    what: "all down",
    page: ratings(old, ["all services are down"]),
    states: statesOf("lost", "lost", "draining"),
    says: /All ratings services are down: these are the last known ratings\..*Last answered by instance 2\./,
    chips: ["? 1 Lost", "? 2 Lost", "→ 3 Leaving"],
  },
  {
    what: "the bus is disconnected",
    page: ratings({ ...old, ageMs: 90 * 86_400_000 }, ["the bus is disconnected"]),
    states: statesOf(),
    says: /The ratings cannot be reached at the moment: these are the last known ratings\..*Why: the bus is disconnected\./,
    chips: [],
  },
  {
    what: "forty instances, one of which hangs, and one that answered has left",
    page: ratings({ instance: 41 }),
    states: statesOf(...crowd, "left"),
    says: /All ratings are fresh.*Answered by instance 41\./,
    chips: [
      "✓ 1 Healthy",
      "✓ 2 Healthy",
      "✓ 3 Healthy",
      "✓ 4 Healthy",
      "✓ 5 Healthy",
      "✓ 6 Healthy",
      "✓ 7 Healthy",
    ].concat(["✓ 8 Healthy", "✓ 9 Healthy", "✓ 10 Healthy", "✕ 30 Breaker open", "– 41 Left", "and 29 more"]),
  },
];
