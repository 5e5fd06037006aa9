// All that decides where a call goes, behind one door: so that a caller may be given one that writes down what it is
// asked, and a record can be run through one without a bus.

import type { HealthRules } from "../settings.ts";
import type { Random } from "./breaker.ts";
import { Resolver } from "./resolver.ts";
import { Tracker } from "./tracker.ts";

export interface Balancer {
  readonly tracker: Tracker;
  readonly resolver: Resolver;
}

/** @param random the only chance there is in a core */
export type BalancerFactory = (service: string, rules: HealthRules, random: Random) => Balancer;

export const openCore: BalancerFactory = (_service, rules, random) => {
  const tracker = new Tracker(rules, random);
  return { tracker, resolver: new Resolver(tracker) };
};
