// How long to wait before the next attempt to connect.

import type { ConnectFailure } from "../connect-failure.ts";

/** Between two attempts, give or take half: a restarted server is found in under half a second, by each at another time. */
export const REDIAL_AFTER_MS = 250;
/** So many failures in a row are what a restart takes: ten seconds where nothing answers. */
const QUICK_FAILURES = 40;
/** After those, each time twice as long, up to this: a server that comes back after an hour is found within two seconds. */
const ABSENT_REDIAL_AT_MOST_MS = 1_000;
/** Where something answers, and not as it should, each attempt costs both sides: a person, or a proxy, has to change it. */
const QUICK_ODD_FAILURES = 4;
const ODD_REDIAL_AT_MOST_MS = 2_000;
/** A server that refuses us logs a line each time, and only a person changes its mind: each time twice as long... */
const REFUSED_REDIAL_AFTER_MS = 2_000;
/** ...up to this: a program that is admitted again connects within half a minute. */
const REFUSED_REDIAL_AT_MOST_MS = 30_000;

/** Whether nothing is there: the bus, or the machine of that name, is not started yet. */
export const isAbsence = ({ kind }: Pick<ConnectFailure, "kind">): boolean =>
  kind === "unreachable" || kind === "unresolved";

/** Attempts in a row that failed. */
export interface Failures {
  readonly refusals: number;
  readonly others: number;
}

export const NO_FAILURES: Failures = { refusals: 0, others: 0 };

/** `well`: a connection ended that was one for a while. `refusal`: only a person changes it. */
export type HowItEnded = "well" | "refusal" | "failure";

export function afterAttempt({ refusals, others }: Failures, ended: HowItEnded): Failures {
  if (ended === "well") return NO_FAILURES;
  return ended === "refusal" ? { refusals: refusals + 1, others } : { refusals: 0, others: others + 1 };
}

export function redialAfterMs({ refusals, others }: Failures, { kind }: Pick<ConnectFailure, "kind">): number {
  if (refusals > 0) return doubled(REFUSED_REDIAL_AFTER_MS, refusals - 1, REFUSED_REDIAL_AT_MOST_MS);
  if (isAbsence({ kind }) || kind === "lost")
    return doubled(REDIAL_AFTER_MS, others - QUICK_FAILURES, ABSENT_REDIAL_AT_MOST_MS);
  return doubled(REDIAL_AFTER_MS, others - QUICK_ODD_FAILURES, ODD_REDIAL_AT_MOST_MS);
}

const doubled = (ms: number, times: number, atMostMs: number): number =>
  Math.min(ms * 2 ** Math.max(0, times), atMostMs);
