// A partition as the world knows it: who was on which side, and for how long.

import type { Host } from "./host.ts";
import type { Node } from "./route.ts";
import type { Far } from "./script.ts";

export class Parting {
  untilMs = Number.POSITIVE_INFINITY;
  /** Hosts whose node was on the other side: until they notice, what they are sent is lost between the nodes. */
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
