// What an instance does with the requests that piled up while it did not run: those that nobody waits for any more are
// dropped unread. Clocks of two hosts differ, so a deadline alone is no reason: a wrong clock would drop live requests
// for ever. Only what came through a stall that this process measured itself is looked at, and a deadline that missed
// by more than that stall cannot be right: the request was alive when it was sent, and it waited no longer than that.

/** `clearing`: a stall is just over and what waited through it is still coming in. */
export type Backlog = { readonly kind: "none" } | Clearing;

interface Clearing {
  readonly kind: "clearing";
  readonly stalledMs: number;
  readonly dropped: number;
  /** Flushes whose answers are still awaited, one for each stall. */
  readonly flushes: number;
}

export const NO_BACKLOG: Backlog = { kind: "none" };

/** A stall has been measured, and a flush sent. A second one before the first backlog is cleared waits through both. */
export function afterStall(backlog: Backlog, stalledMs: number): Backlog {
  if (backlog.kind === "none") return { kind: "clearing", stalledMs, dropped: 0, flushes: 1 };
  return { ...backlog, stalledMs: backlog.stalledMs + stalledMs, flushes: backlog.flushes + 1 };
}

/** A flush has been answered: what waited through its stall has come in. A later stall's may still be on its way. */
export function afterFlush(backlog: Backlog): Backlog {
  if (backlog.kind === "none" || backlog.flushes <= 1) return NO_BACKLOG;
  return { ...backlog, flushes: backlog.flushes - 1 };
}

/**
 * Whether a request that was just read is worth handling.
 * @param deadline epoch ms by the caller's clock
 * @param wallMs epoch ms by ours
 */
export function isExpired(backlog: Backlog, deadline: number | undefined, wallMs: number): boolean {
  if (backlog.kind === "none" || deadline === undefined) return false;
  const lateMs = wallMs - deadline;
  return lateMs > 0 && lateMs <= backlog.stalledMs;
}

export function afterDrop(backlog: Backlog): Backlog {
  return backlog.kind === "none" ? backlog : { ...backlog, dropped: backlog.dropped + 1 };
}
