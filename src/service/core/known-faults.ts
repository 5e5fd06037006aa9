// The last known faults of each incarnation. Every heartbeat lists them; an event is emitted only when they change. Faults
// do not affect which instance is picked: only answers and heartbeats do.

import type { FaultStatus } from "./fault-status.ts";
import { type ActiveFault, type Faults, NO_FAULTS } from "./faults.ts";

/** The same end differs by a few ms between two heartbeats, on a busy machine by more. A larger difference is a new end. */
const SAME_END_TOLERANCE_MS = 500;

export class KnownFaults {
  readonly #known = new Map<string, Faults>();
  readonly #maxIncarnations: number;

  /** @param maxIncarnations the size of the table: any client can send heartbeats with any number of names */
  constructor(maxIncarnations: number) {
    this.#maxIncarnations = maxIncarnations;
  }

  /** @returns the active faults if they have changed, or else undefined */
  update(incarnation: string, statuses: readonly FaultStatus[], now: number): Faults | undefined {
    const faults = statuses.map(({ endsInMs, ...fault }): ActiveFault => ({ ...fault, until: now + endsInMs }));
    const before = this.#known.get(incarnation);
    if (before !== undefined && isSame(before, faults)) return undefined;
    this.#known.delete(incarnation);
    this.#known.set(incarnation, faults);
    if (this.#known.size > this.#maxIncarnations) this.#evictOldest();
    return faults.length === 0 ? NO_FAULTS : faults;
  }

  #evictOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

const isSame = (before: Faults, after: Faults): boolean =>
  before.length === after.length && after.every((fault) => before.some((one) => isSameFault(one, fault)));

const isSameFault = (a: ActiveFault, b: ActiveFault): boolean =>
  amountOf(a) === amountOf(b) && Math.abs(a.until - b.until) <= SAME_END_TOLERANCE_MS;

function amountOf(fault: ActiveFault): string {
  if (fault.kind === "slow") return `slow ${fault.byMs}`;
  return fault.kind === "fail" ? `fail ${fault.share}` : fault.kind;
}
