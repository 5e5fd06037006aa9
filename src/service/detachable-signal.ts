// The caller's signal behind one of our own: the bus, and whatever else ends a call, hears only ours. A signal whose
// listeners throw, that fires twice or late, or is none at all, then reaches no ticket.

export interface DetachableSignal {
  readonly signal: AbortSignal;
  /** The call is over: the caller's signal changes nothing any more. */
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
