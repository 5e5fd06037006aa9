// P35: what a dead instance had in its hands goes on. Once it is late, its Market asks if it is there, and "no responders"
// ends its calls.

import type { HealthEvent } from "../../src/health/member.ts";
import type { Check, View } from "./view.ts";

/** A message and its reply, and a hiccup of the process. */
const END_TIMEOUT_MS = 300;
/** After the bus was away "no responders" proves nothing for a while: the instance may be reconnecting. */
const GRACE_MS = 5_000;
/** It is asked once in so long. */
const ASKED_EVERY_MS = 1_000;

/** When an instance was found late, by simulation time; and whether it may have been asked then. */
interface Found {
  readonly atMs: number;
  readonly mayAsk: boolean;
}

export class DeathChecks implements Check {
  readonly #view: View;
  readonly #found = new Map<string, Found>();

  constructor(view: View) {
    this.#view = view;
  }

  onEvent(change: HealthEvent): void {
    if (change.kind !== "late") return;
    const { incarnation } = change.who;
    const atMs = this.#view.world.timeline.now;
    const last = this.#found.get(incarnation)?.atMs ?? Number.NEGATIVE_INFINITY;
    this.#found.set(incarnation, { atMs, mayAsk: atMs - last > ASKED_EVERY_MS });
  }

  audit(): void {
    const { world, market } = this.#view;
    for (const { ticket, isRepeatable, sentAtMs } of this.#view.calls.values()) {
      const { incarnation } = ticket.who;
      const found = this.#found.get(incarnation);
      if (found === undefined || !found.mayAsk || !isRepeatable || sentAtMs > found.atMs) continue;
      const waitedMs = world.timeline.now - found.atMs;
      const process = world.instances.find((instance) => instance.incarnation === incarnation);
      const wasDead = (process?.host.diedAtMs ?? Number.POSITIVE_INFINITY) < found.atMs;
      const sinceMs = found.atMs - GRACE_MS;
      const areWell = market.hasBeenWellSince(sinceMs) && world.busHasBeenWellSince(sinceMs);
      if (waitedMs > END_TIMEOUT_MS && wasDead && areWell)
        world.breaks("P35", `${incarnation} is dead and was found late ${Math.round(waitedMs)} ms ago, and has a call`);
    }
  }
}
