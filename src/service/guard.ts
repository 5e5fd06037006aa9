// Guards user code: listeners, tracers, checks, sources of chance. What it throws is caught and reported, at most once a
// minute for each, so that no call, ticket, timer or process depends on it.

import { safely } from "../bus/bus.ts";
import type { Clock } from "../clock.ts";
import { textOf } from "../util/errors.ts";
import { isThenable } from "../util/promises.ts";
import { type Report, ThrottledReporter } from "../util/throttle.ts";

export { textOf } from "../util/errors.ts";

type Listener<Args extends readonly unknown[]> = (...args: Args) => unknown;

export class Guard {
  readonly #reporter: ThrottledReporter;
  readonly #clock: Clock;
  readonly #owner: string;

  /** @param owner for the report: "the client of ratings" */
  constructor(owner: string, report: Report | undefined, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
    this.#reporter = new ThrottledReporter(safely(report ?? ((sentence) => console.error(sentence))));
  }

  /** @returns a listener that never throws: errors and rejections are reported. @param name as its user knows it */
  listener<Args extends readonly unknown[]>(name: string, listener: Listener<Args> | undefined): Listener<Args> {
    if (listener === undefined) return () => undefined;
    return (...args) => {
      try {
        const returned = listener(...args);
        if (returned !== undefined) this.watch(name, returned);
      } catch (error) {
        this.failed(name, error);
      }
    };
  }

  /** @returns the result of `act`, or `otherwise` when it throws. @param name of the user code in it */
  run<T>(name: string, act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.failed(name, error);
      return otherwise;
    }
  }

  /** @returns a source of chance that never throws. A value that is no number from 0 to under 1 counts as 0.5. */
  random(random: () => number): () => number {
    return () => {
      const drawn: unknown = this.run("random", random, Number.NaN);
      if (typeof drawn === "number" && drawn >= 0 && drawn < 1) return drawn;
      this.watch("random", drawn);
      return FALLBACK_RANDOM;
    };
  }

  failed(name: string, error: unknown): void {
    const sentence = `${name} of ${this.#owner} failed, and everything else goes on: ${textOf(error)}${placeOf(error)}`;
    this.#reporter.report(name, sentence, this.#clock.now());
  }

  /** An asynchronous function may fail later: without this, its rejection would end the process. */
  watch(name: string, returned: unknown): void {
    try {
      if (isThenable(returned)) returned.then(undefined, (error: unknown) => this.failed(name, error));
    } catch (error) {
      this.failed(name, error);
    }
  }
}

const FALLBACK_RANDOM = 0.5;

/** The first line of the stack. */
function placeOf(error: unknown): string {
  try {
    const place = error instanceof Error ? /\n\s*(at .*)/.exec(String(error.stack))?.[1] : undefined;
    return place === undefined ? "" : ` (${place})`;
  } catch {
    return "";
  }
}
