// Reports to the operator. Each kind of problem is logged at most once a minute, however often it occurs.

/** Long enough to keep a terminal readable, short enough to show that the problem persists. */
const MIN_INTERVAL_MS = 60_000;
/** Keys are few and known. Should one ever contain something from the wire, memory stays bounded all the same. */
const MAX_KEYS = 100;

export type Report = (message: string) => void;

export class ThrottledReporter {
  readonly #report: Report;
  readonly #reportedAtMs = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Passes the message on, unless one with the same key was passed on within the last minute. */
  report(key: string, message: string, nowMs: number): void {
    const reportedAtMs = this.#reportedAtMs.get(key);
    if (reportedAtMs !== undefined && nowMs - reportedAtMs < MIN_INTERVAL_MS) return;
    if (reportedAtMs === undefined && this.#reportedAtMs.size >= MAX_KEYS) this.#reportedAtMs.clear();
    this.#reportedAtMs.set(key, nowMs);
    this.#report(message);
  }
}

/**
 * A user's `report`, which may throw or reject, as one that never does. A message that it fails to take goes to stderr.
 */
export function safely(report: (message: string) => unknown): Report {
  return (message) => {
    const toStderr = (): void => console.error(message);
    try {
      const returned = report(message);
      if (returned instanceof Promise) returned.catch(toStderr);
    } catch {
      toStderr();
    }
  };
}
