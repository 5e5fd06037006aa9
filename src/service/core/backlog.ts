// The requests that piled up while the instance did not run. Requests whose caller has given up are dropped.
//
// Clocks of two hosts differ, so a deadline alone is no reason to drop: with a wrong clock the instance would drop live
// requests for ever. A request is dropped only after a stall that this process measured itself. A deadline that lies
// further back than the stall is wrong: the request was alive when it was sent, and it waited no longer than the stall.

/** `clearing`: a stall is over, and the messages that waited through it are still arriving. */
export type Backlog = { readonly kind: "none" } | Clearing;

interface Clearing {
  readonly kind: "clearing";
  readonly stalledMs: number;
  readonly dropped: number;
  /** Flushes without a reply yet, one for each stall. */
  readonly flushes: number;
}

export const NO_BACKLOG: Backlog = { kind: "none" };

/** A stall was measured, and a flush sent. Before the first backlog is cleared, a request may wait through two stalls. */
export function afterStall(backlog: Backlog, stalledMs: number): Backlog {
  if (backlog.kind === "none") return { kind: "clearing", stalledMs, dropped: 0, flushes: 1 };
  return { ...backlog, stalledMs: backlog.stalledMs + stalledMs, flushes: backlog.flushes + 1 };
}

/** A flush was answered: the messages of its stall have arrived. Those of a later stall may still be on their way. */
export function afterFlush(backlog: Backlog): Backlog {
  if (backlog.kind === "none" || backlog.flushes <= 1) return NO_BACKLOG;
  return { ...backlog, flushes: backlog.flushes - 1 };
}

/**
 * Whether the caller of a request has given up.
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
