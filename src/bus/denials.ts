// The subscriptions of one connection that the server denied. It says so once, and goes on denying them until the next
// login: so what is denied is reported again each minute, for a reader who comes later.

import type { Cancel, Clock } from "../clock.ts";

/** As for every other trouble of the bus: once a minute. */
const REPORT_AGAIN_MS = 60_000;

export class StandingDenials {
  readonly #clock: Pick<Clock, "every">;
  readonly #report: (subject: string, sentence: string) => void;
  readonly #sentences = new Map<string, string>();
  #stopReporting: Cancel | undefined;

  constructor(clock: Pick<Clock, "every">, report: (subject: string, sentence: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Reports it now, and again each minute. */
  add(subject: string, sentence: string): void {
    this.#sentences.set(subject, sentence);
    this.#report(subject, sentence);
    this.#stopReporting ??= this.#clock.every(REPORT_AGAIN_MS, () => {
      for (const [denied, words] of this.#sentences) this.#report(denied, words);
    });
  }

  /** The connection is over, and what it was denied with it. */
  clear(): void {
    this.#sentences.clear();
    this.#stopReporting?.();
    this.#stopReporting = undefined;
  }
}
