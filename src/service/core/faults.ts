// The active faults of an instance (CHAOS=1) as a value, and their effect on a request. Every fault has an end. After its
// end it has no effect, however late the timer is that removes it.
//
// `now` and `until` are ms of real time. Running time stands still in a pause, and the fault would last longer by that.

/** A fault with a duration. A kill has none, so it is a command and no fault. */
export type Fault =
  /** The process is stopped, as by `kill -STOP`. */
  | { readonly kind: "pause" }
  /** Every answer is delayed by `byMs`. */
  | { readonly kind: "slow"; readonly byMs: number }
  /** This share of the answers, from 0 to 1, are errors. */
  | { readonly kind: "fail"; readonly share: number }
  /** No heartbeats. Requests are answered normally. */
  | { readonly kind: "mute" };

export type FaultKind = Fault["kind"];
export const FAULT_KINDS = ["pause", "slow", "fail", "mute"] as const satisfies readonly FaultKind[];

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
