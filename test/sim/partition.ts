// A partition: the sides of the hosts, and its duration.

import type { Host } from "./host.ts";
import type { Node } from "./route.ts";
import type { Far } from "./script.ts";

export class Partition {
  untilMs = Number.POSITIVE_INFINITY;
  /** Hosts whose node was on the other side. Until they notice, messages to them are lost between the nodes. */
  astray: readonly Host[] = [];
  readonly #far: Far;

  constructor(far: Far) {
    this.#far = far;
  }

  sideOf({ home }: Host): Node {
    return this.#far[home.kind].includes(home.place) ? 1 : 0;
  }

  isBetween(one: Host, other: Host): boolean {
    return this.sideOf(one) !== this.sideOf(other) || this.astray.includes(one) || this.astray.includes(other);
  }
}
