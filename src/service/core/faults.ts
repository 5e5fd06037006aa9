// The faults that an instance was asked for (CHAOS=1), as a value: which are on, until when, and what they mean for a
// request. Every fault has an end, and past it has no effect, however late the timer is that would take it away.
//
// `now` and `until` are in ms of real time: running time stands still in a pause, and a fault would outlive its end by it.

/** What can be on for a while. To be killed is over as soon as it is done, and so is no state. */
export type Fault =
  /** The process stands still, as after `kill -STOP`. */
  | { readonly kind: "pause" }
  /** Every answer comes so much later. */
  | { readonly kind: "slow"; readonly byMs: number }
  /** Of its answers such a share, from 0 to 1, are errors. */
  | { readonly kind: "fail"; readonly share: number }
  /** No heartbeats, and all else as always. */
  | { readonly kind: "mute" };

export type FaultKind = Fault["kind"];
export const FAULT_KINDS = ["pause", "slow", "fail", "mute"] as const satisfies readonly FaultKind[];

export type ActiveFault = Fault & { readonly until: number };
/** One of a kind at most. */
export type Faults = readonly ActiveFault[];

export const NO_FAULTS: Faults = [];

/** A second one of a kind takes the place of the first: the last word counts, and there is one end to wait for. */
export const withFault = (faults: Faults, fault: Fault, until: number): Faults => [
  ...faults.filter(({ kind }) => kind !== fault.kind),
  { ...fault, until },
];

export const withoutFault = (faults: Faults, ended: FaultKind): Faults => faults.filter(({ kind }) => kind !== ended);

/** What is still on at `now`, and what has just ended. */
export function expired(faults: Faults, now: number): { readonly faults: Faults; readonly ended: Faults } {
  return { faults: faults.filter(({ until }) => now < until), ended: faults.filter(({ until }) => now >= until) };
}

/** When the next of them ends; undefined: none is on. */
export const nextEnd = (faults: Faults): number | undefined =>
  faults.length === 0 ? undefined : Math.min(...faults.map(({ until }) => until));

export const hasFault = (faults: Faults, kind: FaultKind, now: number): boolean =>
  faults.some((fault) => fault.kind === kind && now < fault.until);

/** What a request meets: how long its answer is held back, and whether it is an error. */
export interface FaultEffect {
  readonly delayMs: number;
  readonly fails: boolean;
}

/** @param chance in [0, 1) */
export function effectOf(faults: Faults, now: number, chance: number): FaultEffect {
  const slow = faults.find((fault) => fault.kind === "slow" && now < fault.until);
  const fail = faults.find((fault) => fault.kind === "fail" && now < fault.until);
  return {
    // Until its own end at most: what is asked in the last moment of a fault is not slow for a minute after it.
    delayMs: slow?.kind === "slow" ? Math.min(slow.byMs, slow.until - now) : 0,
    fails: fail?.kind === "fail" && chance < fail.share,
  };
}
