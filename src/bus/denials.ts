// The subscriptions of one connection that the server has denied. The server reports a denial once, but it lasts until
// the next login. Each is therefore logged again every minute, for an operator who looks later.

import type { Cancel, Clock } from "../clock.ts";
import { REPORT_INTERVAL_MS } from "../util/throttle.ts";

export class StandingDenials {
  readonly #clock: Pick<Clock, "every">;
  readonly #report: (subject: string, message: string) => void;
  readonly #messages = new Map<string, string>();
  #stopReporting: Cancel | undefined;

  constructor(clock: Pick<Clock, "every">, report: (subject: string, message: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Reports the denial now, and again each minute. */
  add(subject: string, message: string): void {
    this.#messages.set(subject, message);
    this.#report(subject, message);
    this.#stopReporting ??= this.#clock.every(REPORT_INTERVAL_MS, () => {
      for (const [denied, message] of this.#messages) this.#report(denied, message);
    });
  }

  /** The connection has ended, and its denials with it. */
  clear(): void {
    this.#messages.clear();
    this.#stopReporting?.();
    this.#stopReporting = undefined;
  }
}
