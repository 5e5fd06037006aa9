// The requests of one operation in the last minute, for the statistics of an instance: one reply has a rate, which
// counters since the start do not have.

import { LastMinute } from "../../util/last-minute.ts";
import { isCallersFault } from "./error-codes.ts";

export interface RecentStats {
  readonly requests: number;
  readonly errors: number;
  /** Those of the errors that are the fault of the caller: 400 to 499. */
  readonly callerErrors: number;
  /** The last of the other errors. Empty: there was none. */
  readonly lastError: string;
}

export interface EndedWithError {
  readonly code: number;
  /** The error as a header can have it: `500:no luck`. */
  readonly text: string;
}

export class RecentRequests {
  readonly #requests = new LastMinute();
  readonly #errors = new LastMinute();
  readonly #callerErrors = new LastMinute();
  #lastError = "";

  /** @param error undefined: it was answered */
  add(error: EndedWithError | undefined, now: number): void {
    this.#requests.add(now);
    if (error === undefined) return;
    this.#errors.add(now);
    if (isCallersFault(error.code)) this.#callerErrors.add(now);
    else this.#lastError = error.text;
  }

  read(now: number): RecentStats {
    const [errors, callerErrors] = [this.#errors.sum(now), this.#callerErrors.sum(now)];
    const lastError = errors > callerErrors ? this.#lastError : "";
    return { requests: this.#requests.sum(now), errors, callerErrors, lastError };
  }
}
