/** The results of calls: how each ended, as far as that says something about the instance. */
export const RESULTS = [
  /** Any valid response in time, an error of the service included. */
  "answered",
  /** An invalid response in time: the instance is alive but of no use. */
  "invalid",
  "timeout",
  /** No process subscribes to the address: the instance is dead, not hung. */
  "no-responders",
  /** The instance leaves. It refused the call, or left before it had finished it. */
  "draining",
  /** The instance lacks the operation, and has not begun the call. */
  "rejected",
  /** The instance has no room for the call, and has not begun it. */
  "overloaded",
  /** A response in time, but the caller's own check of it threw or goes on: the instance is alive. No more is known. */
  "unchecked",
  /** The bus was disconnected, the caller cancelled, or the instance got the call with too little time left. */
  "inconclusive",
  /** The call never left the caller. */
  "unsent",
  /** The bus does not permit the call. */
  "denied",
] as const;
/** One of `RESULTS`. docs/observing.md has the meaning of each. */
export type Result = (typeof RESULTS)[number];
