// The route between the two nodes of a simulated cluster. Messages along it arrive in order. When it is severed no
// client is notified: packets wait until it is mended, or until the nodes drop each other. After that a node knows no
// subscription of the other's clients, and calls to them end with "no responders".

import { PHASES, type Timeline } from "./timeline.ts";

export type Node = 0 | 1;

/** Short beside the way to a client: the nodes of a cluster are neighbours. */
export const ROUTE_MS = { least: 0.05, most: 1 } as const;
/** As README configures it: a ping every second, dropped after two missing replies. */
export const GIVEN_UP_AFTER_MS = 3_000;

export class Route {
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #freeAt: [number, number] = [0, 0];
  #state: "up" | "severed" | "given up" = "up";
  #held: (() => void)[] = [];
  /** Counts the times it was severed: a mended route is not given up for an earlier one. */
  #severings = 0;

  constructor(timeline: Timeline, random: () => number) {
    this.#timeline = timeline;
    this.#random = random;
  }

  /** Each node still counts the other's subscriptions. */
  get isKnown(): boolean {
    return this.#state !== "given up";
  }

  get isSevered(): boolean {
    return this.#state !== "up";
  }

  carry(from: Node, arrive: () => void): void {
    const { least, most } = ROUTE_MS;
    const { now } = this.#timeline;
    const atMs = Math.max(this.#freeAt[from], now + least + (most - least) * this.#random());
    this.#freeAt[from] = atMs;
    this.#timeline.at(atMs, PHASES.server, () => {
      if (this.#state === "severed") this.#held.push(arrive);
      else if (this.#state === "up") arrive();
    });
  }

  sever(): void {
    this.#state = "severed";
    this.#severings += 1;
    const severing = this.#severings;
    this.#timeline.at(this.#timeline.now + GIVEN_UP_AFTER_MS, PHASES.server, () => {
      if (this.#state !== "severed" || this.#severings !== severing) return;
      this.#state = "given up";
      this.#held = [];
    });
  }

  mend(): void {
    this.#state = "up";
    for (const arrive of this.#held.splice(0)) arrive();
  }

  /** Both nodes went away, and all messages on the route with them. */
  lose(): void {
    this.#held = [];
  }
}
