// The time until the next attempt to connect.

import type { ConnectFailure } from "../connect-failure.ts";

/**
 * Between two attempts, give or take half. A restarted server is found within half a second, not by all clients at
 * once.
 */
export const REDIAL_AFTER_MS = 250;
/** Failures in a row before the delay grows: ten seconds where nothing answers, enough for a restart. */
const QUICK_FAILURES = 40;
/** Then the delay doubles up to this. A server that comes back after an hour is found within two seconds. */
const MAX_ABSENT_REDIAL_MS = 1_000;
/** Where something answers wrongly, each attempt costs both sides, and the operator or a proxy has to change it. */
const QUICK_ODD_FAILURES = 4;
const MAX_ODD_REDIAL_MS = 2_000;
/** A server logs each login that it refuses, and only the operator can change that. The delay doubles from this... */
const REFUSED_REDIAL_AFTER_MS = 2_000;
/** ...up to this. A program that is admitted again connects within half a minute. */
const MAX_REFUSED_REDIAL_MS = 30_000;

/** Whether nothing answers: the bus, or the machine of that name, is not started yet. */
export const isAbsence = ({ kind }: Pick<ConnectFailure, "kind">): boolean =>
  kind === "unreachable" || kind === "unresolved";

/** Failed attempts in a row. */
export interface Failures {
  readonly refusals: number;
  readonly others: number;
}

export const NO_FAILURES: Failures = { refusals: 0, others: 0 };

/** `well`: a connection ended after it was stable. `refusal`: only the operator can change it. */
export type HowItEnded = "well" | "refusal" | "failure";

export function afterAttempt({ refusals, others }: Failures, ended: HowItEnded): Failures {
  if (ended === "well") return NO_FAILURES;
  return ended === "refusal" ? { refusals: refusals + 1, others } : { refusals: 0, others: others + 1 };
}

export function redialAfterMs({ refusals, others }: Failures, { kind }: Pick<ConnectFailure, "kind">): number {
  if (refusals > 0) return doubled(REFUSED_REDIAL_AFTER_MS, refusals - 1, MAX_REFUSED_REDIAL_MS);
  if (isAbsence({ kind }) || kind === "lost")
    return doubled(REDIAL_AFTER_MS, others - QUICK_FAILURES, MAX_ABSENT_REDIAL_MS);
  return doubled(REDIAL_AFTER_MS, others - QUICK_ODD_FAILURES, MAX_ODD_REDIAL_MS);
}

const doubled = (ms: number, times: number, maxMs: number): number => Math.min(ms * 2 ** Math.max(0, times), maxMs);
