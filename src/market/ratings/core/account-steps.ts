// The steps of a Market after it has compared the server's account token with its own. A server with an older token
// admits revoked members again. Only the owner's folder can send the server the newer token. The Market that started
// the server can end it. Every other Market can send the token to that Market.

/** The server's token, compared with ours. */
export type Look =
  /** Both are equal, also after this Market has taken the server's newer one. */
  | "agrees"
  /** For an owner's Market also: not known to be equal, as it can get the token in force from the server. */
  | "older"
  /** The server did not answer. */
  | "silent";

/** Consecutive checks that did not find the tokens equal. */
export interface Standing {
  readonly unsettledLooks: number;
  readonly olderLooks: number;
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

export interface Decided {
  readonly standing: Standing;
  readonly steps: readonly Step[];
  readonly lookAgainMs: number;
}

export const SETTLED: Standing = { unsettledLooks: 0, olderLooks: 0 };

/** The server publishes a change once, and the message may be lost. */
const LOOK_MS = 15_000;
/** The first interval, doubled at each check. The owner's Market corrects a server within it on an idle machine. */
const LOOK_AGAIN_MS = 500;
/** At the first check an owner may be about to send the newer token: dwc sends it to members before the server. */
const OLDER_LOOKS_BEFORE_OTHERS_ACT = 2;

export function decideSteps({ unsettledLooks, olderLooks }: Standing, look: Look, means: Means): Decided {
  if (look === "agrees") return { standing: SETTLED, steps: [], lookAgainMs: LOOK_MS };
  const standing = { unsettledLooks: unsettledLooks + 1, olderLooks: look === "older" ? olderLooks + 1 : olderLooks };
  const lookAgainMs = Math.min(LOOK_AGAIN_MS * 2 ** unsettledLooks, LOOK_MS);
  return { standing, steps: look === "older" ? stepsAt(standing.olderLooks, means) : [], lookAgainMs };
}

function stepsAt(olderLooks: number, { isOwner, runsServer }: Means): readonly Step[] {
  const own: readonly Step[] = isOwner ? ["correct"] : [];
  if (olderLooks < OLDER_LOOKS_BEFORE_OTHERS_ACT) return own;
  return [...own, "share", ...(runsServer ? (["end server"] as const) : [])];
}
