// The steps of a Market after it has compared the server's account token with its own. A server with an older token
// admits revoked members again. Only the owner's folder can send the server the newer token. The Market that started
// the server can end it. Every other Market can send the token to that Market.

/** The server's token, compared with ours. */
export type Comparison =
  /** Both are equal, also after this Market has taken the server's newer one. */
  | "agrees"
  /** For an owner's Market also: not known to be equal, as it can get the token in force from the server. */
  | "older"
  /** The server did not answer. */
  | "silent";

/** Consecutive checks that did not find the tokens equal. */
export interface CheckHistory {
  readonly unsettledChecks: number;
  readonly olderChecks: number;
}

export interface Means {
  /** This Market's folder owns the org. */
  readonly isOwner: boolean;
  /** This Market started the server. */
  readonly runsServer: boolean;
}

export type Step =
  /** Send the server the newer token. */
  | "correct"
  /** Send the newer token to the other Markets. */
  | "share"
  /** End the server, so that the next one starts with the newer token. */
  | "end server";

export interface Decision {
  readonly history: CheckHistory;
  readonly steps: readonly Step[];
  readonly nextCheckMs: number;
}

export const NO_CHECKS: CheckHistory = { unsettledChecks: 0, olderChecks: 0 };

/** The server publishes a change once, and the message may be lost. */
const CHECK_INTERVAL_MS = 15_000;
/** The first interval, doubled at each check. The owner's Market corrects a server within it on an idle machine. */
const FIRST_CHECK_AGAIN_MS = 500;
/** At the first check an owner may be about to send the newer token: dwc sends it to members before the server. */
const OLDER_CHECKS_BEFORE_OTHERS_ACT = 2;

export function decideSteps(before: CheckHistory, compared: Comparison, means: Means): Decision {
  if (compared === "agrees") return { history: NO_CHECKS, steps: [], nextCheckMs: CHECK_INTERVAL_MS };
  const isOlder = compared === "older";
  const history = {
    unsettledChecks: before.unsettledChecks + 1,
    olderChecks: isOlder ? before.olderChecks + 1 : before.olderChecks,
  };
  const nextCheckMs = Math.min(FIRST_CHECK_AGAIN_MS * 2 ** before.unsettledChecks, CHECK_INTERVAL_MS);
  return { history, steps: isOlder ? stepsAt(history.olderChecks, means) : [], nextCheckMs };
}

function stepsAt(olderChecks: number, { isOwner, runsServer }: Means): readonly Step[] {
  const own: readonly Step[] = isOwner ? ["correct"] : [];
  if (olderChecks < OLDER_CHECKS_BEFORE_OTHERS_ACT) return own;
  return [...own, "share", ...(runsServer ? (["end server"] as const) : [])];
}
