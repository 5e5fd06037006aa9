// The same trouble a thousand times a second is still one sentence a minute.

/** Long enough to keep a terminal readable, short enough to show that it goes on. */
const MIN_INTERVAL_MS = 60_000;
/** Kinds are few and known; should one ever hold something from the wire, the memory stays bounded all the same. */
const MAX_KEYS = 100;

export type Report = (sentence: string) => void;

/** Passes a sentence on unless one of the same kind went out within the last minute. */
export class ThrottledReporter {
  readonly #report: Report;
  readonly #saidAtMs = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  report(kind: string, sentence: string, nowMs: number): void {
    const saidAtMs = this.#saidAtMs.get(kind);
    if (saidAtMs !== undefined && nowMs - saidAtMs < MIN_INTERVAL_MS) return;
    if (saidAtMs === undefined && this.#saidAtMs.size >= MAX_KEYS) this.#saidAtMs.clear();
    this.#saidAtMs.set(kind, nowMs);
    this.#report(sentence);
  }
}
