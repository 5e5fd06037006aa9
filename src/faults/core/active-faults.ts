// The active faults of an instance (CHAOS=1) as a value, and their effect on a request. Every fault has an end. After its
// end it has no effect, however late the timer is that removes it.
//
// `now` and `until` are ms of real time. Running time stands still in a pause, and the fault would last longer by that.

import type { Fault, FaultKind, FaultStatus } from "./faults.ts";

/** A fault that is active, and for how long. */
export type ActiveFault = Fault & { readonly until: number };
/** At most one of each kind. */
export type Faults = readonly ActiveFault[];

export const NO_FAULTS: Faults = [];

/** A fault replaces another one of its kind, so that each kind has one end. */
export const withFault = (faults: Faults, fault: Fault, until: number): Faults => [
  ...faults.filter(({ kind }) => kind !== fault.kind),
  { ...fault, until },
];

export const withoutFault = (faults: Faults, ended: FaultKind): Faults => faults.filter(({ kind }) => kind !== ended);

/** Splits the faults into those active at `now` and those that have ended. */
export function expired(faults: Faults, now: number): { readonly faults: Faults; readonly ended: Faults } {
  return { faults: faults.filter(({ until }) => now < until), ended: faults.filter(({ until }) => now >= until) };
}

/** The end of the fault that ends next. Undefined: no fault is active. */
export const nextEnd = (faults: Faults): number | undefined =>
  faults.length === 0 ? undefined : Math.min(...faults.map(({ until }) => until));

export const faultStatuses = (faults: Faults, now: number): readonly FaultStatus[] =>
  faults
    .filter(({ until }) => now < until)
    .map(({ until, ...fault }) => ({ ...fault, endsInMs: Math.ceil(until - now) }));

export const hasFault = (faults: Faults, kind: FaultKind, now: number): boolean =>
  faults.some((fault) => fault.kind === kind && now < fault.until);

/** The effect on one request: the delay of its answer, and whether it is an error. */
export interface FaultEffect {
  readonly delayMs: number;
  readonly fails: boolean;
}

/** @param chance in [0, 1) */
export function effectOf(faults: Faults, now: number, chance: number): FaultEffect {
  const slow = faults.find((fault) => fault.kind === "slow" && now < fault.until);
  const fail = faults.find((fault) => fault.kind === "fail" && now < fault.until);
  return {
    // At most until the end of the fault: a request in its last moment is not delayed for a minute after it.
    delayMs: slow?.kind === "slow" ? Math.min(slow.byMs, slow.until - now) : 0,
    fails: fail?.kind === "fail" && chance < fail.share,
  };
}

/** The same end differs by a few ms between two heartbeats, on a busy machine by more. A larger difference is a new end. */
const SAME_END_TOLERANCE_MS = 500;

/**
 * The last known faults of each incarnation, on the side of a caller. Every heartbeat lists them; an event is emitted only
 * when they change. Faults do not affect which instance is picked: only answers and heartbeats do.
 */
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
