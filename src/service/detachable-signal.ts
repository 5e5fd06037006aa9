// An AbortSignal of our own that follows the caller's until it is released. The bus listens only to ours. A caller's
// signal that throws, fires twice or late, or is no signal at all, then affects no ticket.

export interface DetachableSignal {
  readonly signal: AbortSignal;
  /** The call is over. From now on the caller's signal has no effect. */
  release(): void;
}

/** @throws what the caller's signal throws */
export function detachableSignal(given: AbortSignal): DetachableSignal {
  const own = new AbortController();
  let isOver = false;
  const giveUp = (): void => {
    if (!isOver) own.abort();
  };
  if (given.aborted) own.abort();
  else given.addEventListener("abort", giveUp);
  const release = (): void => {
    if (isOver) return;
    isOver = true;
    given.removeEventListener("abort", giveUp);
  };
  return { signal: own.signal, release };
}
