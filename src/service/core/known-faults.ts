// What callers have heard of the faults that instances say are on in them. A heartbeat says it every time; what is told
// is what has changed. It decides nothing: whether somebody is asked, only its answers and beats do.

import type { FaultStatus } from "./fault-status.ts";
import { type ActiveFault, type Faults, NO_FAULTS } from "./faults.ts";

/** Two beats say the same end a few ms apart, on a busy machine more; further apart than this it is another end. */
const SAME_END_TOLERANCE_MS = 500;

export class KnownFaults {
  readonly #known = new Map<string, Faults>();
  readonly #maxIncarnations: number;

  /** @param maxIncarnations so many incarnations are remembered: whoever can beat can beat in any number of names */
  constructor(maxIncarnations: number) {
    this.#maxIncarnations = maxIncarnations;
  }

  /** @returns what is on now, if that is another thing than before; undefined: nothing new */
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
