// Logs the errors of handlers: a user who listens to nothing sees them all the same.

import type { Clock } from "../clock.ts";
import { textOf } from "../service/guard.ts";
import type { InstanceEvent } from "../service/instance-options.ts";
import { LogRateLimiter } from "../util/throttle.ts";
import type { SafeLogger } from "./logger.ts";

export class ErrorLog {
  readonly #log: SafeLogger;
  readonly #clock: Clock;
  /** Callers decide how often a handler fails. A line for each of ten thousand failures a second would take its time. */
  readonly #limiter = new LogRateLimiter();

  constructor(log: SafeLogger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param who for the message: "instance 1 of orders" */
  onEvent(who: string, event: InstanceEvent): void {
    if (event.kind === "failed") this.#failed(who, event);
    if (event.kind === "handler-overdue")
      this.#log.warn(
        `${who}: the handler of ${event.operation} has not ended after ${event.ranMs} ms, and its caller has given up`,
      );
    if (event.kind === "waiting")
      this.#log.warn(`${who} waits for the bus: ${event.trouble?.message ?? "not connected yet"}`);
  }

  #failed(who: string, { operation, error }: Extract<InstanceEvent, { readonly kind: "failed" }>): void {
    const now = this.#clock.now();
    for (const { count } of this.#limiter.suppressed(now))
      this.#log.warn(`${who}: ${count} more errors were not logged`);
    if (this.#limiter.admit("failed", now))
      this.#log.error(`${who}: the handler of ${operation} failed, and its caller got a 500: ${textOf(error)}`, error);
  }
}
