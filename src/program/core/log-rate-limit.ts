// A rate limit for log lines. Any client of the bus can send heartbeats, and some of them are logged: without a limit a
// flood of heartbeats would become a flood of lines. In each window of time a number of lines of each kind is logged. The
// rest are counted, and their number is logged.

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
