// Limits on what is logged. Any client of the bus can cause a log line, so that without a limit a flood of messages would
// become a flood of lines. `ThrottledReporter` passes on each kind of problem at most once a minute. `LogRateLimiter` passes
// on a number of lines of each kind in each window of time, and counts the rest.

/** Long enough to keep a terminal readable, short enough to show that the problem persists. */
export const REPORT_INTERVAL_MS = 60_000;
/** Keys are few and known. Should one ever contain something from the wire, memory stays bounded all the same. */
const MAX_KEYS = 100;

/** Receives a sentence for people. */
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
    if (reportedAtMs !== undefined && nowMs - reportedAtMs < REPORT_INTERVAL_MS) return;
    if (reportedAtMs === undefined && this.#reportedAtMs.size >= MAX_KEYS) this.#reportedAtMs.clear();
    this.#reportedAtMs.set(key, nowMs);
    this.#report(message);
  }
}

export interface LimitOptions {
  readonly maxPerWindow: number;
  readonly windowMs: number;
}

/** Twenty instances may join at once and each be named; a second later the next twenty. */
export const DEFAULT_LIMIT: LimitOptions = { maxPerWindow: 20, windowMs: 1000 };

interface Window {
  startedAt: number;
  admitted: number;
  suppressed: number;
}

export class LogRateLimiter {
  readonly #options: LimitOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: LimitOptions = DEFAULT_LIMIT) {
    this.#options = options;
  }

  /** Whether a line of that kind may be logged now. If not, it is counted. */
  admit(kind: string, now: number): boolean {
    const window = this.#windowOf(kind, now);
    if (window.admitted >= this.#options.maxPerWindow) {
      window.suppressed += 1;
      return false;
    }
    window.admitted += 1;
    return true;
  }

  /** The kinds with suppressed lines in windows that are over, and their number. Each is returned once. */
  suppressed(now: number): readonly { readonly kind: string; readonly count: number }[] {
    const over: { kind: string; count: number }[] = [];
    for (const [kind, window] of this.#windows) {
      if (now - window.startedAt < this.#options.windowMs) continue;
      if (window.suppressed > 0) over.push({ kind, count: window.suppressed });
      this.#windows.delete(kind);
    }
    return over;
  }

  #windowOf(kind: string, now: number): Window {
    const known = this.#windows.get(kind);
    if (known !== undefined && (now - known.startedAt < this.#options.windowMs || known.suppressed > 0)) return known;
    const fresh: Window = { startedAt: now, admitted: 0, suppressed: 0 };
    this.#windows.set(kind, fresh);
    return fresh;
  }
}
